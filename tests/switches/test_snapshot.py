"""Every process learns within two seconds what was turned, and a warm one asks the database nothing."""

import contextvars
import threading
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from pledge.audit.models import Actor
from pledge.audit.queries import Search, page
from pledge.core.db import db
from pledge.core.languages import Texts
from pledge.switches import moderation, queries
from pledge.switches.registry import BadTurn, CannotTurn, Switch, Switches
from tests.support.waiting import PATIENCE

ADMIN = Actor(1, "admin@pledge.example", "203.0.113.7")


def turned_elsewhere(name: str, value: str, clock) -> None:
    """As another process would: this one is not told."""
    with db.engine.begin() as connection:
        connection.execute(Switch.__table__.insert().values(name=name, value=value, changed_at=clock.now()))


def test_no_switch_is_on_where_nothing_was_ever_turned(app):
    assert queries.current() == Switches(False, False, Texts(), 1)


def test_a_switch_acts_at_once_in_the_process_that_turned_it(app, frozen_clock):
    queries.current()
    moderation.turn(ADMIN, "signing", True, "attack")
    moderation.turn(ADMIN, "mail", True, "the relay is full")
    moderation.turn(ADMIN, "banner", {"ko": "점검 중", "en": "At work"}, "upkeep")
    moderation.turn(ADMIN, "limits", 5, "a hall of people")
    assert queries.current() == Switches(True, True, Texts(ko="점검 중", en="At work"), 5)
    assert queries.current().turned_at["mail"] == frozen_clock.now()
    moderation.turn(ADMIN, "signing", False, "over")
    moderation.turn(ADMIN, "banner", {"ko": "", "en": " "}, "over")
    assert queries.current().signing_paused is False
    assert not queries.current().banner


def test_the_row_of_a_switch_that_is_no_longer_declared_is_ignored(app, frozen_clock):
    turned_elsewhere("earlier", "true", frozen_clock)
    assert queries.stored() == Switches()


def test_another_process_learns_of_a_switch_within_two_seconds(app, frozen_clock):
    assert not queries.current().signing_paused
    turned_elsewhere("signing", "true", frozen_clock)
    frozen_clock.move(seconds=1.9)
    assert not queries.current().signing_paused
    frozen_clock.move(seconds=0.2)
    assert queries.current().signing_paused


def test_a_process_that_knows_the_switches_asks_the_database_nothing(app, frozen_clock, statements):
    queries.current()
    with statements() as seen:
        frozen_clock.move(seconds=1.9)
        for _ in range(100):
            queries.current()
    assert seen == []


def test_one_caller_reads_anew_while_the_others_go_on(app, frozen_clock, monkeypatch):
    queries.current()
    frozen_clock.move(seconds=10)
    began, go = threading.Event(), threading.Event()
    reads = []

    def slow():
        reads.append(1)
        began.set()
        go.wait(PATIENCE)
        return Switches(signing_paused=True)

    monkeypatch.setattr(queries, "stored", slow)

    def ask() -> None:
        with app.app_context():
            queries.current()

    reader = threading.Thread(target=contextvars.Context().run, args=(ask,))
    reader.start()
    assert began.wait(PATIENCE)
    assert queries.current().signing_paused is False, "the last word, without waiting"
    go.set()
    reader.join()
    assert queries.current().signing_paused is True
    assert len(reads) == 1


def test_while_the_database_is_away_the_last_word_holds(app, frozen_clock, monkeypatch):
    moderation.turn(ADMIN, "signing", True, "attack")
    assert queries.current().signing_paused
    asked = []

    def away():
        asked.append(1)
        raise OperationalError("SELECT", {}, Exception())

    monkeypatch.setattr(queries, "stored", away)
    frozen_clock.move(hours=1)
    assert queries.current().signing_paused
    assert queries.current().signing_paused
    assert len(asked) == 1, "the next try waits: each may hang"
    frozen_clock.move(seconds=3)
    assert queries.current().signing_paused
    assert len(asked) == 2


def test_a_process_that_never_reached_the_database_goes_by_the_defaults(app_on):
    app = app_on("postgresql://nobody@127.0.0.1:1/nothing")
    with app.app_context():
        assert queries.current() == Switches()


def test_each_database_has_its_own_switches(app, make_app, new_database, frozen_clock):
    other = make_app(database_url=new_database("sqlite", "other"))
    moderation.turn(ADMIN, "signing", True, "attack")
    with other.app_context():
        assert not queries.current().signing_paused
    assert queries.current().signing_paused


# --- What a turn must say ---


@pytest.mark.parametrize(
    ("turn", "fault"),
    [
        (lambda: moderation.turn(ADMIN, "signing", True, "  "), BadTurn.NO_REASON),
        (lambda: moderation.turn(ADMIN, "mail", True, "x" * 501), BadTurn.LONG_REASON),
        (lambda: moderation.turn(ADMIN, "banner", {"ko": "점검", "en": " "}, "upkeep"), BadTurn.HALF_BANNER),
        (
            lambda: moderation.turn(ADMIN, "banner", {"ko": "가" * 301, "en": "x"}, "upkeep"),
            BadTurn.LONG_BANNER,
        ),
        (lambda: moderation.turn(ADMIN, "limits", 3, "more"), BadTurn.FACTOR),
        (lambda: moderation.turn(ADMIN, "limits", 0, "none at all"), BadTurn.FACTOR),
    ],
)
def test_a_turn_without_what_it_needs_turns_nothing(app, turn, fault):
    with pytest.raises(CannotTurn) as raised:
        turn()
    assert raised.value.fault is fault
    assert queries.stored() == Switches()
    assert page(Search()).lines == []


def test_each_turn_is_in_the_audit_log_with_what_was_so_before(app, frozen_clock):
    until = (frozen_clock.now() + timedelta(hours=24)).isoformat()
    moderation.turn(ADMIN, "limits", 5, "a hall of people")
    moderation.turn(ADMIN, "limits", 1, "they have gone")
    after, before = page(Search(subject="switch")).lines
    assert (before.actor, before.action, before.subject) == (ADMIN.name, "switch.limits", "switch:limits")
    assert (before.reason, before.details) == (
        "a hall of people",
        f'{{"after":5,"before":null,"until":"{until}"}}',
    )
    assert (after.reason, after.details) == ("they have gone", '{"after":1,"before":5,"until":null}')
