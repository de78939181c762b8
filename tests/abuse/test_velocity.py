"""The limits of a form, on a real Redis and in the process."""

import time
from types import SimpleNamespace

import pytest
from limits.storage import MemoryStorage, memory, storage_from_string

from pledge.abuse.signals import Signal
from pledge.abuse.velocity import FormLimit, exceeded, first_time, take_back
from tests.support.at_once import at_once

pytestmark = pytest.mark.sqlite_only
NETWORK = FormLimit(Signal.NETWORK, "network 203.0.113.7", "3 per 10 minutes")
DOMAIN = FormLimit(Signal.DOMAIN, "domain evil.example.com", "5 per hour")


@pytest.fixture(params=["redis", "memory"])
def storage(request):
    """Both kinds of counters."""
    if request.param == "memory":
        return MemoryStorage()
    server = request.getfixturevalue("redis")
    return storage_from_string(server.url)


def seen(storage, times, *limits, count=True):
    return [exceeded(storage, limits, count=count) for _ in range(times)]


def test_the_fourth_form_of_a_network_is_above_a_limit_of_three(app, storage):
    assert seen(storage, 5, NETWORK) == [set()] * 3 + [{NETWORK}] * 2


def test_each_limit_has_a_counter_of_its_own(app, storage):
    assert seen(storage, 6, NETWORK, DOMAIN)[-1] == {NETWORK, DOMAIN}
    other = FormLimit(Signal.NETWORK, "network 203.0.113.8", "3 per 10 minutes")
    assert seen(storage, 1, other, DOMAIN) == [{DOMAIN}]


def test_asking_without_counting_changes_nothing(app, storage):
    assert seen(storage, 9, NETWORK, count=False) == [set()] * 9
    seen(storage, 4, NETWORK)
    assert seen(storage, 2, NETWORK, count=False) == [{NETWORK}] * 2


def test_after_its_time_a_limit_in_memory_begins_anew(app, monkeypatch):
    storage, began = MemoryStorage(), memory.time.time()
    hourly = FormLimit(Signal.NETWORK, "network 203.0.113.7", "1 per hour")
    assert seen(storage, 2, hourly) == [set(), {hourly}]
    monkeypatch.setattr(memory, "time", SimpleNamespace(time=lambda: began + 3601))
    assert seen(storage, 1, hourly) == [set()]


def test_a_limit_of_several_parts_is_exceeded_with_any_of_them(app, storage):
    both = FormLimit(Signal.NETWORK, "network 203.0.113.7", "9 per minute; 1 per hour")
    assert seen(storage, 2, both) == [set(), {both}]


def test_two_limits_on_the_same_thing_count_it_once(app, storage):
    more = FormLimit("sign", NETWORK.what, "5 per 10 minutes")
    assert seen(storage, 6, NETWORK, more) == [set()] * 3 + [{NETWORK}] * 2 + [{NETWORK, more}]


def test_what_was_refused_is_not_counted_and_the_end_of_the_limit_is_told(app, storage, monkeypatch):
    monkeypatch.setattr(memory, "time", time)
    seen(storage, 5, DOMAIN)
    for _ in range(3):
        assert seen(storage, 1, NETWORK, DOMAIN) == [{DOMAIN}]
        assert 3599 < take_back(storage, [NETWORK, DOMAIN], DOMAIN) - time.time() < 3601
    assert seen(storage, 4, NETWORK)[-2:] == [set(), {NETWORK}]


def test_of_twenty_at_once_one_is_the_first(app, storage):
    answers = at_once(app, *[lambda: first_time(storage, "this one", 360)] * 20)
    assert sorted(answers) == [False] * 19 + [True]
    assert not first_time(storage, "this one", 360)
    assert first_time(storage, "another", 360)


def test_all_counters_take_one_trip_and_tell_neither_network_nor_domain(app, redis):
    storage = storage_from_string(redis.url)
    exceeded(storage, [NETWORK, DOMAIN], count=True)
    sent = []
    connection = storage.get_connection().connection_pool.get_connection()
    storage.get_connection().connection_pool.release(connection)
    send = connection.send_packed_command
    connection.send_packed_command = lambda *args, **options: (sent.append(1), send(*args, **options))[1]
    exceeded(storage, [NETWORK, DOMAIN], count=True)
    assert len(sent) == 1
    with redis.client() as inside:
        keys = b" ".join(inside.keys("*"))
        assert all(0 < inside.ttl(key) <= 3600 for key in inside.keys("*"))
    assert b"203.0.113" not in keys
    assert b"evil" not in keys


def test_a_counter_without_an_end_gets_one(app, redis):
    storage = storage_from_string(redis.url)
    exceeded(storage, [NETWORK], count=True)
    with redis.client() as inside:
        (key,) = inside.keys("*")
        inside.persist(key)
        exceeded(storage, [NETWORK], count=True)
        assert 0 < inside.ttl(key) <= 600
