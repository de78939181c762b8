"""What people do wrong, and what must not happen because of it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import (
    CAMPAIGN,
    confirm_button,
    expect_own_number,
    fill_form,
    mailed,
    new_address,
    people,
    press,
    rows,
    sign,
    sign_button,
    sign_form,
)
from tests.support.browser import wait_for_modules

REQUIRED = ("name", "email", "age_ok", "consent_privacy")
CONFIRM_MAILS = "outbox_mails WHERE kind = 'confirm'"


def test_an_empty_form_comes_back_with_a_summary_that_leads_to_each_field(visitor):
    page = visitor.page(lang="ko")
    page.goto(f"/ko/{CAMPAIGN}/sign")
    sign_button(page).click()

    summary = page.locator("#error-summary")
    expect(summary).to_be_focused()
    expect(summary).to_be_in_viewport()
    assert page.title().startswith("오류")
    for field in REQUIRED:
        summary.locator(f"a[href='#{field}']").click()
        expect(page.locator(f"#{field}")).to_be_focused()
        assert page.locator(f"#{field}").get_attribute("aria-invalid") == "true"
        expect(page.locator(f"#{field}-error")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "without"])
def test_a_double_click_makes_one_row_and_one_mail(visitor, site, email, javascript):
    before = rows(site, "signatures"), rows(site, CONFIRM_MAILS)
    page = visitor.page(lang="en", javascript=javascript)
    page.goto(f"/en/{CAMPAIGN}")
    fill_form(page, email)
    sign_button(page).dblclick()
    expect(page).to_have_url(re.compile("/check"))
    mailed(site, email)
    assert (rows(site, "signatures"), rows(site, CONFIRM_MAILS)) == (before[0] + 1, before[1] + 1)


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_whoever_gave_a_wrong_address_finds_the_form_filled_in_until_they_have_confirmed(
    visitor, site, email, lang
):
    page, wrong = visitor.page(lang=lang), new_address()
    sign(page, lang, wrong, name="Hong Gildong")
    again = page.locator("a[href$='/sign#again']")
    page.locator("details").filter(has=again).locator("summary").click()
    again.click()
    expect(page.locator("#name")).to_have_value("Hong Gildong")
    expect(page.locator("#email")).to_have_value(wrong)
    expect(page.locator("#country")).to_have_value("KR")
    expect(page.locator("#age_ok")).not_to_be_checked()
    assert page.url.endswith("/sign")
    fill_form(page, email, name="Hong Gildong")
    sign_button(page).click()
    expect(page).to_have_url(re.compile(r"/check$"))
    page.goto(mailed(site, email).link)
    confirm_button(page).click()
    expect_own_number(page, lang, people(site))
    assert page.evaluate("[sessionStorage.getItem('pledge.form'), localStorage.length]") == [None, 0]


@pytest.mark.parametrize(("choice", "sent"), [("Correct", "gmail.com"), ("as typed", "gmial.com")])
def test_an_address_that_looks_mistyped_is_asked_about_once_before_it_is_sent(visitor, site, choice, sent):
    page = visitor.page(lang="en")
    page.goto(f"/en/{CAMPAIGN}/sign")
    name = new_address().split("@")[0]
    fill_form(page, f"{name}@gmial.com")
    question = sign_form(page).locator(".suggestion")
    wait_for_modules(page)
    sign_button(page).click()
    expect(question).to_contain_text(f"{name}@gmial.com")
    expect(question.locator("button").first).to_be_focused()
    page.locator("#email").fill(f"{name}@naver.con")
    expect(question).to_have_count(0)
    page.locator("#email").fill(f"{name}@gmial.com")
    sign_button(page).click()
    press(page, question.locator("button", has_text=choice))
    expect(page).to_have_url(re.compile("/check"))
    mailed(site, f"{name}@{sent}")
