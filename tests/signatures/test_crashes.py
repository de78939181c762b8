"""A crash at every statement of every use case leaves all of it or nothing of it."""

import pytest
from sqlalchemy import select

from pledge.core.db import fetch
from pledge.ledger.models import LedgerEntry
from pledge.mail.models import MailAllowance, MailKind, MailRequest, OutboxMail, RequestKind
from pledge.mail.requests import answer
from pledge.mailed_links import tickets
from pledge.signatures import services
from pledge.signatures.models import Signature
from pledge.worker.registry import handlers
from tests.support import crash
from tests.support.factories import HONG, campaign, confirm_token, fold, manage_token, signature

pytestmark = pytest.mark.usefixtures("app")


def contents():
    tables = (Signature, MailRequest, LedgerEntry, OutboxMail, MailAllowance)
    return [fetch(select(table.__table__)).all() for table in tables]


def test_a_crash_while_signing_leaves_all_or_nothing():
    campaign()
    assert crash.everywhere(lambda: services.sign(HONG), contents) >= 1
    signatures, requests, *_ = contents()
    assert len(signatures) == len(requests) == 1


def test_a_crash_while_requests_are_answered_leaves_all_or_nothing():
    campaign()
    services.sign(HONG)
    tickets.send_link(RequestKind.LINK, "blue-skies", HONG.address, "ko")
    assert crash.everywhere(lambda: answer(handlers()), contents) >= 5
    _, requests, _, mails, allowances = contents()
    assert (len(requests), len(mails), len(allowances)) == (0, 1, 1)


def test_a_crash_while_confirming_leaves_all_or_nothing():
    person = signature(state="pending")
    signature_id = person.id
    assert crash.everywhere(lambda: services.confirm(signature_id), contents) >= 1
    _, _, entries, mails, _ = contents()
    assert (len(entries), [mail.kind for mail in mails]) == (1, [MailKind.THANKS])


def test_a_crash_while_withdrawing_leaves_all_or_nothing():
    token = manage_token(signature())
    assert crash.everywhere(lambda: services.withdraw(token), contents) >= 3
    _, _, entries, mails, _ = contents()
    assert (len(entries), mails) == (2, [])


def test_a_crash_while_a_withdrawal_is_folded_leaves_all_or_nothing():
    services.withdraw(manage_token(signature()))
    assert crash.everywhere(fold, contents) >= 5
    _, _, entries, mails, _ = contents()
    assert [entry.number for entry in sorted(entries, key=lambda entry: entry.id)] == [1, 2]
    assert [mail.kind for mail in mails] == [MailKind.WITHDRAWN_SELF]


def test_a_crash_while_erasing_leaves_all_or_nothing():
    token = manage_token(signature())
    assert crash.everywhere(lambda: services.erase(token), contents) >= 3
    signatures, _, entries, *_ = contents()
    assert (len(signatures), len(entries)) == (0, 2)


def test_a_crash_while_disowning_leaves_all_or_nothing():
    token = confirm_token(signature(state="pending"))
    assert crash.everywhere(lambda: services.disown(token), contents) >= 2
    assert contents()[0] == []
