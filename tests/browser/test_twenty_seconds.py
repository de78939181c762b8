"""Signing takes few taps, keys and scrolls on a small phone, and the pages on the way wait for nobody."""

import unicodedata

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import (
    CAMPAIGN,
    confirm_button,
    expect_own_number,
    mailed,
    people,
    sign,
    sign_button,
    unfold,
)
from tests.support.browser import PHONE, assert_fits, wait_for_modules
from tests.support.waiting import wait_until

SMALL_PHONE = {"width": 360, "height": 640}


class Thumb:
    """Somebody who taps only what is on the screen, and scrolls by most of a screen to get there."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.taps = self.keys = self.scrolls = 0

    def tap(self, target: Locator) -> None:
        while not self.sees(target):
            assert self.scrolls < 10, f"{target} is not reached"
            self.scroll()
        box = target.bounding_box()
        self.page.mouse.click(box["x"] + min(20, box["width"] / 2), box["y"] + box["height"] / 2)
        self.taps += 1

    def scroll(self) -> None:
        self.page.evaluate("""() => {
            const before = scrollY;
            window.hasScrolled = false;
            window.onscrollend = () => { window.hasScrolled ||= scrollY !== before; };
        }""")
        self.page.mouse.wheel(0, 0.8 * self.page.viewport_size["height"])
        wait_until(lambda: self.page.evaluate("window.hasScrolled"))
        self.scrolls += 1

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        # A Korean syllable is typed letter by letter.
        self.keys += len(unicodedata.normalize("NFD", text))

    def sees(self, target: Locator) -> bool:
        """On the screen, and nothing lies over it."""
        return target.evaluate("""element => {
            const box = element.getBoundingClientRect();
            if (box.top < 0 || box.bottom > innerHeight) return false;
            const there = document.elementFromPoint(box.left + Math.min(20, box.width / 2), box.top + box.height / 2);
            return element.contains(there) || there?.closest("label")?.control === element;
        }""")


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_seven_taps_twenty_six_keys_and_two_scrolls_lead_from_the_campaign_to_being_counted(
    visitor, site, lang
):
    email = f"{lang}@naver.com"
    page = visitor.page(lang=lang, size=PHONE)
    page.goto(f"/{lang}/{CAMPAIGN}")
    wait_for_modules(page)
    thumb = Thumb(page)
    thumb.tap(page.locator(".sign-bar a"))
    thumb.tap(page.locator("#name"))
    thumb.type("홍길동")
    thumb.tap(page.locator("#email"))
    thumb.type(email)
    thumb.tap(page.locator("#agree_all"))
    thumb.tap(sign_button(page))
    page.wait_for_url("**/check**")

    page.goto(mailed(site, email).link)
    thumb.taps += 1  # the link in the mail
    thumb.tap(confirm_button(page))
    expect(page.locator(".number__value")).to_be_visible()
    assert (thumb.taps <= 7, thumb.keys <= 26, thumb.scrolls <= 2) == (True, True, True), vars(thumb)


def test_one_tick_agrees_to_all_that_is_required_and_each_box_stays_its_own(visitor):
    page = visitor.page(lang="en")
    page.goto(f"/en/{CAMPAIGN}/sign")
    every, age, consent = (page.locator(f"#{name}") for name in ("agree_all", "age_ok", "consent_privacy"))
    every.check()
    expect(age).to_be_checked()
    expect(consent).to_be_checked()
    assert not page.locator("#updates").is_checked()
    assert not page.locator("#public_name").is_checked()
    unfold(page.locator("#sign-form"), "age_ok")
    age.uncheck()
    expect(every).not_to_be_checked()
    expect(consent).to_be_checked()


def test_the_button_stays_on_the_screen_but_not_over_the_form(visitor):
    page = visitor.page(lang="ko", size=PHONE)
    page.goto(f"/ko/{CAMPAIGN}")
    bar = page.locator(".sign-bar")
    expect(bar).to_be_in_viewport()
    page.locator("#name").scroll_into_view_if_needed()
    expect(bar).to_be_hidden()
    page.locator("footer").last.scroll_into_view_if_needed()
    expect(bar).to_be_in_viewport()


def test_in_a_low_window_the_button_covers_nothing(visitor):
    page = visitor.page(lang="en", size={"width": 320, "height": 256})
    page.goto(f"/en/{CAMPAIGN}")
    expect(page.locator("h1")).to_be_in_viewport(ratio=1)
    expect(page.locator(".sign-bar")).not_to_be_in_viewport()


def test_text_of_twice_the_size_fits_a_phone(visitor):
    page = visitor.page(lang="ko", size=PHONE)
    session = page.context.new_cdp_session(page)
    session.send("Page.enable")
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 32}})
    page.goto(f"/ko/{CAMPAIGN}/thanks")
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
    assert_fits(page)


@pytest.mark.parametrize("typed", ["Korea", "South K"])
def test_korea_is_found_by_typing_what_one_calls_it(visitor, typed):
    page = visitor.page(lang="en")
    page.goto(f"/en/{CAMPAIGN}/sign")
    country = page.locator("#country")
    country.select_option("NL")
    country.focus()
    page.keyboard.type(typed)
    expect(country).to_have_value("KR")


@pytest.mark.parametrize(
    ("path", "stays"),
    [("sign", "#sign-form button[type=submit]"), ("check", "#code"), ("spread", "#share-url")],
)
def test_nothing_moves_under_a_thumb_when_the_scripts_arrive(visitor, path, stays):
    page = visitor.page(lang="en")
    page.route("**/js/**", lambda route: route.abort())
    page.goto(f"/en/{CAMPAIGN}/{path}")
    page.evaluate("sessionStorage.setItem('pledge.address', 'visitor1234@example.org')")
    place = "element => element.getBoundingClientRect().top + scrollY"
    before = page.locator(stays).evaluate(place)
    page.unroute_all()
    page.reload()
    wait_for_modules(page)
    assert page.locator(stays).evaluate(place) == before


def test_on_a_small_phone_the_button_that_confirms_needs_no_scrolling(visitor, site, email):
    page = visitor.page(lang="en", size=SMALL_PHONE)
    sign(page, "en", email)
    expect(page.locator("#code")).to_be_in_viewport(ratio=1)
    page.goto(mailed(site, email).link)
    expect(confirm_button(page)).to_be_in_viewport(ratio=1)


def test_the_waiting_tab_turns_into_the_thanks_when_the_link_is_pressed_elsewhere(visitor, site, email):
    before = people(site)
    waiting = visitor.page(lang="ko")
    sign(waiting, "ko", email)
    elsewhere = visitor.page(lang="ko")
    elsewhere.goto(mailed(site, email).link)
    confirm_button(elsewhere).click()
    expect_own_number(waiting, "ko", before + 1)
    expect(waiting.locator("main")).not_to_contain_text("홍길동")
    expect(waiting.locator("main a[href*='/me/'], main a[href*='/confirm/']")).to_have_count(0)
