"""An organisation's person at the form and on the own page."""

import re

from playwright.sync_api import expect

from tests.browser.steps import CAMPAIGN
from tests.support.browser import wait_for_modules
from tests.support.pictures import png

LOGO = {"name": "logo.png", "mimeType": "image/png", "buffer": png()}


def open_form(visitor):
    page = visitor.page(lang="en")
    page.goto(f"/en/{CAMPAIGN}/endorse")
    wait_for_modules(page)
    return page


def test_a_logo_is_shown_before_it_is_sent_and_one_that_cannot_be_taken_is_named_at_once(visitor):
    page = open_form(visitor)
    page.get_by_text("Logo and statement").click()
    logo, preview = page.locator("#logo"), page.get_by_role("img", name="The logo that will be shown")
    logo.set_input_files(LOGO)
    expect(preview).to_be_visible()
    drawing = {**LOGO, "name": "logo.svg", "mimeType": "image/svg+xml", "buffer": b"<svg/>"}
    renamed = {**LOGO, "buffer": b"no picture at all"}
    large = {**LOGO, "buffer": b"\0" * 1_000_001}
    for refused, words in (
        (drawing, "not a PNG, JPEG or WebP"),
        (renamed, "not a PNG, JPEG or WebP"),
        (large, "larger than 1 MB"),
    ):
        logo.set_input_files(refused)
        expect(page.get_by_text(words)).to_be_visible()
        expect(preview).to_be_hidden()
        assert logo.evaluate("input => input.files.length") == 0
    logo.set_input_files(LOGO)
    expect(preview).to_be_visible()
    expect(page.get_by_text("larger than 1 MB")).to_be_hidden()


def test_what_was_typed_is_there_again_until_it_is_sent_also_in_the_other_language(visitor):
    page = open_form(visitor)
    page.locator("#name_ko").fill("푸른학교")
    page.get_by_text("Logo and statement").click()
    page.locator("#statement_ko").fill("함께하겠습니다.")
    page.locator("#consent_person").check()
    page.goto(f"/en/{CAMPAIGN}")
    page.goto(f"/ko/{CAMPAIGN}/endorse")
    expect(page.locator("#name_ko")).to_have_value("푸른학교")
    expect(page.locator("#statement_ko")).to_be_visible()
    expect(page.locator("#consent_person")).not_to_be_checked()
    page.locator("#type").select_option("academia")
    page.locator("#contact_name").fill("김하늘")
    page.locator("#email").fill("kim@school.example")
    for box in ("authority_ok", "consent_organization", "consent_person"):
        page.locator(f"#{box}").check()
    page.locator("#endorse-form button[type=submit]").click()
    page.wait_for_url(re.compile("/endorse/check"))
    wait_for_modules(page)
    page.goto(f"/ko/{CAMPAIGN}/endorse")
    expect(page.locator("#type")).to_have_value("")
    expect(page.locator("#name_ko")).to_have_value("")
    page.goto(f"/ko/{CAMPAIGN}/endorse#again")  # where the address was wrong
    page.reload()
    expect(page.locator("#name_ko")).to_have_value("푸른학교")
    expect(page.locator("#consent_person")).not_to_be_checked()
