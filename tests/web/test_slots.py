"""Slots: the urgent first, a deadline for each urgency, and a refusal at once where it cannot be met."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pledge.web import slots
from pledge.web.slots import Slots, Urgency
from tests.support.waiting import PATIENCE, wait_until

#: So long that none passes while a slow machine does something else.
URGENT = Urgency("urgent", deadline=1000.0, waiting=4)
USUAL = Urgency("usual", deadline=200.0, waiting=4)
#: What is said at once takes less.
AT_ONCE = 60


@pytest.fixture(autouse=True)
def _stalls_late(monkeypatch):
    monkeypatch.setattr(slots, "STALLED", 200.0)


@pytest.fixture
def pool():
    with ThreadPoolExecutor(12) as pool:
        yield pool


def worked(some, seconds, times=100):
    """Requests took so long lately."""
    for _ in range(times):
        assert some.take(USUAL)
        some.give_back(slots.clock.monotonic() - seconds)


def waiting(some):
    return sum(len(queue) for queue in some._queues.values())


def test_who_finds_all_slots_taken_waits_until_one_is_free(pool):
    some = Slots(2, USUAL)
    assert some.take(USUAL)
    assert some.take(USUAL)
    third = pool.submit(some.take, USUAL)
    wait_until(lambda: waiting(some) == 1)
    assert not third.done()
    some.give_back(time.monotonic())
    assert third.result(PATIENCE) is True


def test_the_urgent_go_first_and_within_a_kind_the_first(pool):
    some = Slots(1, URGENT, USUAL)
    assert some.take(USUAL)
    order = []

    def work(name, urgency):
        assert some.take(urgency)
        order.append(name)
        some.give_back(slots.clock.monotonic())

    came = []
    for place, (name, urgency) in enumerate([("a", USUAL), ("b", USUAL), ("c", URGENT), ("d", URGENT)], 1):
        came.append(pool.submit(work, name, urgency))
        wait_until(lambda place=place: waiting(some) == place)
    some.give_back(time.monotonic())
    for one in came:
        one.result(PATIENCE)
    assert order == ["c", "d", "a", "b"]


def test_who_would_wait_longer_than_the_deadline_is_refused_at_once():
    some = Slots(2, URGENT, USUAL)
    worked(some, 600.0)
    assert some.take(USUAL)
    assert some.take(USUAL)
    began = time.monotonic()
    assert some.take(USUAL) is False  # one to finish before it, of two that take 600 s: 300 s
    assert time.monotonic() - began < AT_ONCE


def test_the_urgent_still_wait_when_others_are_refused(pool):
    some = Slots(2, URGENT, USUAL)
    worked(some, 600.0)
    assert some.take(USUAL)
    assert some.take(USUAL)
    urgent = pool.submit(some.take, URGENT)
    wait_until(lambda: waiting(some) == 1)
    assert some.take(USUAL) is False
    some.give_back(slots.clock.monotonic())
    assert urgent.result(PATIENCE) is True


def test_a_wait_that_lasts_longer_than_expected_ends_at_the_deadline():
    some = Slots(1, Urgency("hasty", deadline=0.2, waiting=4))
    hasty = next(iter(some._queues))
    assert some.take(hasty)
    began = time.monotonic()
    assert some.take(hasty) is False
    assert 0.2 <= time.monotonic() - began < AT_ONCE
    assert waiting(some) == 0
    some.give_back(time.monotonic())
    assert some.take(hasty)


def test_no_more_wait_than_there_are_threads_for(pool):
    some = Slots(1, URGENT, USUAL)
    assert some.take(USUAL)
    held = [pool.submit(some.take, USUAL) for _ in range(USUAL.waiting)]
    wait_until(lambda: waiting(some) == USUAL.waiting)
    began = time.monotonic()
    assert some.take(USUAL) is False
    assert time.monotonic() - began < AT_ONCE
    for _ in held:
        some.give_back(slots.clock.monotonic())
    assert all(one.result(PATIENCE) for one in held)


def test_a_first_request_after_a_quiet_hour_is_not_taken_for_a_stall(frozen_clock, pool):
    some = Slots(1, USUAL)
    assert some.take(USUAL)
    some.give_back(slots.clock.monotonic())
    frozen_clock.move(hours=1)
    assert some.take(USUAL)
    second = pool.submit(some.take, USUAL)
    wait_until(lambda: waiting(some) == 1)
    some.give_back(slots.clock.monotonic())
    assert second.result(PATIENCE) is True


def test_many_at_once_are_all_answered_and_no_slot_is_lost():
    some = Slots(3, URGENT, USUAL)
    at_work, most, answers, lock = 0, 0, [], threading.Lock()

    def work(place):
        nonlocal at_work, most
        given = some.take(URGENT if place % 3 == 0 else USUAL)
        if given:
            began = time.monotonic()
            with lock:
                at_work += 1
                most = max(most, at_work)
            time.sleep(0.001)
            with lock:
                at_work -= 1
            some.give_back(began)
        answers.append(given)

    with ThreadPoolExecutor(30) as pool:
        list(pool.map(work, range(600)))
    assert len(answers) == 600
    assert most <= 3
    assert some._free == 3
    assert waiting(some) == 0
