"""Passing the campaign on: plain links, the device's own means, and a code for the phone beside."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.steps import CAMPAIGN, sign_and_confirm

SHARE_PAGES = {"twitter.com", "x.com", "www.facebook.com", "social-plugins.line.me"}


@pytest.fixture
def confirmed(visitor, site):
    page = visitor.page(lang="ko")
    sign_and_confirm(page, site, "ko")
    return page


def test_the_links_lead_straight_to_the_share_pages_and_carry_the_bare_address(confirmed, site):
    links = confirmed.locator(".share a").all()
    assert len(links) == 3
    for link in links:
        parts = urlsplit(link.get_attribute("href"))
        assert (parts.scheme, parts.netloc in SHARE_PAGES) == ("https", True)
        values = [value for found in parse_qs(parts.query).values() for value in found]
        assert f"{site.url}/ko/{CAMPAIGN}" in values
        assert "noopener" in link.get_attribute("rel")
        assert "utm_" not in parts.query
    foreign = confirmed.locator("script[src^=http], img[src^=http], iframe, link[rel=stylesheet][href^=http]")
    assert foreign.count() == 0


def test_the_copy_button_copies_the_address_and_says_so(visitor, site):
    page = visitor.page(lang="ko", permissions=["clipboard-read", "clipboard-write"])
    sign_and_confirm(page, site, "ko")
    page.locator("[data-copy]").click()
    expect(page.locator("[data-status]")).to_contain_text("복사")
    assert page.evaluate("navigator.clipboard.readText()") == f"{site.url}/ko/{CAMPAIGN}"


def test_without_javascript_the_address_stands_there_to_be_copied(visitor, site):
    page = visitor.page(lang="en", javascript=False)
    sign_and_confirm(page, site)
    expect(page.locator("#share-url")).to_have_value(f"{site.url}/en/{CAMPAIGN}")
    expect(page.locator("[data-copy]")).to_be_hidden()
    expect(page.locator("[data-sheet]")).to_be_hidden()


def test_the_devices_own_share_sheet_is_offered_where_there_is_one(visitor, site):
    page = visitor.page(lang="en")
    page.add_init_script("navigator.share = async (what) => { window.shared = what; };")
    sign_and_confirm(page, site)
    page.locator("[data-sheet]").click()
    assert page.evaluate("window.shared.url") == f"{site.url}/en/{CAMPAIGN}"


def test_the_code_to_scan_is_that_of_the_address(confirmed, site):
    import segno

    code = segno.make(f"{site.url}/ko/{CAMPAIGN}", error="m", micro=False)
    drawn = confirmed.locator(".share__code svg path").last.get_attribute("d")
    assert drawn in code.svg_inline(scale=4, border=2, omitsize=True, dark="#0b2b40", light="#fff")
    expect(confirmed.locator(".share__code[role=img]")).to_be_visible()
