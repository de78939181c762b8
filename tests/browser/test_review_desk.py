"""The review desk in a browser: by the keyboard, and on a phone."""

from playwright.sync_api import expect

from tests.browser.staff_gallery import LONG_NAME
from tests.browser.steps import staff_page
from tests.support.browser import wait_for_modules
from tests.support.factories import endorsement, version_of

DESK = "/staff/organizations"


def test_j_and_k_go_through_the_list_enter_opens_a_case_and_j_goes_to_the_next(visitor, site):
    with site.inside():
        for number in range(3):
            endorsement(state="review", name_en=f"Keyboard Works {number}")
    page = staff_page(visitor, site, "moderator")
    page.goto(f"{DESK}?q=Keyboard+Works")
    wait_for_modules(page)
    names = page.locator("tbody th a")
    for key, place in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        expect(names.nth(place)).to_be_focused()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Keyboard Works 1")
    wait_for_modules(page)
    with page.expect_navigation():
        page.keyboard.press("j")
    expect(page.get_by_role("heading", level=1)).to_have_text("Keyboard Works 2")


def test_on_a_phone_the_decision_stands_within_two_screens_however_long_the_case(visitor, site):
    long = {
        **LONG_NAME,
        "statement_ko": "맑은 하늘을 위해 함께 약속합니다. " * 28,
        "statement_en": "We promise to work for clear skies. " * 16,
        "website": f"https://long.example/{'path/' * 50}",
    }
    with site.inside():
        row = endorsement(interim_year=2030, interim_percent=40, **long)
        address = f"{DESK}/{row.id}"
        version_of(row, target_year=2041, **long)
    page = staff_page(visitor, site, "moderator")
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(address)
    publish = page.locator("form[action$='/publish'] button")
    assert page.locator("#acts-title").bounding_box()["y"] > 2 * 740, "the case is as long as it may be"
    assert publish.bounding_box()["y"] < 2 * 740
    page.evaluate("scrollTo(0, 1000)")
    expect(publish).to_be_in_viewport(ratio=1)
    page.get_by_role("link", name="Other decisions").click()
    for part in (page.locator("#acts-title"), publish, page.locator("#changes summary")):
        expect(part).to_be_in_viewport(ratio=1)
