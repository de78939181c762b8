"""An editor's day, counted in presses: a text is corrected, and a second campaign is opened."""

import secrets

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import press, staff_page
from tests.support import factories
from tests.support.browser import wait_for_modules


class Hand:
    """Presses links and buttons of a page, and counts them."""

    def __init__(self, page: Page) -> None:
        self.page, self.presses = page, 0

    def press(self, selector: str) -> None:
        wait_for_modules(self.page)
        press(self.page, self.page.locator(f"main {selector}").first)
        self.presses += 1


@pytest.mark.journey
def test_an_editor_s_day_takes_few_presses(visitor, site):
    slug, copy = (f"{name}-{secrets.token_hex(4)}" for name in ("day", "copy"))
    with site.inside():
        factories.campaign(slug)
    editor = Hand(staff_page(visitor, site, "editor", "ko"))
    page = editor.page

    page.goto(f"/staff/campaigns/{slug}")
    page.locator("#title_ko").fill("오늘의 제목")
    editor.press("button[formaction$='/texts/preview']")
    expect(page.locator("section[aria-labelledby='preview-title']")).to_contain_text("오늘의 제목")
    editor.press("form[action$='/page/texts'] button[type=submit]")
    assert editor.presses == 2
    expect(page.locator("#title_ko")).to_have_value("오늘의 제목")

    editor.presses = 0
    page.goto("/staff/campaigns")
    for field, text in {"slug": copy, "title_ko": "둘째", "title_en": "The second"}.items():
        page.locator(f"#{field}").fill(text)
    page.locator("#copy_of").select_option(slug)
    editor.press("form[action$='/campaigns'] button[type=submit]")
    editor.press("a[href$='/dates']")
    editor.press("a[href$='/state/open']")
    editor.press("form button[type=submit]")
    assert editor.presses + 1 <= 8, "with the door of campaigns"
    assert visitor.page(lang="en").goto(f"/en/c/{copy}").status == 200
