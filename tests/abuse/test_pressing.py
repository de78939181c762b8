"""The signals of a press: what browsers send when a person presses is never taken for a machine."""

from datetime import timedelta

import pytest
from werkzeug.datastructures import Headers

from pledge.abuse.pressing import Press, is_machine, seen
from pledge.abuse.signals import names

LATER = timedelta(minutes=3)
CHROMIUM = {
    "Sec-CH-UA": '"Chromium";v="140"',
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
}
PEOPLE = {
    "Chromium": {**CHROMIUM, "Sec-Fetch-User": "?1"},
    "Safari, which has no Sec-Fetch-User": {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"},
    "an older Safari": {"Origin": "https://pledge.example"},
    "Firefox": {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-User": "?1"},
    "a browser inside another application": {"User-Agent": "Mozilla/5.0 KAKAOTALK"},
    "Chromium behind a proxy that takes fetch metadata away": {"Sec-CH-UA": '"Chromium";v="140"'},
    "nothing at all": {},
}
MACHINES = {
    "a script that submits": CHROMIUM,
    "a script that fetches": {**CHROMIUM, "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
    "a press that was forged": {**CHROMIUM, "Sec-Fetch-User": "?0"},
}


@pytest.mark.parametrize("browser", PEOPLE)
def test_no_browser_of_a_person_is_taken_for_a_machine(browser):
    assert seen(Headers(PEOPLE[browser]).get, LATER) == set()


@pytest.mark.parametrize("browser", MACHINES)
def test_a_chromium_that_nobody_touched_is_a_machine(browser):
    signals = seen(Headers(MACHINES[browser]).get, LATER)
    assert signals == {Press.NO_GESTURE}
    assert is_machine(signals)


def test_a_quick_press_is_noted_and_asks_nobody():
    signals = seen(Headers(PEOPLE["Chromium"]).get, timedelta(seconds=4))
    assert signals == {Press.INSTANT}
    assert not is_machine(signals)
    assert seen(Headers().get, timedelta(seconds=5)) == set()


def test_the_names_fit_their_column():
    assert names(Press) == "asked instant no_gesture"
    assert len(names(Press)) <= 80
