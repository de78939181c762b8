"""Answering requests: who may, and when."""

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from pledge.core import clock
from pledge.core.db import db, transaction
from pledge.mail import requests
from pledge.mail.models import MailRequest, RequestKind
from tests.support.factories import signature


def ask(person):
    with transaction() as session:
        requests.ask(session, RequestKind.CONFIRM, person.campaign_id, "ko", subject_id=person.id)


@pytest.mark.postgresql_only
def test_one_worker_answers_at_a_time(app):
    """Two that answered batches of several kinds could deadlock."""
    person, answered = signature(state="pending"), []
    ask(person)

    def handler(_session, some):
        answered.extend(request.subject_id for request in some)

    with db.engine.execution_options(isolation_level="READ COMMITTED").begin() as other:
        other.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": requests.ANSWER_LOCK})
        assert requests.answer({RequestKind.CONFIRM: handler}) == 0
        assert answered == []
    assert requests.answer({RequestKind.CONFIRM: handler}) == 1
    assert answered == [person.id]


def test_the_request_that_failed_is_put_off_and_no_other(app, frozen_clock):
    """Not even one that came earlier and is due again just now."""
    earlier, failing, _last = people = [signature(state="pending") for _ in range(3)]
    for person in people:
        ask(person)
    due_again = clock.now() + requests.PUT_OFF
    with transaction() as session:
        session.execute(
            update(MailRequest).where(MailRequest.subject_id == earlier.id).values(due_at=due_again)
        )

    def handler(_session, some):
        if failing.id in [request.subject_id for request in some]:
            if len(some) == 1:
                frozen_clock.move(seconds=requests.PUT_OFF.total_seconds())
            raise LookupError

    assert requests.answer({RequestKind.CONFIRM: handler}) == 2
    rows = db.session.execute(select(MailRequest.subject_id, MailRequest.due_at)).all()
    assert dict(map(tuple, rows)) == {earlier.id: due_again, failing.id: clock.now() + requests.PUT_OFF}


def answer_with(error, failing):
    """Answer what is due with a handler that raises `error` for one person; returns the others, who were answered."""
    answered = []

    def handler(_session, some):
        if failing.id in [request.subject_id for request in some]:
            raise error("", {}, Exception())
        answered.extend(request.subject_id for request in some)

    requests.answer({RequestKind.CONFIRM: handler})
    return answered


@pytest.mark.parametrize("error", [IntegrityError, DataError])
def test_a_request_whose_values_the_database_refuses_does_not_hold_up_the_others(app, error):
    failing, other = signature(state="pending"), signature(state="pending")
    ask(failing)
    ask(other)
    assert answer_with(error, failing) == [other.id]


def test_an_outage_of_the_database_puts_nothing_off(app):
    person = signature(state="pending")
    ask(person)
    with pytest.raises(OperationalError):
        answer_with(OperationalError, person)
    row = db.session.execute(select(MailRequest.due_at, MailRequest.created_at)).one()
    assert row.due_at == row.created_at
