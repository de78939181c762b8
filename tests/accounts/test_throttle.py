"""Tries to get in are slowed down, never locked out, in the database."""

import pytest

from pledge.accounts import throttle
from pledge.accounts.throttle import NETWORK, PASSWORD, SECOND_FACTOR
from tests.support.at_once import at_once


def test_five_tries_pass_and_the_sixth_waits(app, frozen_clock):
    assert [throttle.count_attempt(PASSWORD, "a@example.org") for _ in range(6)] == [0, 0, 0, 0, 0, 60]


def test_twenty_failures_from_one_network_slow_it_down(app, frozen_clock):
    assert [throttle.count_attempt(NETWORK, "203.0.113.7") for _ in range(21)] == [0] * 20 + [60]


def test_the_waits_grow_up_to_a_bound(app, frozen_clock):
    for _ in range(5):
        throttle.count_attempt(SECOND_FACTOR, "1")
    waits = []
    for _ in range(7):
        wait = throttle.count_attempt(SECOND_FACTOR, "1")
        waits.append(wait)
        frozen_clock.move(seconds=wait)
        assert throttle.count_attempt(SECOND_FACTOR, "1") == 0, "it is a wait, not a lock"
    assert waits == [60, 120, 240, 480, 900, 900, 900]


def test_who_waits_the_longest_wait_out_does_not_begin_anew(app, frozen_clock):
    for _ in range(5):
        throttle.count_attempt(SECOND_FACTOR, "1")
    for _ in range(12):
        frozen_clock.move(seconds=throttle.count_attempt(SECOND_FACTOR, "1") + 1)
        assert throttle.count_attempt(SECOND_FACTOR, "1") == 0
    assert throttle.count_attempt(SECOND_FACTOR, "1") == 900


def test_hammering_does_not_push_the_wait_on(app, frozen_clock):
    for _ in range(5):
        throttle.count_attempt(PASSWORD, "a@example.org")
    for _ in range(30):
        frozen_clock.move(seconds=1)
        assert throttle.count_attempt(PASSWORD, "a@example.org") > 0
    frozen_clock.move(seconds=30)
    assert throttle.count_attempt(PASSWORD, "a@example.org") == 0


def test_all_is_forgotten_after_a_calm_time_and_after_success(app, frozen_clock):
    for _ in range(5):
        throttle.count_attempt(PASSWORD, "a@example.org")
        throttle.count_attempt(PASSWORD, "b@example.org")
    frozen_clock.move(minutes=16)
    assert [throttle.count_attempt(PASSWORD, "a@example.org") for _ in range(5)] == [0] * 5
    throttle.reset(PASSWORD, "a@example.org")
    assert [throttle.count_attempt(PASSWORD, "a@example.org") for _ in range(5)] == [0] * 5


def test_who_gets_in_does_not_slow_down_the_others_of_an_office(app, frozen_clock):
    for _ in range(100):
        assert throttle.count_attempt(NETWORK, "203.0.113.7") == 0
        throttle.uncount_attempt(NETWORK, "203.0.113.7")


def test_accounts_and_networks_are_counted_apart(app, frozen_clock):
    for _ in range(6):
        throttle.count_attempt(PASSWORD, "a@example.org")
    assert throttle.count_attempt(PASSWORD, "b@example.org") == 0
    assert throttle.count_attempt(SECOND_FACTOR, "a@example.org") == 0


def test_tries_at_the_same_time_are_all_counted(app, frozen_clock):
    waits = at_once(app, *[lambda: throttle.count_attempt(PASSWORD, "a@example.org")] * 24)
    assert waits.count(0) == 5


@pytest.mark.usefixtures("app")
def test_no_address_is_stored():
    from sqlalchemy import select

    from pledge.accounts.models import StaffAttempt
    from pledge.core.db import db

    throttle.count_attempt(PASSWORD, "a@example.org")
    (key,) = db.session.scalars(select(StaffAttempt.key)).all()
    assert b"example" not in bytes(key)
    assert len(key) == 32
