"""One's own page: withdraw, sign again, erase; and what its scripts do."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import (
    confirm,
    expect_number,
    forget_mail_pauses,
    mailed,
    own_page,
    own_page_by_mail,
    people,
    rows,
    sign_and_confirm,
    sign_button,
    sign_form,
    unfold,
    watch,
)
from tests.support.browser import wait_for_modules

BUTTON = "main form[method=post][action$='/{act}'] button"


@pytest.mark.journey
@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "without"])
def test_who_withdraws_is_no_longer_counted_and_may_sign_again(visitor, site, javascript):
    page = visitor.page(lang="en", javascript=javascript)
    email = sign_and_confirm(page, site)
    onlooker = visitor.page(lang="en")
    counted = watch(onlooker, site)

    own_page_by_mail(page, site, email)
    page.locator("main a[href$='/withdraw']").click()
    assert people(site) == counted, "opening the page withdrew"
    page.locator(BUTTON.format(act="withdraw")).click(no_wait_after=True)
    expect_number(onlooker, counted - 1)

    site.wait_for_mail(email, count=3)  # that it is withdrawn
    forget_mail_pauses(site)
    page.locator("summary", has_text="Sign again").click()
    for box in ("age_ok", "consent_privacy"):  # name, address and country are filled in
        unfold(sign_form(page), box)
        page.locator(f"#{box}").check()
    sign_button(page).click()
    expect(page).to_have_url(re.compile("/check"))
    confirm(page, mailed(site, email, count=4))
    assert people(site) == counted


def test_who_erases_is_gone_and_the_link_leads_to_the_unknown_page(visitor, site):
    page = visitor.page(lang="en")
    sign_and_confirm(page, site)
    onlooker = visitor.page(lang="en")
    counted = watch(onlooker, site)
    own_page(page)
    link = page.url
    page.locator("main a[href$='/erase']").click()
    before = rows(site, "signatures")
    page.locator(BUTTON.format(act="erase")).click(no_wait_after=True)
    expect_number(onlooker, counted - 1)
    assert rows(site, "signatures") == before - 1

    answer = page.goto(link)
    assert answer.status == 410
    expect(page.locator("main #email")).to_be_visible()


def test_a_province_is_asked_of_those_who_live_in_korea(visitor, site):
    page = visitor.page(lang="en")
    sign_and_confirm(page, site)
    own_page(page)
    expect(page.locator("#region")).to_be_visible()
    wait_for_modules(page)
    page.locator("#country").select_option("JP")
    expect(page.locator("#region")).to_be_hidden()
