"""News from the first word to the mail: one editor writes and proposes it, another approves it, who asked for it gets it."""

import re
import secrets
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from pledge.core.db import transaction
from pledge.news.models import NewsItem
from tests.browser.steps import first, new_address, press, staff_page
from tests.support import factories

TEXTS = {
    "title_ko": "맑은 하늘에 한 걸음 더",
    "title_en": "One step closer",
    "body_ko": "**고맙습니다.**",
    "body_en": "**Thank you.**",
}


@pytest.fixture
def campaign(site):
    """A campaign of this test alone; its slug, and the address of a signer who asked for news."""
    email = new_address()
    with site.inside():
        of = factories.campaign(f"news-{secrets.token_hex(4)}")
        factories.signature(of, updates=True, lang="en", email=email)
        factories.signature(of, updates=False, lang="en")
        factories.fold_all()
        return of.slug, email


@pytest.mark.journey
def test_news_is_written_by_one_approved_by_another_and_mailed_to_who_asked_for_it(visitor, site, campaign):
    slug, email = campaign
    writer, approver = (staff_page(visitor, site, "editor", "ko") for _ in range(2))

    writer.goto(f"/staff/campaigns/{slug}/news")
    writer.locator("main a[href$='/news/new']").click()
    press(writer, "main form button[type=submit]")
    for field, text in TEXTS.items():
        writer.locator(f"#{field}").fill(text)
    press(writer, "main form button[type=submit]")
    item = writer.url
    press(writer, "form[action$='/propose'] button")
    expect(writer.locator("form[action$='/approve']")).to_have_count(0)

    approver.goto(item)
    expect(approver.locator("main strong", has_text="Thank you.")).to_be_visible()
    press(approver, "form[action$='/approve'] button")
    with site.inside(), transaction() as session:  # the pause in which what was under way settles
        session.get_one(NewsItem, int(item.rpartition("/")[2])).begun_at -= timedelta(minutes=1)
    mail = site.wait_for_mail(email)
    approver.reload()

    assert "One step closer" in mail["subject"]
    reader = visitor.page(lang="en")
    reader.goto(first(rf"https?://\S+/en/c/{slug}/news/\d+", mail["text"]))
    expect(reader.locator("h1")).to_have_text("One step closer")
    reader.goto(first(r"https?://\S+/en/unsubscribe/\S+", mail["text"]))
    press(reader, "main form button")
    approver.goto(f"/staff/campaigns/{slug}/news")
    expect(approver.locator("main .lead")).to_contain_text(re.compile(r"\b0"))
    assert len(site.mails(email)) == 1
