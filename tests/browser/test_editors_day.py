"""An editor's day, each line a press: a text is corrected, and a second campaign is opened."""

import secrets

import pytest
from playwright.sync_api import expect

from tests.browser.steps import press, staff_page
from tests.support import factories
from tests.support.browser import wait_for_modules


def press_in_main(page, selector):
    wait_for_modules(page)
    press(page, page.locator(f"main {selector}").first)


@pytest.mark.journey
def test_an_editor_s_day_takes_few_presses(visitor, site):
    slug, copy = (f"{name}-{secrets.token_hex(4)}" for name in ("day", "copy"))
    with site.inside():
        factories.campaign(slug)
    page = staff_page(visitor, site, "editor", "ko")

    page.goto(f"/staff/campaigns/{slug}")
    page.locator("#title_ko").fill("오늘의 제목")
    press_in_main(page, "form[action$='/page/texts'] button[name=preview]")
    expect(page.locator("section[aria-labelledby='preview-title']")).to_contain_text("오늘의 제목")
    press_in_main(page, "form[action$='/page/texts'] button[type=submit]")
    expect(page.locator("#title_ko")).to_have_value("오늘의 제목")

    page.goto("/staff/campaigns")
    for field, text in {"slug": copy, "title_ko": "둘째", "title_en": "The second"}.items():
        page.locator(f"#{field}").fill(text)
    page.locator("#copy_of").select_option(slug)
    press_in_main(page, "form[action$='/campaigns'] button[type=submit]")
    press_in_main(page, "a[href$='/dates']")
    press_in_main(page, "a[href$='/state/open']")
    press_in_main(page, "form button[type=submit]")
    assert visitor.page(lang="en").goto(f"/en/c/{copy}").status == 200
