"""Whoever opens the address of somebody's page after signing or confirming, in another browser, learns nothing from it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import (
    CAMPAIGN,
    confirm,
    confirm_button,
    enter_code,
    expect_thanks,
    fill_organization,
    mailed,
    organization_link,
    own_page,
    press,
    sign,
)

NAME = "Seon Wolhui"


def learns_nothing(page: Page, address: str, *secrets: str) -> None:
    """Open it as a stranger, wait for all that its scripts ask, and look at what is there."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    content = page.content().replace("/me/~own~", "")  # a place for what the holder is told
    for secret in (*secrets, "data-key", "/withdraw", "/erase"):
        assert secret not in content, f"{secret} on {address}"
    assert page.locator("a[href*='/me/']").count() == 0
    assert [url for url in asked if url.endswith("/mine")] == []
    expect(page.locator(".number")).to_be_hidden()


def addresses_of(page: Page) -> list[str]:
    """Those that were in the address bar, with the answers that led there."""
    addresses: list[str] = []
    page.on("framenavigated", lambda frame: addresses.append(frame.url))
    return addresses


def by_link(page: Page, site, email: str) -> None:
    confirm(page, mailed(site, email))


def by_code(page: Page, site, email: str) -> None:
    enter_code(page, mailed(site, email).code)
    expect_thanks(page)


@pytest.mark.journey
@pytest.mark.parametrize("act", [by_link, by_code], ids=lambda act: act.__name__)
def test_the_addresses_of_somebody_who_signed_tell_a_stranger_nothing(visitor, site, email, act):
    page = visitor.page(lang="en")
    seen = addresses_of(page)
    sign(page, "en", email, name=NAME)
    expect(page).to_have_url(re.compile("/check$"))
    act(page, site, email)
    expect(page.locator(".number__value")).to_be_visible()
    for address in {*seen, page.url}:
        if site.url in address:
            learns_nothing(visitor.page(lang="en"), address, email, NAME)
    page.reload()
    expect(page.locator(".number__value")).to_be_visible()
    own_page(page)
    expect(page.locator("main")).to_contain_text(email)


def test_the_addresses_of_an_organisation_tell_a_stranger_nothing(visitor, site):
    domain = "second.example.org"
    page = visitor.page(lang="en")
    seen = addresses_of(page)
    page.goto(f"/en/{CAMPAIGN}/endorse")
    fill_organization(page, domain)
    press(page, "#endorse-form button[type=submit]")
    expect(page).to_have_url(re.compile("/endorse/check$"))
    expect(page.locator("[data-match-number]")).to_have_text(re.compile(r"^\d\d$"))
    page.goto(organization_link(site, f"sky@{domain}", "confirm"))
    press(page, confirm_button(page).first)
    expect_thanks(page)
    own = page.get_by_role("link", name="Open the organisation’s page")
    expect(own).to_be_visible()
    for address in {*seen, page.url}:
        if site.url in address and not address.endswith("/endorse"):
            learns_nothing(visitor.page(lang="en"), address, f"sky@{domain}", "/me/")
    own.click()
    expect(page.locator("main")).to_contain_text(f"sky@{domain}")


def test_who_signs_after_somebody_in_the_same_tab_is_not_shown_the_first(visitor, site, email):
    page = visitor.page(lang="en")
    sign(page, "en", email)
    confirm(page, mailed(site, email))
    expect(page.locator("main .action__row > a[href*='/me/']")).to_be_visible()
    other = email.replace("visitor", "sister")
    sign(page, "en", other, name="Han Areum")
    by_code(page, site, other)
    own_page(page)
    expect(page.locator("main")).to_contain_text(other)
    expect(page.locator("main")).not_to_contain_text(email)
