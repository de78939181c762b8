"""Paper signatures in Chromium: entered with a scan by one editor, counted again by another, and shown apart to everybody."""

import secrets

import pytest
from playwright.sync_api import expect

from pledge.statistics import referrals
from tests.browser.steps import press, reload_until, staff_page
from tests.support import factories
from tests.support.pictures import PDF

TEXTS = {
    "place_ko": "기후 토크, 부산",
    "place_en": "Climate Talk, Busan",
    "collected_on": "2026-11-20",
    "sheets": "14",
    "signatures": "1287",
}


@pytest.fixture
def campaign(site):
    """A campaign of this test alone, and the address of its partner's page."""
    with site.inside():
        of = factories.campaign(f"paper-{secrets.token_hex(4)}")
        token = referrals.partner_token(of.id, f"p{of.partners[1].id}")
        return of.slug, f"/c/{of.slug}/spread/{token}"


def test_a_batch_is_entered_by_one_counted_again_by_another_and_shown_apart_to_everybody(
    visitor, site, campaign
):
    slug, partner_page = campaign
    first, second = (staff_page(visitor, site, "editor", "ko") for _ in range(2))
    first.goto(f"/staff/paper/{slug}")
    first.locator("main a[href$='/paper/new']").click()
    press(first, "main form button[type=submit]")
    for field, text in TEXTS.items():
        first.locator(f"#{field}").fill(text)
    sheets = {"name": "sheets.pdf", "mimeType": "application/pdf", "buffer": PDF}
    first.locator("#scan").set_input_files(sheets)
    press(first, "main form button[type=submit]")
    expect(first.locator("form[action$='/check']")).to_have_count(0)

    second.goto(first.url)
    expect(second.get_by_text("1,287")).to_have_count(0)
    second.locator("#checked").fill("1287")
    press(second, "form[action$='/check'] button")

    public = visitor.page(lang="ko")
    public.goto(f"/ko/c/{slug}/progress")
    reload_until(public, public.locator("#paper"))
    expect(public.locator(".standing")).to_contain_text("1,287")
    public.goto(f"/ko{partner_page}")
    expect(public.locator("#own-title")).to_be_visible()
