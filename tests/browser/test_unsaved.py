"""Nothing that staff typed is lost: by a link that was pressed, by another form, by a change of language."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.browser.steps import press, staff_page
from tests.support.browser import wait_for_modules
from tests.support.pictures import png

TEXTS = "/staff/campaigns/blue-skies"
WORDS = "한 시간 동안 쓴 글 <b>& more</b>"


def test_leaving_a_form_warns_once_something_was_typed_and_saving_does_not(visitor, site, inside):
    page = staff_page(visitor, site, "editor")
    asked = []

    def stay(dialog):
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.goto(TEXTS)
    wait_for_modules(page)
    page.locator("#title_en").click()  # a browser asks only who has touched the page
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="Recipient and consent")).to_be_visible()
    assert asked == []

    page.goto(TEXTS)
    wait_for_modules(page)
    page.locator("#tagline_en").press_sequentially(" and more")
    with page.expect_event("dialog"):
        page.get_by_role("link", name="Settings").click()
    expect(page.locator("#tagline_en")).to_have_value(re.compile(" and more"))
    assert asked == ["beforeunload"]
    assert urlsplit(page.url).path == TEXTS

    press(page, page.get_by_role("button", name="Save the texts", exact=True))
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="Recipient and consent")).to_be_visible()
    assert asked == ["beforeunload"]


def test_sending_one_form_of_a_page_keeps_what_was_typed_into_the_others(visitor, site, inside):
    page = staff_page(visitor, site, "editor")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(TEXTS)
    wait_for_modules(page)
    title = page.locator("#title_en").input_value()
    page.locator("#quotation_name_en").fill("Somebody")
    page.locator("#text_en").fill(WORDS)
    page.locator("#title_en").fill("")
    press(page, page.get_by_role("button", name="Save the texts", exact=True))
    expect(page.locator("#title_en-error")).to_be_visible()
    page.locator("#title_en").fill(title)
    press(page, page.get_by_role("button", name="Save the texts", exact=True))
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_text("What you typed and have not saved yet is still in its fields.")).to_be_visible()
    expect(page.locator("#quotation_name_en")).to_have_value("Somebody")
    expect(page.locator("#text_en")).to_have_value(WORDS)
    assert asked == []

    with page.expect_event("dialog"):
        page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="Recipient and consent")).to_be_visible()
    page.goto(TEXTS)
    expect(page.locator("#quotation_name_en")).not_to_have_value("Somebody")
    assert asked == ["beforeunload"]


def test_a_file_that_was_chosen_is_asked_about_and_who_signs_out_leaves_nothing_in_the_tab(
    visitor, site, inside
):
    page = staff_page(visitor, site, "editor")
    page.goto(TEXTS)
    wait_for_modules(page)
    page.locator("#quotation_name_en").fill("Somebody")
    page.locator("#quotation_portrait").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": png()}
    )
    with page.expect_event("dialog") as asked:
        page.once("dialog", lambda dialog: dialog.dismiss())
        page.get_by_role("button", name="Save the texts", exact=True).click()
    assert asked.value.type == "beforeunload"
    expect(page.locator("#quotation_name_en")).to_have_value("Somebody")
    kept = "Object.values(sessionStorage).join()"
    assert "Somebody" in page.evaluate(kept)
    page.on("dialog", lambda dialog: dialog.accept())
    press(page, page.get_by_role("button", name="Sign out"))
    assert "Somebody" not in page.evaluate(kept)


def test_the_language_changes_without_a_question_and_keeps_what_was_typed(visitor, site, inside):
    page = staff_page(visitor, site, "editor")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(TEXTS)
    wait_for_modules(page)
    page.locator("#body_ko").click()
    page.locator("#body_ko").fill(WORDS)
    press(page, page.get_by_role("button", name="한국어"))
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.locator("#body_ko")).to_have_value(WORDS)
    press(page, page.get_by_role("button", name="English"))
    expect(page.locator("#body_ko")).to_have_value(WORDS)
    assert asked == []
