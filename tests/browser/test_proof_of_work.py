"""The proof of work in a real browser: the calculation solves itself, and without JavaScript there is another way."""

import re
import time
from itertools import count

import pytest
from playwright.sync_api import expect

from tests.browser.steps import (
    CAMPAIGN,
    confirm_button,
    enter_code,
    expect_thanks,
    fill_form,
    first,
    mailed,
    people,
    press,
    sign_button,
)
from tests.support.browser import assert_fits, assert_looks_right, wait_for_modules

_numbers = count(1)


@pytest.fixture
def email():
    """An address of a kind that is always asked."""
    return f"step{next(_numbers)}.{time.time_ns()}@mailinator.com"


def go_to_step(page, lang, email):
    page.goto(f"/{lang}/{CAMPAIGN}/sign")
    fill_form(page, email)


def test_the_calculation_is_done_by_itself_and_the_person_confirms_as_usual(visitor, site, email):
    before = people(site)
    page = visitor.page(lang="ko")
    go_to_step(page, "ko", email)
    wait_for_modules(page)  # which keep the address for the next page
    sign_button(page).click()
    expect(page).to_have_url(re.compile(rf"/ko/{CAMPAIGN}/check(/[^/?]+)?$"))
    expect(page.locator("main")).to_contain_text(email)

    page.goto(mailed(site, email).link)
    confirm_button(page).click()
    expect(page.locator(".number__value")).to_be_visible()
    assert people(site) == before + 1


def test_without_javascript_the_code_of_the_mail_confirms(visitor, site, email):
    before = people(site)
    page = visitor.page(lang="ko", javascript=False)
    go_to_step(page, "ko", email)
    press(page, sign_button(page))
    assert_fits(page)
    press(page, "button[name=unproved]")
    expect(page).to_have_url(re.compile(r"/check/[^/]+\?by=code$"))
    mail = site.wait_for_mail(email)
    assert "/confirm/" not in mail["text"] + mail["html"]
    enter_code(page, first(r"(?<!\d)\d{6}(?!\d)", mail["text"]), javascript=False)
    expect_thanks(page)
    assert people(site) == before + 1


def test_a_browser_that_cannot_calculate_shows_the_other_way(visitor, email):
    page = visitor.page(lang="en")
    page.add_init_script("delete window.Worker")
    go_to_step(page, "en", email)
    sign_button(page).click()
    expect(page.get_by_role("status")).to_contain_text("did not work in this browser")
    press(page, "button[name=unproved]")
    expect(page).to_have_url(re.compile(r"\?by=code$"))


def test_after_a_solution_that_was_used_the_next_is_calculated_at_a_press(visitor, email):
    page = visitor.page(lang="en")
    go_to_step(page, "en", email)
    page.evaluate(
        "() => { const field = document.createElement('input');"
        " Object.assign(field, { type: 'hidden', name: 'altcha', value: 'garbled' });"
        " document.querySelector('#sign-form').append(field); }"
    )
    sign_button(page).click()
    again = page.locator("[data-start]")
    expect(again).to_be_visible()
    again.click()
    expect(page).to_have_url(re.compile(r"/check(/[^/?]+)?$"))


def test_nothing_about_the_step_is_loaded_by_who_is_not_asked(visitor):
    page = visitor.page(lang="en")
    loaded = []
    page.on("request", lambda request: loaded.append(request.url))
    page.goto(f"/en/{CAMPAIGN}/sign")
    page.wait_for_load_state("networkidle")
    assert any("sign-form" in url for url in loaded)
    assert not [url for url in loaded if "proof-" in url]


def test_the_page_looks_right(visitor, email):
    page = visitor.page(lang="ko")
    # Nothing is calculated: the page stays as it comes.
    page.add_init_script("window.Worker = class { postMessage() {} terminate() {} }")
    go_to_step(page, "ko", email)
    sign_button(page).click()
    expect(page.locator("[data-bar]")).to_be_visible()
    assert_looks_right(page)
