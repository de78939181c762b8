"""Two people at one case in the same moment, on connections of their own: one act is done, the other one is told."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from pledge.audit.models import Actor, AuditEntry
from pledge.core.db import load
from pledge.endorsements import services
from pledge.endorsements.models import Endorsement, EndorsementState, VersionState
from pledge.endorsements.review import moderation, presence
from pledge.endorsements.review.moderation import CaseChanged, CaseInWrongState
from pledge.endorsements.review.queries import SeenState
from pledge.ledger.models import LedgerEntry
from pledge.mail.models import OutboxMail
from pledge.statistics.integrity import mismatches
from tests.support.at_once import at_once
from tests.support.factories import campaign, endorse_manage_token, endorsement
from tests.support.rows import number_of, row

ROUNDS = 12
PEOPLE = [Actor(number, f"staff{number}@example.org", "") for number in range(1, 9)]


@pytest.fixture
def decide_at_once(make_app: Callable[..., Flask]) -> Callable[..., list[Any]]:
    """Run acts at the same moment, each in a thread with its own connection; what each returned or raised."""
    app = make_app(pool_size=len(PEOPLE))
    return partial(at_once, app, expected=(CaseChanged, CaseInWrongState))


def deltas(row_id):
    return load(select(LedgerEntry.delta).where(LedgerEntry.subject_id == row_id).order_by(LedgerEntry.id))


def state(row_id):
    return row(Endorsement, row_id).state


def test_eight_people_at_one_case_decide_it_once(app, decide_at_once):
    row = endorsement(state="review")
    seen, row_id = SeenState(EndorsementState.REVIEW, 1, VersionState.PROPOSED), row.id
    half = len(PEOPLE) // 2
    acts = [partial(moderation.publish, who, row_id, seen) for who in PEOPLE[:half]]
    acts += [partial(moderation.ask_for_changes, who, row_id, seen, "logo-unclear") for who in PEOPLE[half:]]
    results = decide_at_once(*acts)
    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, CaseChanged) for result in results) == len(PEOPLE) - 1
    assert deltas(row_id) == ([1] if state(row_id) == "published" else [])
    assert number_of(OutboxMail) == number_of(AuditEntry) == 1
    assert mismatches() == []


def test_withdrawing_while_staff_publish_never_leaves_a_count_behind(app, decide_at_once):
    campaign()
    seen = SeenState(EndorsementState.REVIEW, 1, VersionState.PROPOSED)
    for _ in range(ROUNDS):
        row = endorsement(state="review")
        token, row_id = endorse_manage_token(row), row.id
        published, withdrawn = decide_at_once(
            partial(moderation.publish, PEOPLE[0], row_id, seen), partial(services.withdraw, token)
        )
        assert withdrawn is True
        assert state(row_id) == "withdrawn"
        if published is None:
            assert deltas(row_id) == [1, -1]
        else:
            assert isinstance(published, CaseChanged)
            assert deltas(row_id) == []
    assert mismatches() == []


def test_two_merges_the_other_way_round_leave_one_of_them(app, decide_at_once):
    campaign()
    seen = SeenState(EndorsementState.PUBLISHED, 1, VersionState.PUBLISHED)
    for _ in range(ROUNDS):
        first, other = endorsement().id, endorsement().id
        results = decide_at_once(
            partial(moderation.merge, PEOPLE[0], first, seen, other, "same"),
            partial(moderation.merge, PEOPLE[1], other, seen, first, "same"),
        )
        assert sum(result is None for result in results) == 1
        assert all(result is None or isinstance(result, CaseChanged | CaseInWrongState) for result in results)
        assert sorted([state(first), state(other)]) == ["merged", "published"]
    assert mismatches() == []


def test_of_many_who_open_a_case_at_once_one_holds_it_and_all_see_each_other(app, decide_at_once):
    row_id = endorsement(state="review").id
    decide_at_once(*(partial(presence.arrive, who, row_id) for who in PEOPLE))
    looks = [presence.presence(who, row_id) for who in PEOPLE]
    assert all(len(look.others) == len(PEOPLE) - 1 for look in looks)
    holders = {look.holder for look in looks}
    assert len(holders) == 2, "nobody else for the one who holds it, that one for the rest"
    assert None in holders
