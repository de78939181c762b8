"""What one sees of a campaign before anything is pressed, on a phone and at a desk."""

import pytest
from playwright.sync_api import expect

from tests.browser.steps import CAMPAIGN, sign_button, unfold
from tests.support.browser import PHONE, wait_for_modules

DESK = {"width": 1280, "height": 800}
#: The parts of the page as a phone shows them, by their headings.
PARTS = "aims video pledge sign demands endorsers behind events story letter share"
in_both_languages = pytest.mark.parametrize("lang", ["ko", "en"])


def bottom(part):
    box = part.bounding_box()
    return box["y"] + box["height"]


@in_both_languages
def test_on_a_phone_picture_title_number_next_step_and_button_are_one_view(visitor, lang):
    page = visitor.page(lang=lang, size=PHONE)
    page.goto(f"/{lang}/{CAMPAIGN}")
    expect(page.locator(".sign-bar")).to_be_in_viewport(ratio=1)
    bar = page.locator(".sign-bar").bounding_box()["y"]
    shown = ("h1", ".hero__sky", ".hero > .skyline", "[data-count]", ".count__next")
    assert [part for part in shown if bottom(page.locator(part)) > bar] == []


def test_the_parts_of_the_page_stand_in_their_order(visitor):
    page = visitor.page()
    page.goto(f"/ko/{CAMPAIGN}")
    sections = page.locator("main section").evaluate_all(
        "parts => parts.map(part => part.getAttribute('aria-labelledby').replace('-title', ''))"
    )
    assert " ".join(sections) == PARTS


@in_both_languages
def test_at_a_desk_the_form_is_seen_at_once_and_stays_while_one_reads(visitor, lang):
    page = visitor.page(lang=lang, size=DESK)
    page.goto(f"/{lang}/{CAMPAIGN}")
    wait_for_modules(page)
    assert bottom(sign_button(page)) <= 760
    expect(page.locator("#age_ok")).to_be_hidden()
    page.mouse.wheel(0, 600)
    for part in ("label[for=name]", "#email", "#agree_all", "button[type=submit]", ".consent__key"):
        expect(page.locator(f"#sign {part}")).to_be_in_viewport(ratio=1)
    unfold(page.locator("#sign-form"), "age_ok")
    expect(page.locator("#age_ok")).to_be_in_viewport(ratio=1)
    expect(sign_button(page)).to_be_in_viewport(ratio=1)


def test_the_page_with_the_thanks_holds_still_for_whoever_kept_no_key(visitor):
    page = visitor.page(size=DESK)
    page.add_init_script(
        "new PerformanceObserver(() => { window.moved = true; }).observe({ type: 'layout-shift' });"
    )
    page.goto(f"/ko/{CAMPAIGN}/thanks")
    wait_for_modules(page)
    assert not page.evaluate("window.moved")


def test_the_menu_of_a_phone_opens_without_javascript_and_has_what_a_desk_shows(visitor):
    page = visitor.page(lang="en", javascript=False)
    page.goto(f"/en/{CAMPAIGN}")
    entries = page.locator(".site-header__ways a").all_text_contents()
    menu = page.locator(".site-menu__links a")
    expect(menu.first).to_be_hidden()
    page.locator(".site-menu summary").press("Enter")
    expect(menu.first).to_be_visible()
    assert menu.all_text_contents()[: len(entries)] == entries
    expect(page.locator("header a[hreflang=ko]")).to_be_in_viewport(ratio=1)
