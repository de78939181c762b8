"""A crash at every statement of every use case leaves all of it or nothing of it."""

from contextlib import suppress

import pytest
from sqlalchemy import select, text

from pledge.core.db import db
from pledge.ledger.models import LedgerEntry
from pledge.mail.models import MailAllowance, MailRequest, OutboxMail
from pledge.mail.requests import answer
from pledge.signatures import own, services
from pledge.signatures.identifiers import ticket_for
from pledge.signatures.models import Signature
from pledge.worker.composers import handlers
from tests.signatures.test_signing import HONG
from tests.support.apps import before_statements
from tests.support.factories import campaign, confirm_token, manage_token, signature

pytestmark = pytest.mark.usefixtures("app")


class Crash(BaseException):
    """The process died here, as far as the database can tell."""


class CrashAt:
    """Raises before the n-th statement; `reached` tells whether there was one."""

    def __init__(self, number):
        self.number, self.seen = number, 0

    @property
    def reached(self):
        return self.seen >= self.number

    def __call__(self, *_):
        self.seen += 1
        if self.seen == self.number:
            raise Crash

    def __enter__(self):
        self._watch = before_statements(db.engine, self)
        self._watch.__enter__()
        return self

    def __exit__(self, *failure):
        return self._watch.__exit__(*failure)


def contents():
    db.session.rollback()
    tables = (Signature, MailRequest, LedgerEntry, OutboxMail, MailAllowance)
    return [db.session.execute(select(table.__table__)).all() for table in tables]


def crash_everywhere(act):
    """Crash `act` at its first, second, … statement until it gets through; how many crashes there were."""
    before = contents()
    for number in range(1, 50):
        with CrashAt(number) as crash, suppress(Crash):
            act()
        if not crash.reached:
            return number - 1
        assert contents() == before, f"a crash at statement {number} left something behind"
    raise AssertionError("more statements than any use case should need")


def test_signing():
    campaign()
    assert crash_everywhere(lambda: services.sign(HONG)) >= 1
    signatures, requests, *_ = contents()
    assert len(signatures) == len(requests) == 1


def test_answering_what_was_asked_for():
    campaign()
    services.sign(HONG)
    services.send_link("blue-skies", HONG.address, "ko")
    assert crash_everywhere(lambda: answer(handlers())) >= 5
    _, requests, _, mails, allowances = contents()
    assert (len(requests), len(mails), len(allowances)) == (0, 1, 1)


def test_confirming():
    person = signature(state="pending")
    signature_id = person.id
    assert crash_everywhere(lambda: services.confirm(signature_id)) >= 1
    assert len(contents()[2]) == 1


def test_withdrawing():
    token = manage_token(signature())
    assert crash_everywhere(lambda: own.withdraw(token)) >= 3
    assert len(contents()[2]) == 2


def test_erasing():
    token = manage_token(signature())
    assert crash_everywhere(lambda: own.erase(token)) >= 3
    signatures, _, entries, *_ = contents()
    assert (len(signatures), len(entries)) == (0, 2)


def test_this_was_not_me():
    token = confirm_token(signature(state="pending"))
    assert crash_everywhere(lambda: services.disown(token)) >= 2
    assert db.session.scalar(text("SELECT count(*) FROM mail_blocks")) == 1


def test_asking_for_the_mail_again():
    person = signature(state="pending")
    ticket = ticket_for("blue-skies", person.id)
    assert crash_everywhere(lambda: services.resend("blue-skies", ticket, "ko")) >= 1
    assert len(contents()[1]) == 1
