"""What staff do for a person who asked: withdraw, erase, stop the news. Each has a reason, an entry, and a mail that says so."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from pledge.audit.models import AuditEntry
from pledge.core import clock
from pledge.core.db import db, load
from pledge.ledger import queries as ledger
from pledge.mail.models import MailKind, OutboxMail
from pledge.retention import services as retention
from pledge.signatures import moderation, services
from pledge.signatures.models import ErasureNotice, Signature
from tests.support.factories import ANNA, SEOUL, fold_all, manage_token, signature, the_campaign
from tests.support.mails import delivered, said
from tests.support.rows import number_of

pytestmark = pytest.mark.usefixtures("app")

ADDRESS = "zebediah@example.org"
ACTS = {
    "withdraw": (moderation.withdraw, MailKind.WITHDRAWN, "signature.withdraw"),
    "erase": (moderation.erase, MailKind.ERASED, "signature.erase"),
    "stop_news": (moderation.stop_news, MailKind.UNSUBSCRIBED, "signature.stop_news"),
}


def person(**facts):
    return signature(email=ADDRESS, name="Zebediah Quux", updates=True, **facts)


def rows():
    return load(select(Signature))


@pytest.mark.parametrize("name", ACTS)
def test_the_person_is_told_by_mail_in_their_language(name):
    act, kind, action = ACTS[name]
    row = person(lang="en")
    act(ANNA, row.id, " asked by telephone ")
    entry = load(select(AuditEntry).order_by(AuditEntry.id.desc()))[0]
    assert (entry.action, entry.subject) == (action, f"signature:{row.id}")
    assert entry.reason == "asked by telephone"
    assert "Quux" not in entry.details
    assert ADDRESS not in entry.details
    ((to, mail),) = delivered()
    assert to == ADDRESS
    assert mail["Content-Language"] == "en"
    assert "secretariat" in said(mail)
    assert "privacy@localhost" in said(mail)  # where to write to if they never asked
    assert "Quux" not in said(mail)
    assert "asked by" not in said(mail)
    assert db.session.scalars(select(OutboxMail.kind)).all() == [kind]


@pytest.mark.parametrize("state", ["pending", "confirmed", "withdrawn", "invalidated"])
def test_erasing_leaves_the_entries_and_nothing_of_the_person(state):
    row = person(state=state)
    other = person(of=the_campaign(), state="pending", at=clock.now() - timedelta(minutes=5))
    fold_all()
    moderation.erase(ANNA, row.id, "asked")
    assert rows() == []
    assert other.id != row.id
    fold_all()
    assert ledger.count(the_campaign().id).people == 0
    ((to, _),) = delivered()
    assert to == ADDRESS


def test_erasing_a_pending_submission_also_erases_the_counted_one():
    counted = person()
    waiting = person(state="pending", at=clock.now() - timedelta(minutes=5))
    fold_all()
    moderation.erase(ANNA, waiting.id, "asked")
    assert rows() == []
    fold_all()
    assert ledger.count(counted.campaign_id).people == 0


def test_the_address_for_that_last_mail_is_sealed_and_goes_when_it_is_sent():
    row = person()
    moderation.erase(ANNA, row.id, "asked")
    db.session.rollback()
    raw = db.session.execute(db.text("SELECT email FROM erasure_notices")).scalar_one()
    assert ADDRESS.encode() not in bytes(raw)
    retention.run({})
    assert number_of(ErasureNotice) == 1, "it is not sent yet"
    assert len(delivered()) == 1
    retention.run({})
    assert number_of(ErasureNotice) == 0


def test_the_news_stops_and_the_signature_stays():
    row = person()
    moderation.stop_news(ANNA, row.id, "asked")
    (kept,) = rows()
    assert (kept.state, kept.updates) == ("confirmed", False)
    with pytest.raises(moderation.NotSubscribed):
        moderation.stop_news(ANNA, row.id, "asked")


def test_what_is_no_longer_true_is_not_mailed():
    """Signed up for news again before the mail went out; or signed again after it was withdrawn and erased."""
    row = person()
    moderation.stop_news(ANNA, row.id, "asked")
    services.change(manage_token(row), name="Zebediah Quux", place=SEOUL, public_name=False, updates=True)
    assert delivered() == []
    moderation.withdraw(ANNA, row.id, "asked")
    services.erase(manage_token(row))
    assert delivered() == []
