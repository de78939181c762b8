"""Answering requests: who may, and when."""

import pytest
from sqlalchemy import text

from pledge.core.db import db, transaction
from pledge.mail import requests
from pledge.mail.models import RequestKind
from tests.support.factories import signature


@pytest.mark.postgresql_only
def test_one_worker_answers_at_a_time(app):
    """Two that answered batches of several kinds could deadlock."""
    person, answered = signature(state="pending"), []
    with transaction() as session:
        requests.ask(session, RequestKind.CONFIRM, person.campaign_id, "ko", subject_id=person.id)

    def handler(_session, some):
        answered.extend(request.subject_id for request in some)

    with db.engine.execution_options(isolation_level="READ COMMITTED").begin() as other:
        other.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": requests.ANSWER_LOCK})
        assert requests.answer({RequestKind.CONFIRM: handler}) == 0
        assert answered == []
    assert requests.answer({RequestKind.CONFIRM: handler}) == 1
    assert answered == [person.id]
