"""From the campaign's page through the mailbox to the number, as people go."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import (
    CAMPAIGN,
    confirm_button,
    enter_code,
    expect_number,
    expect_own_number,
    expect_thanks,
    mailed,
    own_page,
    own_page_by_mail,
    people,
    sign,
    watch,
)
from tests.support.browser import DESK, PHONE, assert_fits

OTHER_LANGUAGE = {"ko": "en", "en": "ko"}


@pytest.mark.journey
@pytest.mark.parametrize(("lang", "size"), [("ko", PHONE), ("en", DESK)], ids=["phone", "desk"])
def test_a_person_signs_confirms_by_mail_and_the_number_moves_on_another_open_page(
    visitor, site, email, lang, size
):
    onlooker = visitor.page(lang=OTHER_LANGUAGE[lang])
    before = watch(onlooker, site, OTHER_LANGUAGE[lang])
    onlooker.evaluate("window.loadedOnce = true")

    page = visitor.page(lang=lang, size=size)
    sign(page, lang, email)
    expect(page.locator("main")).to_contain_text(email)
    assert_fits(page)

    mail = mailed(site, email)
    assert (re.search("[가-힣]", mail.subject) is not None) == (lang == "ko")
    page.goto(mail.link)
    assert f"/{lang}/confirm/" in page.url
    expect(page.locator("main")).to_contain_text("홍길동")
    expect(page.locator("main")).to_contain_text(email)
    assert people(site) == before, "opening the link counted"

    confirm_button(page).click(no_wait_after=True)
    expect_number(onlooker, before + 1)
    assert onlooker.evaluate("window.loadedOnce"), "the page was loaded again"

    expect_own_number(page, lang, before + 1)
    assert page.locator("html").get_attribute("lang") == lang
    assert_fits(page)


@pytest.mark.journey
def test_without_javascript_the_same_journey_works(visitor, site, email):
    before = people(site)
    page = visitor.page(lang="ko", javascript=False)
    sign(page, "ko", email)
    page.goto(mailed(site, email).link)
    confirm_button(page).click()
    expect_thanks(page)
    expect(page.locator(".number")).to_be_hidden()
    assert people(site) == before + 1
    own_page_by_mail(page, site, email)
    expect_own_number(page, "ko", before + 1)

    # Somebody else's window: one's own browser may still hold the page as it was before.
    other = visitor.page(lang="ko", javascript=False)
    other.goto(f"/ko/{CAMPAIGN}")
    expect(other.locator("[data-count]")).to_have_text(f"{before + 1:,}")


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "without"])
def test_the_six_digits_of_the_mail_confirm_on_the_page_where_one_signed(visitor, site, email, javascript):
    onlooker = visitor.page(lang="en")
    before = watch(onlooker, site)
    page = visitor.page(lang="ko", javascript=javascript)
    sign(page, "ko", email)
    enter_code(page, mailed(site, email).code, javascript=javascript)
    expect_thanks(page)
    expect_number(onlooker, before + 1)
    if javascript:
        expect_own_number(page, "ko", before + 1)
        own_page(page)


def test_the_mail_can_be_asked_for_again_and_the_page_says_so(visitor, email):
    page = visitor.page(lang="en")
    sign(page, "en", email)
    page.locator("main summary").click()
    page.locator("button[name=resend]").click()
    expect(page).to_have_url(re.compile("/check#resent$"))
    expect(page.locator(".notice[role=status]")).to_be_visible()
