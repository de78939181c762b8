"""Several people at one request in the same moment, on connections of their own, on both databases."""

from functools import partial

import pytest
from pyrage import x25519
from sqlalchemy import select

from pledge.accounts.two_people import NeedsSecondPerson
from pledge.audit.models import Actor, AuditEntry
from pledge.core.db import db
from pledge.jobs import services as work
from pledge.jobs.models import Job, JobKind
from pledge.name_lists import rows, services
from pledge.name_lists.models import NamedList
from pledge.name_lists.services import NameListInWrongState
from pledge.signatures import own
from tests.support.at_once import at_once
from tests.support.factories import ANNA, BORA, SLUG, list_terms, manage_token, signature
from tests.support.rows import number_of

MANY = 6


@pytest.fixture
def which():
    signature(list_terms_id=list_terms().id)
    return services.ask(ANNA, SLUG, 1, "Article 123", str(x25519.Identity.generate().to_public()))


def state(which):
    db.session.rollback()
    return db.session.get_one(NamedList, which).state


def test_of_many_who_approve_at_once_one_does_and_one_file_is_wanted(app, which):
    others = [Actor(10 + who, f"staff{who}@example.org", "") for who in range(MANY)]
    acts = (partial(services.approve, who, which) for who in others)
    outcomes = at_once(app, *acts, expected=(NameListInWrongState,))
    assert outcomes.count(None) == 1
    assert number_of(AuditEntry, AuditEntry.action == "list.approve") == 1
    assert number_of(Job, Job.kind == JobKind.LIST) == 1


def test_who_asked_gets_it_through_from_no_session_however_many_try_at_once(app, which):
    again = [Actor(ANNA.staff_id, ANNA.name, f"198.51.100.{session}") for session in range(MANY)]
    acts = (partial(services.approve, who, which) for who in again)
    outcomes = at_once(app, *acts, expected=(NeedsSecondPerson,))
    assert [type(outcome) for outcome in outcomes] == [NeedsSecondPerson] * MANY
    assert (state(which), number_of(Job)) == ("requested", 0)


def test_approving_refusing_and_retracting_at_once_end_in_one_of_them(app, which):
    acts = [
        lambda: services.approve(BORA, which),
        lambda: services.refuse(BORA, which, "no such law"),
        lambda: services.retract(ANNA, which),
    ]
    outcomes = at_once(app, *acts * 2, expected=(NameListInWrongState,))
    assert outcomes.count(None) == 1
    assert number_of(Job) == (1 if state(which) == "approved" else 0)
    assert number_of(AuditEntry, AuditEntry.action.in_(["list.approve", "list.refuse", "list.retract"])) == 1


def test_people_who_take_their_consent_back_while_it_is_made_disturb_nothing(app, which, monkeypatch):
    terms = db.session.get_one(NamedList, which).list_terms_id
    leaving = [manage_token(signature(list_terms_id=terms)) for _ in range(30)]
    monkeypatch.setattr(rows, "BATCH", 2)
    services.approve(BORA, which)

    def leave():
        for token in leaving:
            own.refuse_list(token)

    outcomes = at_once(app, lambda: work.advance({JobKind.LIST: rows.make}), leave)
    assert outcomes == [True, None]
    db.session.rollback()
    assert 1 <= db.session.scalars(select(Job.rows)).one() <= 31
