"""What became of a demand: entered with its source, published by a second person, and the state that follows from it."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from pledge.accounts.two_people import NeedsSecondPerson, NoSuchProposal, WrongState
from pledge.audit.services import NoReason
from pledge.campaigns import items, staff_queries
from pledge.campaigns.demands import DEMAND
from pledge.campaigns.rules import BadFields
from pledge.core.db import transaction
from pledge.core.languages import Texts
from pledge.demands import queries, services
from tests.support import demands, factories
from tests.support.audit import actions
from tests.support.factories import ANNA, BORA, EDITOR, the_campaign

pytestmark = pytest.mark.usefixtures("app")


def shown():
    (demand,) = queries.public(the_campaign().id)
    return demand.state, demand.days_silent


def test_what_became_of_a_demand_is_public_once_a_second_person_has_published_it():
    number = demands.asked()
    stamp = demands.entered(number)
    assert shown() == ("asked", 30)
    with pytest.raises(NeedsSecondPerson):
        services.publish(ANNA, number, stamp)
    assert shown() == ("asked", 30)
    services.publish(BORA, number, stamp)
    assert shown() == ("answered", 0)
    assert actions()[-2:] == ["demand.enter", "demand.publish"]


def test_the_database_too_refuses_that_its_author_publishes_it():
    demands.entered(demands.asked())
    for who in ("proposed_by", "NULL"):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(text(f"UPDATE demand_events SET state = 'published', decided_by = {who}"))


def test_nobody_without_an_account_enters_what_became_of_a_demand():
    with pytest.raises(NeedsSecondPerson):
        demands.entered(demands.asked(), by=EDITOR)


def test_what_is_published_is_what_was_seen():
    number = demands.asked()
    stamp = demands.entered(number)
    services.enter(ANNA, number, demands.entry("done"), seen=stamp)
    with pytest.raises(WrongState):
        services.publish(BORA, number, stamp)
    with pytest.raises(WrongState):
        services.enter(ANNA, number, demands.entry("refused"))
    assert [row.kind for row in queries.history(number)] == ["done"]


def test_what_is_published_stays_and_another_event_follows_it():
    number = demands.asked()
    demands.published(number, "promised", until=demands.day(-400), ago=3)
    with pytest.raises(WrongState):
        services.send_back(BORA, number, queries.history(number)[0].stamp, "a slip")
    demands.published(number, "done")
    (demand,) = queries.public(the_campaign().id)
    assert [event.kind for event in demand.events] == ["done", "promised"]


def test_a_second_person_sends_it_back_with_a_reason_and_its_author_takes_it_back_without():
    number = demands.asked()
    stamp = demands.entered(number)
    with pytest.raises(NoReason):
        services.send_back(BORA, number, stamp, " ")
    services.send_back(BORA, number, stamp, "another day")
    (row,) = queries.proposed()
    assert (row.state, row.returned_why) == ("returned", "another day")
    with pytest.raises(WrongState):
        services.publish(BORA, number, stamp)
    services.enter(ANNA, number, demands.entry(ago=1), seen=stamp)
    services.send_back(ANNA, number, queries.history(number)[0].stamp, "")
    assert queries.history(number) == []


@pytest.mark.parametrize(
    ("kind", "facts", "faults"),
    [
        ("doubted", {}, {"kind": "CHOICE"}),
        ("promised", {}, {"until": "MISSING"}),
        ("promised", {"until": date(2020, 1, 1)}, {"until": "ORDER"}),
        *((kind, {"words": Texts()}, {"words_ko": "MISSING"}) for kind in ("answered", "refused")),
        ("done", {"source": " "}, {"source": "MISSING"}),
        ("done", {"source": "https://user@example.org/"}, {"source": "LINK"}),
        ("done", {"day": None}, {"day": "MISSING"}),
        ("done", {"ago": -1}, {"day": "FUTURE"}),
        ("asked_again", {"ago": 31}, {"day": "BEFORE_ASKING"}),
    ],
)
def test_an_event_says_what_when_and_from_where(kind, facts, faults):
    with pytest.raises(BadFields) as refused:
        demands.entered(demands.asked(), kind, **facts)
    assert {name: fault.name for name, fault in refused.value.faults.items()} == faults


def test_who_asks_again_or_sees_it_done_needs_no_words_of_others_and_only_a_promise_has_a_last_day():
    number = demands.asked()
    for kind in ("asked_again", "done"):
        demands.published(number, kind, words=Texts(), until=demands.day(-9), source="Letter no. 7")
    assert {(row.until, row.source) for row in queries.history(number)} == {(None, "Letter no. 7")}


def test_a_draft_asks_nobody_so_nothing_becomes_of_its_demands():
    factories.draft("draft")
    number = demands.asked(staff_queries.desk("draft"))
    with pytest.raises(NoSuchProposal):
        demands.entered(number)
    assert len(items.rows(DEMAND, staff_queries.desk("draft").id)) == 1


def test_silence_is_counted_by_korean_days_from_the_first_asking_that_was_not_answered(frozen_clock):
    frozen_clock.move_to_noon()
    number = demands.asked(ago=0)
    assert shown() == ("asked", 0)
    frozen_clock.move(hours=12)  # midnight in Seoul
    assert shown() == ("asked", 1)
    demands.published(number, "asked_again")
    assert shown() == ("asked_again", 1)
    demands.published(number, "answered")
    frozen_clock.move(days=5)
    assert shown() == ("answered", 0)
    demands.published(number, "asked_again")
    frozen_clock.move(days=2)
    demands.published(number, "asked_again")
    assert shown() == ("asked_again", 2)


def test_the_newest_event_is_that_of_the_newest_day_whenever_it_was_entered():
    number = demands.asked()
    demands.published(number, "done", ago=1)
    demands.published(number, "answered", ago=9)
    assert shown() == ("done", 0)
    (demand,) = queries.public(the_campaign().id)
    assert demand.events[0].day - demand.events[1].day == timedelta(days=8)
