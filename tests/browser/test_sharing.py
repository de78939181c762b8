"""Passing the campaign on: plain links, the device's own means, and a code for the phone beside."""

import base64
from hashlib import sha384
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from pledge.web.public.campaign.sharing import KAKAO_INTEGRITY, KAKAO_SCRIPT
from tests.browser.steps import CAMPAIGN, confirm_button, mailed, sign, sign_and_confirm
from tests.support.browser import look_faults, wait_for_modules

SHARE_PAGES = [
    *("", "share.naver.com", "social-plugins.line.me", "twitter.com", "www.band.us", "www.facebook.com"),
    "www.threads.com",
]
#: A fake of Kakao's script: it remembers its calls.
STAND_IN = """window.asked = [];
window.Kakao = {
    init: (key) => asked.push(["init", key]),
    Share: { sendScrap: (what) => asked.push(["sendScrap", what.requestUrl]) },
};"""


@pytest.fixture
def confirmed(visitor, site):
    page = visitor.page(lang="ko")
    sign_and_confirm(page, site, "ko")
    return page


def test_the_links_lead_straight_to_the_share_pages_and_carry_the_bare_address(confirmed, site):
    links = [urlsplit(link.get_attribute("href")) for link in confirmed.locator(".share__list a").all()]
    assert sorted(link.netloc for link in links) == sorted(SHARE_PAGES)
    for link in links:
        assert link.scheme == ("https" if link.netloc else "mailto")
        values = " ".join(value for values_of in parse_qs(link.query).values() for value in values_of)
        assert f"{site.url}/ko/{CAMPAIGN}" in values.split()
        assert "utm_" not in link.query


def test_the_copy_button_copies_the_address_and_says_so(visitor, site):
    page = visitor.page(lang="ko", permissions=["clipboard-read", "clipboard-write"])
    sign_and_confirm(page, site, "ko")
    page.locator("#share-title").scroll_into_view_if_needed()
    page.locator("[data-copy]").click()
    expect(page.locator("[data-status]")).to_contain_text("복사")
    assert page.evaluate("navigator.clipboard.readText()") == f"{site.url}/ko/{CAMPAIGN}"


def test_the_devices_own_share_sheet_is_offered_where_there_is_one(visitor, site):
    page = visitor.page(lang="en")
    page.add_init_script("navigator.share = async (what) => { window.shared = what; };")
    page.goto(f"/en/{CAMPAIGN}")
    page.locator("#share-title").scroll_into_view_if_needed()
    page.locator("[data-sheet]").click()
    assert page.evaluate("window.shared.url") == f"{site.url}/en/{CAMPAIGN}"


def test_the_picture_with_the_number_is_shared_as_a_file_where_the_device_can(visitor, site):
    page = visitor.page(lang="en")
    page.add_init_script("""
        navigator.canShare = (what) => what.files.length === 1;
        navigator.share = async ({ files: [file] }) => { document.title = `${file.name} ${file.type} ${file.size > 10000}`; };
    """)
    sign_and_confirm(page, site)
    name = page.locator("[data-card-link]").get_attribute("download")
    page.locator("[data-card-share]").click()
    expect(page).to_have_title(f"{name} image/png true")


def open_kakao(page, content, integrity=None):
    """The page for KakaoTalk, with a stand-in for the script from elsewhere."""
    page.route(
        KAKAO_SCRIPT,
        lambda route: route.fulfill(
            body=content, content_type="text/javascript", headers={"Access-Control-Allow-Origin": "*"}
        ),
    )
    if integrity:

        def known(route):
            answer = route.fetch()
            route.fulfill(response=answer, body=answer.text().replace(KAKAO_INTEGRITY, integrity))

        page.route("**/share/kakao", known)
    page.goto(f"/ko/{CAMPAIGN}/share/kakao")


def forget_kakao(visitor):
    """This page alone asks another host."""
    assert all(KAKAO_SCRIPT in fault for fault in visitor.faults), visitor.faults
    visitor.faults.clear()


def test_kakaotalk_is_asked_to_share_the_address_when_the_button_is_pressed(visitor, site):
    page = visitor.page(lang="ko")
    hashed = "sha384-" + base64.b64encode(sha384(STAND_IN.encode()).digest()).decode()
    open_kakao(page, STAND_IN, hashed)
    assert look_faults(page) == []
    page.locator("[data-open]").click()
    assert page.evaluate("window.asked") == [
        ["init", site.environment["PLEDGE_KAKAO_KEY"]],
        ["sendScrap", f"{site.url}/ko/{CAMPAIGN}"],
    ]
    forget_kakao(visitor)


def test_a_script_with_another_content_than_kakao_published_is_not_run(visitor):
    page = visitor.page(lang="ko")
    open_kakao(page, STAND_IN)
    expect(page.locator("[data-status]")).to_contain_text("주소를 복사해")
    expect(page.locator("[data-open]")).to_be_hidden()
    assert page.evaluate("window.asked") is None
    forget_kakao(visitor)


def test_a_waiting_tab_in_the_background_turns_as_soon_as_the_link_is_pressed_in_the_same_browser(
    visitor, site, email
):
    waiting = visitor.page(lang="ko")
    sign(waiting, "ko", email)
    wait_for_modules(waiting)
    # A tab in the background asks nobody by itself.
    waiting.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    beside = waiting.context.new_page()
    beside.goto(mailed(site, email).link)
    confirm_button(beside).click()
    expect(waiting.locator(".number__value")).to_be_visible()
