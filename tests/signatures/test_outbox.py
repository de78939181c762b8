"""Mails about signatures, many at a time."""

import pytest
from sqlalchemy import delete, select

from pledge.core.db import load, transaction
from pledge.mail import allowance
from pledge.mail.models import MailKind, OutboxMail
from pledge.signatures import outbox
from pledge.signatures.models import Signature
from pledge.signatures.outbox import SignatureMail
from tests.support.factories import signature

pytestmark = pytest.mark.usefixtures("app")


def subjects():
    return load(select(OutboxMail.subject_id))


def test_a_signature_that_is_gone_keeps_no_other_from_its_mail():
    person = signature(state="pending")
    wanted = [SignatureMail(kind, 7, "ko") for kind in (MailKind.CONFIRM, MailKind.MANAGE)]
    with transaction() as session:
        enqueued = outbox.enqueue_all(
            session, [*wanted, SignatureMail(MailKind.CONFIRM, person.id, "ko")], may_wait=True
        )
        assert enqueued == 1
        assert outbox.enqueue_all(session, wanted, may_wait=True) == 0
    assert subjects() == [person.id]


def test_a_signature_that_goes_after_its_address_was_read_keeps_no_other_from_its_mail(monkeypatch):
    gone, person = signature(state="pending"), signature(state="pending")
    take_slots = allowance.take_slots

    def meanwhile(session, wanted, *, may_wait):
        session.execute(delete(Signature).where(Signature.id == gone.id))
        return take_slots(session, wanted, may_wait=may_wait)

    monkeypatch.setattr(allowance, "take_slots", meanwhile)
    with transaction() as session:
        wanted = [SignatureMail(MailKind.CONFIRM, number, "ko") for number in (gone.id, person.id)]
        assert outbox.enqueue_all(session, wanted, may_wait=True) == 1
    assert subjects() == [person.id]
