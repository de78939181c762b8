"""The number on an open page: it follows, politely, and knows when to rest."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import CAMPAIGN, people, shown_number
from tests.support.browser import MODULES, PAINTED
from tests.support.waiting import wait_until

COUNT = "**/api/v1/campaigns/blue-skies/count"
MORNING, NOON = "2026-11-24T00:00:00Z", "2026-11-24T03:00:00Z"


#: In the page: how often it has asked, and how often it has had its answer or none. Each is true as soon as the page's own
#: scripts have run, however long the answer takes.
COUNTED = """
    window.asked = window.answered = 0;
    const { fetch } = window, { json } = Response.prototype;
    window.fetch = async (...all) => {
        asked += 1;
        try { return await fetch(...all); } catch (error) { answered += 1; throw error; }
    };
    Response.prototype.json = async function () {
        const body = await json.call(this);
        answered += 1;
        return body;
    };
"""


class Server:
    """A fake of the count's address: it says the number we want, or does not answer."""

    def __init__(self, page, number):
        self.number = number
        self.away = False
        self.seconds = 0
        page.route(COUNT, self.answer)

    def answer(self, route):
        if self.away:
            route.abort()
            return
        self.seconds += 1
        moment = f"2026-11-24T00:00:{self.seconds % 60:02d}Z"
        body = {"people": self.number, "organizations": 0, "as_of": moment}
        route.fulfill(content_type="application/json", body=json.dumps(body))


def still_page(visitor, **more):
    """A window whose time passes by the test's hand alone, so that a minute takes no minute, and a slow machine none more."""
    opened = visitor.page(lang="en", **more)
    opened.clock.install(time=MORNING)
    opened.clock.pause_at(NOON)  # it must not have come until then
    opened.add_init_script(COUNTED)
    return opened


@pytest.fixture
def page(visitor):
    return still_page(visitor)


@pytest.fixture
def server(page, site):
    return Server(page, people(site))


def open_campaign(page, rest=""):
    page.goto(f"/en/{CAMPAIGN}{rest}")
    page.evaluate(PAINTED)
    page.evaluate(MODULES)


def hide(page, hidden):
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
            Object.defineProperty(document, "visibilityState", {value: hidden ? "hidden" : "visible", configurable: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def pass_time(page, seconds):
    """In steps, between which every answer arrives."""
    for _ in range(int(seconds * 4)):
        page.clock.run_for(250)
        wait_until(lambda: page.evaluate("asked === answered"), "an answer does not arrive")


def requests_of(page):
    return page.evaluate("asked")


def until_asked(page, times=1, seconds=20):
    """Let time pass until the page has asked so many times more; how many seconds of its time that took."""
    wanted = requests_of(page) + times
    for passed in range(seconds * 4):
        if requests_of(page) >= wanted:
            return passed / 4
        pass_time(page, 0.25)
    raise AssertionError(f"the page asked {requests_of(page)} times, not {wanted}")


def test_the_number_moves_with_its_word_the_bar_and_the_time(page, server):
    open_campaign(page)
    server.number = 1
    until_asked(page)
    expect(shown_number(page)).to_have_text("1")
    label = page.locator("[data-label]").inner_text()
    server.number = 1234
    until_asked(page)
    expect(shown_number(page)).to_have_text("1,234")
    assert page.locator("[data-label]").inner_text() != label
    assert page.locator("[data-bar]").evaluate("bar => bar.value") == 1234
    expect(page.locator("[data-next-step]")).to_have_text("766 to go to 2,000")
    assert page.locator("[data-bar]").get_attribute("aria-valuetext") == "1,234 of 2,000"
    assert page.locator("[data-sentence]").inner_text() == ""
    server.number = 12_000
    until_asked(page)
    expect(page.locator("[data-sentence]")).to_contain_text("an open question")
    # In Seoul's time, whatever clock the reader has.
    expect(page.locator("[data-time]")).to_contain_text("24 November 2026")
    expect(page.locator("[data-time]")).to_contain_text("09:00")


def test_a_screen_reader_hears_the_number_now_and_then_and_politely(page, server):
    open_campaign(page)
    announcement = page.locator("[data-announce]")
    assert announcement.get_attribute("role") == "status"
    assert page.locator("[data-count]").evaluate("e => e.closest('[aria-live], [role=status]')") is None
    page.evaluate(
        """() => {
            window.heard = [];
            new MutationObserver(() => window.heard.push(document.querySelector("[data-announce]").textContent))
                .observe(document.querySelector("[data-announce]"), {childList: true, characterData: true, subtree: true});
        }"""
    )
    for _ in range(20):
        server.number += 1
        until_asked(page)
    pass_time(page, 11)
    heard = page.evaluate("window.heard")
    assert 1 <= len(heard) <= 5, heard
    assert f"{server.number:,}" in heard[-1]


def test_who_wants_less_motion_sees_it_jump_others_see_it_count(visitor, site):
    for calm in (True, False):
        page = still_page(visitor, calm=calm)
        server = Server(page, people(site))
        page.add_init_script(
            """addEventListener("DOMContentLoaded", () => {
                window.steps = new Set();
                new MutationObserver(() => window.steps.add(document.querySelector("[data-count]").textContent))
                    .observe(document.querySelector("[data-count]"), {childList: true, characterData: true, subtree: true});
            })"""
        )
        open_campaign(page)
        server.number += 5000
        until_asked(page)
        pass_time(page, 1)
        expect(shown_number(page)).to_have_text(f"{server.number:,}")
        steps = page.evaluate("window.steps.size")
        assert (steps == 1) if calm else (steps > 2), f"calm={calm}: {steps} steps"


def test_a_hidden_tab_rests_and_asks_at_once_when_it_is_seen_again(page, server):
    open_campaign(page)
    until_asked(page)
    hide(page, hidden=True)
    before = requests_of(page)
    pass_time(page, 30)
    assert requests_of(page) == before, "a hidden tab asked"
    server.number += 1
    hide(page, hidden=False)
    expect(shown_number(page)).to_have_text(f"{server.number:,}")


def test_the_page_for_a_hall_keeps_its_number_without_network_says_since_when_and_comes_back(page, server):
    open_campaign(page, "/live")
    until_asked(page)
    shown = shown_number(page).inner_text()
    away = page.locator("[data-away]")
    expect(away).to_be_hidden()
    server.away = True
    pauses = [until_asked(page, seconds=100) for _ in range(5)]
    assert pauses[-1] > 4 * pauses[0], pauses
    expect(away).to_contain_text(
        re.compile(r"No connection since \d\d:\d\d\. This is the last known number\.")
    )
    expect(shown_number(page)).to_have_text(shown)
    server.away = False
    server.number += 1
    page.evaluate("window.dispatchEvent(new Event('online'))")
    until_asked(page, seconds=2)
    expect(shown_number(page)).to_have_text(f"{server.number:,}")
    expect(away).to_be_hidden()
    until_asked(page)
    assert until_asked(page) < 3, "it did not find back to its pace"


def test_the_page_asks_often_for_some_minutes_then_less_but_never_stops(page, server):
    open_campaign(page)
    until_asked(page)
    page.clock.fast_forward(5 * 60_000)
    until_asked(page, times=10, seconds=100)
    assert until_asked(page) < 2, "five minutes after opening, a signature would show too late"

    page.clock.fast_forward(30 * 60_000)
    until_asked(page, times=15, seconds=200)
    assert 5 < until_asked(page) <= 13
