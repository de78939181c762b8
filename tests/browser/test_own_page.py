"""One's own page: see, change, take along, withdraw, erase. Stopping the news is another page."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.steps import (
    confirm,
    expect_number,
    first,
    forget_mail_pauses,
    mailed,
    own_page,
    own_page_by_mail,
    people,
    rows,
    sign_and_confirm,
    sign_button,
    watch,
)
from tests.support.browser import wait_for_modules

BUTTON = "main form[method=post][action$='/{act}'] button"


@pytest.mark.journey
@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "without"])
def test_who_withdraws_is_no_longer_counted_and_may_sign_again(visitor, site, javascript):
    page = visitor.page(lang="en", javascript=javascript)
    email = sign_and_confirm(page, site)
    onlooker = visitor.page(lang="en")
    counted = watch(onlooker, site)

    own_page_by_mail(page, site, email)
    page.locator("main a[href$='/withdraw']").click()
    assert people(site) == counted, "opening the page withdrew"
    page.locator(BUTTON.format(act="withdraw")).click(no_wait_after=True)
    expect_number(onlooker, counted - 1)

    site.wait_for_mail(email, count=3)  # that it is withdrawn
    forget_mail_pauses(site)
    page.locator("summary", has_text="Sign again").click()
    for box in ("age_ok", "consent_privacy"):  # name, address and country are filled in
        page.locator(f"#{box}").check()
    sign_button(page).click()
    expect(page).to_have_url(re.compile("/check"))
    confirm(page, mailed(site, email, count=4))
    assert people(site) == counted


def test_who_erases_is_gone_and_the_link_leads_to_the_unknown_page(visitor, site):
    page = visitor.page(lang="en")
    sign_and_confirm(page, site)
    onlooker = visitor.page(lang="en")
    counted = watch(onlooker, site)
    own_page(page)
    link = page.url
    page.locator("main a[href$='/erase']").click()
    before = rows(site, "signatures")
    page.locator(BUTTON.format(act="erase")).click(no_wait_after=True)
    expect_number(onlooker, counted - 1)
    assert rows(site, "signatures") == before - 1

    answer = page.goto(link)
    assert answer.status == 410
    expect(page.locator("main #email")).to_be_visible()


def test_the_choices_are_saved_and_shown(visitor, site):
    page = visitor.page(lang="ko")
    sign_and_confirm(page, site, "ko")
    own_page(page)
    page.locator("#name").fill("李明")
    page.locator("#public_name").check()
    page.locator("#region").select_option("KR-26")
    page.locator("form[action$='/consents'] button").click()
    expect(page.locator(".notice[role=status]")).to_be_focused()
    expect(page.locator("main .facts")).to_contain_text("李明")
    expect(page.locator("main .facts")).to_contain_text("부산광역시")
    expect(page.locator("#public_name")).to_be_checked()

    page.locator("#name").fill("")
    page.locator("form[action$='/consents'] button").click()
    expect(page.locator("#error-summary")).to_be_focused()


def test_a_province_is_asked_of_those_who_live_in_korea(visitor, site):
    page = visitor.page(lang="en")
    sign_and_confirm(page, site)
    own_page(page)
    expect(page.locator("#region")).to_be_visible()
    wait_for_modules(page)
    page.locator("#country").select_option("JP")
    expect(page.locator("#region")).to_be_hidden()


def test_without_javascript_too_reading_goes_on_at_what_was_done(visitor, site):
    page = visitor.page(lang="en", javascript=False)
    own_page_by_mail(page, site, sign_and_confirm(page, site))
    page.locator("form[action$='/consents'] button").click()
    expect(page.locator("#done")).to_be_focused()


def test_stopping_the_news_is_another_page_and_leaves_the_signature(visitor, site):
    page = visitor.page(lang="en")
    sign_and_confirm(page, site, updates=True)
    counted = people(site)
    own_page(page)
    page.locator("main a[href*='/unsubscribe/']").click()
    heading = page.locator("h1").inner_text()
    page.locator("main form[action*='/unsubscribe/'] button").click()
    expect(page.locator("[role=status] h1")).to_be_visible()
    assert page.locator("h1").inner_text() != heading
    assert people(site) == counted


def test_the_download_holds_what_is_stored_as_json(visitor, site):
    page = visitor.page(lang="en")
    email = sign_and_confirm(page, site)
    own_page(page)
    with page.expect_download() as waiting:
        page.locator("main a[href$='/download']").click()
    found = json.loads(Path(waiting.value.path()).read_text())
    assert waiting.value.suggested_filename.endswith(".json")
    assert found["email"] == email
    assert found["name"] == "홍길동"
    assert found["state"] == "confirmed"


def test_the_link_to_ones_own_page_comes_by_mail(visitor, site):
    page = visitor.page(lang="en")
    email = sign_and_confirm(page, site)
    page.locator("main form[action$='/no-mail'] button").click()
    expect(page.locator(".notice[role=status]")).to_contain_text("no e-mail")
    page.goto(mailed(site, email).link)
    page.locator("main form[action$='/my-link'] button").click()
    expect(page.locator(".notice[role=status]")).to_contain_text("Request received")
    newest = site.wait_for_mail(email, count=2)
    visitor.page(lang="en").goto(first(r"https?://\S+/me/\S+", newest["text"]))
    page.goto("/en/me")
    page.locator("#email").fill(email)
    page.locator("main form button").click()
    expect(page).to_have_url(re.compile("/en/me/sent$"))


def test_a_stranger_who_asks_for_a_link_sees_the_same_page_and_gets_no_mail(visitor, site):
    page = visitor.page(lang="en")
    page.goto("/en/me")
    page.locator("#email").fill("stranger@example.org")
    page.locator("main form button").click()
    expect(page).to_have_url(re.compile("/en/me/sent$"))
    assert not site.mails("stranger@example.org")
