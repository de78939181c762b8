"""What staff do for a person who asked: withdraw, erase in a day, stop the news. Each has a reason, an entry, and a mail that says so."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from pledge.accounts.two_people import WrongState
from pledge.audit.models import AuditEntry
from pledge.core.db import db, load
from pledge.core.i18n import format_datetime
from pledge.ledger import queries as ledger
from pledge.mail.models import MailKind, OutboxMail
from pledge.signatures import moderation, services
from pledge.signatures.models import ERASURE_DELAY, Signature
from tests.support.factories import ANNA, SEOUL, fold_all, manage_token, signature, the_campaign
from tests.support.mails import delivered, full_text
from tests.support.rows import again, enqueued

pytestmark = pytest.mark.usefixtures("app")

ADDRESS = "zebediah@example.org"
ACTS = {
    "withdraw": (moderation.withdraw, MailKind.WITHDRAWN, "signature.withdraw"),
    "erase": (moderation.plan_erasure, MailKind.ERASURE, "signature.plan_erasure"),
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
    fold_all()
    entry = load(select(AuditEntry).order_by(AuditEntry.id.desc()))[0]
    assert (entry.action, entry.subject) == (action, f"signature:{row.id}")
    assert entry.reason == "asked by telephone"
    assert "Quux" not in entry.details
    assert ADDRESS not in entry.details
    ((to, mail),) = delivered()
    assert to == ADDRESS
    assert mail["Content-Language"] == "en"
    assert "secretariat" in full_text(mail)
    assert "privacy@localhost" in full_text(mail)  # where to write to if they never asked
    assert "Quux" not in full_text(mail)
    assert "asked by" not in full_text(mail)
    assert db.session.scalars(select(OutboxMail.kind)).all() == [kind]


# --- Erasing, which takes a day and can be stopped ---


@pytest.fixture
def planned(clock):
    """Somebody whom staff were asked to erase, and who was told."""
    row = person(lang="en")
    fold_all()
    moderation.plan_erasure(ANNA, row.id, "asked")
    assert len(delivered()) == 1
    return row


def entries():
    return [
        (entry.action, entry.actor)
        for entry in load(select(AuditEntry).order_by(AuditEntry.id))
        if entry.action.startswith("signature.")
    ]


@pytest.mark.parametrize("state", ["pending", "confirmed", "held", "withdrawn", "invalidated"])
def test_a_day_later_the_worker_leaves_the_entries_and_nothing_of_the_person(clock, state):
    row = person(state=state)
    fold_all()
    moderation.plan_erasure(ANNA, row.id, "asked")
    delivered()
    clock.move(hours=23, minutes=59)
    assert services.erase_due() == 0
    assert [kept.state for kept in rows()] == [state]
    clock.move(minutes=2)
    assert (services.erase_due(), services.erase_due()) == (1, 0)
    assert rows() == []
    fold_all()
    assert ledger.count(the_campaign().id).people == 0
    assert entries()[-1] == ("signature.erase", "worker")


def test_erasing_a_pending_submission_also_erases_the_counted_one(clock):
    person()
    waiting = person(state="pending", at=clock.now() - timedelta(minutes=5))
    moderation.plan_erasure(ANNA, waiting.id, "asked")
    delivered()
    clock.move(days=1, minutes=1)
    assert services.erase_due() == 1
    assert rows() == []


def test_what_was_signed_after_the_request_stays(clock, planned):
    services.withdraw(manage_token(planned))
    later = person()
    clock.move(days=1, minutes=1)
    services.erase_due()
    assert [row.id for row in rows()] == [later.id]


def test_opening_the_link_of_the_mail_changes_nothing_and_pressing_its_button_keeps_everything(
    client, clock, planned
):
    path = f"/en/me/{manage_token(planned)}/keep"
    assert "Do not erase anything" in client.get(path).text
    assert again(planned).erase_at is not None
    for _ in range(2):
        assert "Nothing is erased" in client.post(path).text
    assert "Nothing is erased" in client.get(path).text
    clock.move(days=2)
    assert services.erase_due() == 0
    assert [row.state for row in rows()] == ["confirmed"]
    assert entries() == [("signature.plan_erasure", ANNA.name), ("signature.stop_erasure", "signer")]


def test_the_link_in_the_mail_is_that_of_the_page_that_stops_it(clock):
    row = person(lang="en")
    moderation.plan_erasure(ANNA, row.id, "asked")
    ((_, mail),) = delivered()
    assert re.search(r"http://localhost/en/me/[^/]+/keep", full_text(mail))
    assert format_datetime(again(row).erase_at, "en") in full_text(mail)


def test_once_it_is_erased_the_link_is_an_unknown_one(client, clock, planned):
    clock.move(days=1, minutes=1)
    services.erase_due()
    path = f"/en/me/{manage_token(planned)}/keep"
    assert (client.get(path).status_code, client.post(path).status_code) == (410, 410)


def test_staff_take_it_back(clock, planned):
    moderation.stop_erasure(ANNA, planned.id)
    moderation.stop_erasure(ANNA, planned.id)
    clock.move(days=2)
    assert services.erase_due() == 0
    assert entries()[1:] == [("signature.stop_erasure", ANNA.name)]
    with pytest.raises(moderation.NoSuchSignature):
        moderation.stop_erasure(ANNA, planned.id + 1)


def test_planned_twice_it_is_one_mail_and_the_first_moment(clock, planned):
    moment = again(planned).erase_at
    clock.move(hours=3)
    moderation.plan_erasure(ANNA, planned.id, "asked again")
    assert again(planned).erase_at == moment
    assert enqueued() == [MailKind.ERASURE]
    assert len(entries()) == 1


def test_the_day_begins_when_the_mail_goes_out(frozen_clock):
    row = person(lang="en")
    moderation.plan_erasure(ANNA, row.id, "asked")
    frozen_clock.move(days=1, hours=10)
    assert services.erase_due() == 0, "it is not sent yet"
    ((_, mail),) = delivered()
    assert format_datetime(frozen_clock.now() + ERASURE_DELAY, "en") in full_text(mail)
    frozen_clock.move(hours=23)
    assert services.erase_due() == 0
    frozen_clock.move(hours=2)
    assert services.erase_due() == 1


def test_a_mail_that_comes_too_late_is_not_sent(clock):
    row = person()
    moderation.plan_erasure(ANNA, row.id, "asked")
    moderation.stop_erasure(ANNA, row.id)
    assert delivered() == []


def test_the_news_stops_and_the_signature_stays():
    row = person()
    moderation.stop_news(ANNA, row.id, "asked")
    (kept,) = rows()
    assert (kept.state, kept.updates) == ("confirmed", False)
    with pytest.raises(WrongState):
        moderation.stop_news(ANNA, row.id, "asked")


def test_what_is_no_longer_true_is_not_mailed():
    """Signed up for news again before the mail went out; or signed again after it was withdrawn and erased."""
    row = person()
    moderation.stop_news(ANNA, row.id, "asked")
    services.change(manage_token(row), name="Zebediah Quux", place=SEOUL, public_name=False, updates=True)
    assert delivered() == []
    moderation.withdraw(ANNA, row.id, "asked")
    fold_all()
    services.erase(manage_token(row))
    assert delivered() == []
