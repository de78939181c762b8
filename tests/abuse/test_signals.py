"""What the signals of one form are, and what follows from them."""

from datetime import UTC, datetime, timedelta
from itertools import chain, combinations

import pytest
from werkzeug.datastructures import Headers

from pledge.abuse.signals import (
    PLACE,
    ClickSignal,
    Level,
    Signal,
    age_signals,
    click_signals,
    header_signals,
    is_among,
    is_disposable,
    is_machine_click,
    level,
    names,
)
from pledge.mail.providers import PROVIDERS

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
LOW, MIDDLE, HIGH = Level
CHROME = {
    "User-Agent": "Mozilla/5.0 (Linux; Android 14; SM-A155N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
    "Accept-Language": "ko-KR,ko;q=0.9",
    "Sec-CH-UA": '"Chromium";v="142"',
    "Sec-Fetch-Site": "same-origin",
}
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1"
KAKAO_ON_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 KAKAOTALK 25.8.0"
KAKAO_ON_ANDROID = "Mozilla/5.0 (Linux; Android 13; SM-G991N; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/120.0.0.0 Mobile Safari/537.36 KAKAOTALK/2410850"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
OLD_CHROME = (
    "Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/70.0.3538.77 Safari/537.36"
)
LYNX = "Lynx/2.9.0dev.12 libwww-FM/2.14 SSL-MM/1.4.1"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("", LOW),
        ("quick", LOW),
        ("no_form headers", LOW),
        ("network wide_network domain", LOW),
        ("breaker", MIDDLE),
        ("network wide_network limit", MIDDLE),
        ("network limit no_form headers", MIDDLE),  # a neighbour can fill it, so it holds nobody
        ("disposable", MIDDLE),
        ("network wide_network domain breaker", MIDDLE),
        ("network headers", MIDDLE),
        ("wide_network quick", MIDDLE),
        ("domain no_form", MIDDLE),
        ("disposable quick", MIDDLE),
        ("network no_form headers", MIDDLE),
        ("domain quick headers", HIGH),
        ("breaker no_form headers", HIGH),
        ("disposable no_form headers", HIGH),
        ("disposable domain", HIGH),
        ("disposable network", HIGH),
        ("proved", LOW),
        ("network headers unproved", MIDDLE),
        ("old_form", LOW),
        ("network old_form", MIDDLE),
        ("network old_form headers", MIDDLE),  # a page that was left open holds nobody
    ],
)
def test_what_follows_from_the_signals(names, expected):
    assert level(map(Signal, names.split())) is expected


def test_forms_of_others_from_the_same_place_raise_the_level_by_one_step_at_most():
    order = list(Level)
    own = set(Signal) - PLACE
    for some in chain.from_iterable(combinations(own, size) for size in range(5)):
        assert order.index(level({*some, *PLACE})) <= order.index(level(some)) + 1, some


def test_no_signal_alone_holds_a_signature():
    assert [signal for signal in Signal if level([signal]) is HIGH] == []


def test_one_more_signal_never_lowers_the_level():
    order = list(Level)
    for some in chain.from_iterable(combinations(Signal, size) for size in range(4)):
        for more in Signal:
            assert order.index(level({*some, more})) >= order.index(level(some)), (some, more)


def test_signals_are_stored_by_name_and_all_that_can_come_together_fit_the_column():
    assert names({Signal.PROVED, Signal.DOMAIN, Signal.HEADERS}) == "domain headers proved"
    assert names(set()) is None
    # The first two exclude no_form, the last excludes unproved.
    together = set(Signal) - {Signal.QUICK, Signal.OLD_FORM, Signal.PROVED}
    assert len(names(together)) <= 80


def test_a_stored_signal_is_found_by_its_whole_name():
    assert is_among(Signal.PROVED, "domain proved")
    assert not is_among(Signal.PROVED, "unproved")
    assert not is_among(Signal.NETWORK, "wide_network")
    assert not is_among(Signal.NETWORK, None)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(seconds=0), {Signal.QUICK}),
        (timedelta(seconds=1.9), {Signal.QUICK}),
        (timedelta(seconds=2), set()),
        (timedelta(minutes=1), set()),
        (timedelta(days=1), set()),
        (timedelta(days=1, seconds=1), {Signal.OLD_FORM}),
        (timedelta(minutes=-4), {Signal.QUICK}),  # made by a machine whose clock is ahead
        (timedelta(minutes=-6), {Signal.NO_FORM}),
        (None, {Signal.NO_FORM}),
    ],
)
def test_the_age_of_a_form(age, expected):
    assert age_signals(None if age is None else NOW - age, NOW) == expected


def without(*left_out):
    return {name: value for name, value in CHROME.items() if name not in left_out}


@pytest.mark.parametrize(
    "headers",
    [
        CHROME,
        *({"User-Agent": agent, "Accept-Language": "ko"} for agent in (SAFARI, KAKAO_ON_IPHONE, FIREFOX)),
        *({"User-Agent": agent, "Accept-Language": "ko"} for agent in (KAKAO_ON_ANDROID, OLD_CHROME, LYNX)),
    ],
    ids=["Chrome", "Safari", "KakaoTalk on iPhone", "Firefox", "KakaoTalk on Android", "old Chrome", "Lynx"],
)
def test_no_browser_is_judged_by_its_headers(headers):
    assert header_signals(headers.get, encrypted=True) == set()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"User-Agent": "python-requests/2.32"},
        without("User-Agent"),
        without("Accept-Language"),
        without("Sec-Fetch-Site"),
        without("Sec-Fetch-Site", "Sec-CH-UA"),
        without("Sec-Fetch-Site") | {"User-Agent": SAFARI},
        CHROME | {"User-Agent": ""},
    ],
)
def test_a_program_that_does_not_trouble_to_look_like_a_browser_is_seen(headers):
    assert header_signals(headers.get, encrypted=True) == {Signal.HEADERS}


def test_without_https_chromium_sends_no_fetch_metadata_and_is_not_judged_by_it():
    assert header_signals(without("Sec-Fetch-Site").get, encrypted=False) == set()


@pytest.mark.parametrize("agent", ["a Chrome/", "a Chrome/x.1", "a Chrome/²", "a Chrome/" + "9" * 5000])
def test_a_strange_user_agent_is_read_without_an_error(agent):
    assert header_signals({"User-Agent": agent, "Accept-Language": "ko"}.get, encrypted=True) == set()


# --- Throwaway addresses ---


@pytest.mark.parametrize(
    "domain", ["mailinator.com", "a.b.mailinator.com", "guerrillamail.com", "yopmail.com", "10minutemail.com"]
)
def test_a_throwaway_domain_and_what_is_below_it_is_known(domain):
    assert is_disposable(domain)


@pytest.mark.parametrize(
    "domain", ["", "com", "naver.com", "seoulmailinator.com", "mailinator.com.kr", "moe.go.kr", "example.org"]
)
def test_other_domains_are_none(domain):
    assert not is_disposable(domain)


def test_no_large_provider_gives_out_throwaway_addresses():
    assert not [domain for domain in PROVIDERS if is_disposable(domain)]


# --- The press of a button ---

LATER = timedelta(minutes=3)
PRESSED_CHROMIUM = {
    "Sec-CH-UA": '"Chromium";v="140"',
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
}
PEOPLE = {
    "Chromium": {**PRESSED_CHROMIUM, "Sec-Fetch-User": "?1"},
    "Safari, which has no Sec-Fetch-User": {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"},
    "an older Safari": {"Origin": "https://pledge.example"},
    "Firefox": {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-User": "?1"},
    "a browser inside another application": {"User-Agent": "Mozilla/5.0 KAKAOTALK"},
    "Chromium behind a proxy that takes fetch metadata away": {"Sec-CH-UA": '"Chromium";v="140"'},
    "nothing at all": {},
}
MACHINES = {
    "a script that submits": PRESSED_CHROMIUM,
    "a script that fetches": {**PRESSED_CHROMIUM, "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
    "a press that was forged": {**PRESSED_CHROMIUM, "Sec-Fetch-User": "?0"},
}


@pytest.mark.parametrize("browser", PEOPLE)
def test_no_browser_of_a_person_is_taken_for_a_machine(browser):
    assert click_signals(Headers(PEOPLE[browser]).get, LATER) == set()


@pytest.mark.parametrize("browser", MACHINES)
def test_a_chromium_that_nobody_touched_is_a_machine(browser):
    signals = click_signals(Headers(MACHINES[browser]).get, LATER)
    assert signals == {ClickSignal.NO_GESTURE}
    assert is_machine_click(signals)


def test_a_quick_press_is_noted_and_asks_nobody():
    signals = click_signals(Headers(PEOPLE["Chromium"]).get, timedelta(seconds=4))
    assert signals == {ClickSignal.INSTANT}
    assert not is_machine_click(signals)
    assert click_signals(Headers().get, timedelta(seconds=5)) == set()


def test_the_names_of_a_press_fit_their_column():
    assert names(ClickSignal) == "asked instant no_gesture"
    assert len(names(ClickSignal)) <= 80
