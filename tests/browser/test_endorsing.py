"""An organisation's person at the form and on the own page."""

from playwright.sync_api import expect

from tests.browser.steps import CAMPAIGN
from tests.support.browser import wait_for_modules
from tests.support.pictures import png

LOGO = {"name": "logo.png", "mimeType": "image/png", "buffer": png()}


def test_a_picture_that_is_too_large_is_named_before_it_is_sent(visitor):
    page = visitor.page(lang="en")
    page.goto(f"/en/{CAMPAIGN}/endorse")
    wait_for_modules(page)
    page.locator("#logo").set_input_files({**LOGO, "buffer": b"\0" * 1_000_001})
    expect(page.get_by_text("larger than 1 MB")).to_be_visible()
    assert page.locator("#logo").evaluate("input => input.files.length") == 0
    page.locator("#logo").set_input_files(LOGO)
    expect(page.get_by_text("larger than 1 MB")).to_be_hidden()
