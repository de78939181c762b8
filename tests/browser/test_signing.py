"""From the campaign's page through the mailbox to the number, as people go."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import (
    CAMPAIGN,
    confirm_button,
    expect_number,
    expect_own_number,
    expect_thanks,
    mailed,
    own_page_by_mail,
    people,
    sign,
    watch,
)
from tests.support.browser import DESK, PHONE, assert_fits
from tests.support.waiting import wait_until

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


def test_a_number_that_does_not_come_is_not_awaited_for_ever(visitor):
    page = visitor.page(lang="en")
    page.clock.install()
    page.route("**/mine", lambda route: route.fulfill(json={"state": "confirmed", "again": True}))
    page.goto(f"/en/{CAMPAIGN}")
    page.evaluate("sessionStorage.setItem('pledge.key', 'x')")
    page.goto(f"/en/{CAMPAIGN}/thanks")
    number = page.locator(".number")
    expect(number).to_be_visible()
    wait_until(lambda: page.clock.run_for(5000) or number.is_hidden(), "the page still waits")


def test_the_mail_can_be_asked_for_again_and_the_page_says_so(visitor, email):
    page = visitor.page(lang="en")
    sign(page, "en", email)
    resend = page.locator("button[name=resend]")
    page.locator("details").filter(has=resend).locator("summary").click()
    resend.click()
    expect(page).to_have_url(re.compile("/check#resent$"))
    expect(page.locator(".notice[role=status]")).to_contain_text(
        re.compile(r"We will send a new e-mail by about \d\d:\d\d\.")
    )


def test_the_page_that_waits_has_its_code_field_ready_and_opens_the_mailbox_of_a_known_provider(
    visitor, site
):
    page = visitor.page(lang="en")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    sign(page, "en", "Ready.Writer@Naver.com")
    field = page.get_by_role("textbox", name="Six-digit code", exact=True)
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description("It is in the subject of the e-mail.")
    mailbox = page.get_by_role("link", name="Open my mailbox")
    expect(mailbox).to_have_attribute("href", "https://mail.naver.com")
    expect(mailbox).to_have_attribute("rel", "noopener noreferrer")
    expect(page.locator("[data-match-number]")).to_be_hidden()
    page.get_by_text("Asked for a number?").click()
    digits = page.locator("[data-match-number]")
    expect(digits).to_have_text(re.compile(r"^\d\d$"))
    assert [address for address in asked if address.endswith("/mine")] == [], "they came with the address"
    expect(page).to_have_url(re.compile("/check$"))
    given = digits.text_content()
    page.reload()
    expect(digits).to_have_text(given)
    sign(page, "en", "someone@example.org")
    expect(field).to_be_focused()
    expect(mailbox).to_have_count(0)


def test_what_a_newsletter_puts_behind_the_address_fills_empty_fields_and_no_server_is_sent_it(visitor):
    page = visitor.page(lang="en")
    sent = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.headers} {request.post_data}"))
    page.goto(f"/en/{CAMPAIGN}/sign#name=Kim%00+Haneul&email=sky%2Breader%40example.org&country=FR")
    form = page.locator("#sign-form")
    expect(form.locator("#email")).to_have_value("sky+reader@example.org")
    expect(form.locator("#name")).to_have_value("Kim Haneul")
    expect(form.locator("#country")).to_have_value("FR")
    expect(page).to_have_url(re.compile(r"/sign$"))
    page.reload()
    page.wait_for_load_state("networkidle")
    assert [address for address in sent if "reader" in address or "Haneul" in address] == []
    form.locator("#name").fill("Somebody else")
    page.evaluate("location.hash = 'country=XX'")
    page.reload()
    expect(page).to_have_url(re.compile(r"/sign$"))
    expect(form.locator("#country")).to_have_value("KR")
    page.goto(f"/en/{CAMPAIGN}/organizations?q=sky#email=sky%40example.org")  # a page without the form
    expect(page).to_have_url(re.compile(r"/organizations\?q=sky$"))
