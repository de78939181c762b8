"""An organisation's person at the form and on the own page: without JavaScript, with mistakes, and with hostile texts."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import (
    CAMPAIGN,
    fill_organization,
    organization_link,
)
from tests.support.browser import wait_for_modules
from tests.support.factories import (
    endorse_manage_token,
    endorsement,
)
from tests.support.pictures import png

TEXTS = (
    *("name_ko", "name_en", "website", "target_year", "interim_year", "interim_percent"),
    *("statement_ko", "statement_en", "contact_name", "contact_title", "email", "registration_number"),
)
LOGO = {"name": "logo.png", "mimeType": "image/png", "buffer": png()}


@pytest.fixture
def inside(site):
    """The site's own database, to put rows there."""
    with site.inside() as app:
        yield app


@pytest.fixture
def domain(email):
    """A website of its own for each test."""
    return f"{email.partition('@')[0]}.example.org"


def send(page, selector="#endorse-form button[type=submit]"):
    with page.expect_navigation():
        page.locator(selector).click()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_mistake_loses_neither_a_word_nor_the_logo(visitor, domain, javascript):
    page = visitor.page(lang="en", javascript=javascript)
    page.goto(f"/en/{CAMPAIGN}/endorse")
    fill_organization(page, domain, website="nowhere", interim_year="2060", interim_percent="50")
    page.locator("#logo").set_input_files(LOGO)
    send(page)
    summary = page.locator("#error-summary a")
    assert {link.get_attribute("href") for link in summary.all()} == {"#website", "#interim_year"}
    expect(page.locator("#statement_en")).to_have_value("We walk along.")
    expect(page.locator("#type")).to_have_value("civil")
    expect(page.locator("#consent_person")).to_be_checked()
    expect(page.locator(".chosen-logo__picture")).to_be_visible()
    summary.first.click()
    expect(page.locator("#website")).to_be_focused()
    page.locator("#website").fill(f"https://{domain}")
    page.locator("#interim_year").fill("2035")
    send(page)
    expect(page).to_have_url(re.compile("/endorse/check"))


def test_a_picture_that_is_too_large_is_named_before_it_is_sent(visitor):
    page = visitor.page(lang="en")
    page.goto(f"/en/{CAMPAIGN}/endorse")
    wait_for_modules(page)
    page.locator("#logo").set_input_files({**LOGO, "buffer": b"\0" * 1_000_001})
    expect(page.get_by_text("larger than 1 MB")).to_be_visible()
    assert page.locator("#logo").evaluate("input => input.files.length") == 0
    page.locator("#logo").set_input_files(LOGO)
    expect(page.get_by_text("larger than 1 MB")).to_be_hidden()


def test_another_person_takes_over_by_mail(visitor, site, inside, domain):
    page, other = visitor.page(lang="en"), visitor.page(lang="ko")
    row = endorsement(email=f"old@{domain}", state="review", name_ko="하늘단체", name_en="Sky")
    page.goto(f"/en/endorse/me/{endorse_manage_token(row)}/contact")
    for field, value in {"contact_name": "이바다", "contact_title": "팀장", "email": f"new@{domain}"}.items():
        page.locator(f"#{field}").fill(value)
    send(page, "main form button")
    expect(page.locator("main")).to_contain_text("이바다")
    other.goto(organization_link(site, f"new@{domain}", "contact"))
    expect(other.locator("h1")).to_contain_text("Sky")
    for box in ("authority_ok", "consent_person"):
        other.locator(f"#{box}").check()
    send(other, "main form button")
    other.locator("a[href*='/endorse/me/']").click()
    expect(other.locator("main")).to_contain_text(f"new@{domain}")
    assert "@" in site.wait_for_mail(f"old@{domain}")["text"]
    page.reload()
    expect(page.locator("main")).not_to_contain_text("이바다")
