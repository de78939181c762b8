"""From the outbox to a real SMTP server, whatever that server does."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from pledge.core import clock as time
from pledge.core.db import db, transaction
from pledge.mail import queries, services
from pledge.mail.services import SenderGroup
from pledge.signatures.models import Signature
from tests.support.mails import Notes, deliver, enqueue, fate, pending


def test_a_due_mail_is_sent_and_marked(app, smtp, transport):
    mail = enqueue(pending("hong@example.org"))

    assert deliver(transport).sent == 1

    assert smtp.recipients() == ["hong@example.org"]
    assert smtp.received[0].sender == "no-reply@example.org"
    row = fate(mail)
    assert (row.state, row.attempts, row.lease_until, row.last_error) == ("sent", 1, None, None)
    assert row.sent_at is not None
    assert deliver(transport).total == 0


def test_mails_that_come_in_the_pause_after_an_empty_look_are_taken_together(app, frozen_clock):
    group = SenderGroup(0.2)
    assert deliver(Notes(), group=group).total == 0
    for _ in range(3):
        enqueue()
    assert deliver(Notes(), group=group).total == 0
    frozen_clock.move(seconds=0.3)
    assert deliver(Notes(), group=group).sent == 3
    enqueue()
    assert deliver(Notes(), group=group).sent == 1, "after mails the next look is at once"


def test_idle_senders_ask_as_often_as_one(app, statements, frozen_clock):
    group = SenderGroup(0.2)
    with statements() as seen:
        for _ in range(8):
            deliver(Notes(), group=group)
    assert len(seen) == 1
    frozen_clock.move(seconds=0.3)
    with statements() as seen:
        deliver(Notes(), group=group)
    assert len(seen) == 1


def test_the_oldest_due_mail_goes_first(app):
    late, early = pending("late@example.org"), pending("early@example.org")
    enqueue(late, due_in=timedelta(seconds=-1))
    enqueue(early, due_in=timedelta(seconds=-9))
    notes = Notes()

    deliver(notes, limit=1)

    assert notes.recipients == ["early@example.org"]


def test_a_batch_costs_a_query_to_compose_one_for_senders_one_for_stops_and_one_update_for_each_mail(
    app, transport, statements
):
    for _ in range(4):
        enqueue()
    deliver(transport, limit=1)

    with statements() as seen:
        deliver(transport)

    look, claim, compose, senders, suppressed, *marks = [sql.split()[0] for sql in seen]
    assert (look, claim) == ("SELECT", "WITH")
    assert (compose, senders, suppressed) == ("SELECT",) * 3
    assert marks == ["UPDATE"] * 3


# --- Refusals ---


@pytest.mark.parametrize(
    "refusal", [{"at_recipient": "451 4.3.0 try again"}, {"at_data": "452 4.2.2 mailbox full"}]
)
def test_a_temporary_refusal_puts_the_mail_off_and_the_others_go_on(app, smtp, transport, clock, refusal):
    refused, other = enqueue(pending("later@example.org")), enqueue(pending("now@example.org"))
    smtp.behave(only=("later@example.org",), times=1, **refusal)

    done = deliver(transport)

    assert (done.sent, done.deferred, done.stalled) == (1, 1, False)
    assert smtp.recipients() == ["now@example.org"]
    assert fate(other).state == "sent"
    row = fate(refused)
    assert (row.state, row.lease_until) == ("queued", None)
    assert row.last_error == next(iter(refusal.values()))[:3].join(("4xx ", ""))
    assert timedelta(seconds=23) < row.due_at - time.now() < timedelta(seconds=37)

    clock.move(seconds=40)
    assert deliver(transport).sent == 1
    assert smtp.recipients() == ["now@example.org", "later@example.org"]
    assert fate(refused).last_error is None


@pytest.mark.parametrize(
    "refusal", [{"at_recipient": "550 5.1.1 no such user"}, {"at_data": "554 5.6.0 not wanted"}]
)
def test_a_refusal_for_good_makes_a_dead_letter_and_the_others_go_on(app, smtp, transport, clock, refusal):
    refused = enqueue(pending("nobody@example.org"))
    enqueue(pending("somebody@example.org"))
    smtp.behave(only=("nobody@example.org",), **refusal)

    done = deliver(transport)

    assert (done.sent, done.dead) == (1, 1)
    assert smtp.connections == 1
    row = fate(refused)
    assert row.state == "dead"
    assert row.last_error == "5xx " + next(iter(refusal.values()))[:3]
    clock.move(days=1)
    assert deliver(transport).total == 0


def test_a_hanging_server_costs_one_timeout_and_the_mail_waits(app, smtp, hasty_transport, clock):
    mail = enqueue(pending("stuck@example.org"))
    smtp.behave(only=("stuck@example.org",), hang=True, times=1)

    assert deliver(hasty_transport).deferred == 1
    assert fate(mail).last_error == "timeout"

    clock.move(seconds=40)
    assert deliver(hasty_transport).sent == 1
    assert smtp.recipients() == ["stuck@example.org"]


def test_a_connection_dropped_after_data_leads_to_a_copy_with_the_same_message_id(
    app, smtp, transport, clock
):
    mail = enqueue(pending("twice@example.org"))
    smtp.behave(drop_after_data=True, times=1)

    assert deliver(transport).deferred == 1
    assert fate(mail).last_error == "dropped"
    clock.move(seconds=40)
    assert deliver(transport).sent == 1

    first, second = smtp.mails_to("twice@example.org")
    assert first.message["Message-ID"] == second.message["Message-ID"]


def test_while_the_server_is_away_mails_wait_untouched(app, smtp, transport, clock):
    enqueued = [enqueue() for _ in range(3)]
    smtp.stop()
    try:
        done = deliver(transport)
    finally:
        smtp.start()

    assert (done.total, done.deferred, done.stalled) == (1, 1, True)
    rows = [fate(mail) for mail in enqueued]
    assert [(row.state, row.due_at == row.created_at) for row in rows] == [("queued", True)] * 3
    assert sorted(row.attempts for row in rows) == [0, 0, 1]
    assert {row.last_error for row in rows} == {None, "unreachable"}
    clock.move(seconds=40)
    assert deliver(transport).sent == 3


def test_a_long_outage_does_not_lengthen_the_pause_of_a_mail(app, smtp, transport, clock):
    mail = enqueue()
    smtp.stop()
    try:
        for _ in range(8):
            deliver(transport)
            clock.move(seconds=40)
    finally:
        smtp.start()

    assert fate(mail).attempts == 8
    assert deliver(transport).sent == 1


# --- Back-off ---


def test_pauses_double_up_to_an_hour_and_are_spread_by_a_fifth():
    for attempt, seconds in ((1, 30), (2, 60), (3, 120), (7, 1920), (8, 3600), (500, 3600)):
        pauses = {services.pause_after(attempt).total_seconds() for _ in range(50)}
        assert len(pauses) > 10
        assert all(0.8 * seconds <= pause <= 1.2 * seconds for pause in pauses)


def test_a_mail_is_given_up_after_72_hours_and_not_before(app, smtp, transport, clock):
    mail = enqueue()
    smtp.behave(at_recipient="451 4.3.0 try again")

    clock.move(hours=71, minutes=50)
    assert deliver(transport).deferred == 1
    assert fate(mail).state == "queued"
    clock.move(minutes=15)
    assert deliver(transport).dead == 1
    assert (fate(mail).state, fate(mail).last_error) == ("dead", "4xx 451")


def test_a_mail_that_waited_for_the_worker_is_tried_however_old_it_is(app, smtp, transport, clock):
    enqueue()
    clock.move(days=5)

    assert deliver(transport).sent == 1


# --- What is no longer true, and what cannot be composed ---


def test_one_unreadable_address_does_not_hold_up_the_others(app, smtp, transport):
    broken, fine = pending("broken@example.org"), pending("fine@example.org")
    lost, sent = enqueue(broken), enqueue(fine)
    with transaction() as session:
        spoil = db.text("UPDATE signatures SET email = :sealed WHERE id = :id")
        session.execute(spoil, {"sealed": b"no key opens this", "id": broken.id})

    done = deliver(transport)

    assert (done.sent, done.deferred) == (1, 1)
    assert fate(sent).state == "sent"
    assert (fate(lost).state, fate(lost).last_error) == ("queued", "compose Unreadable")


def test_a_mail_in_a_language_that_the_site_has_no_longer_does_not_hold_up_the_others(app):
    lost, sent = enqueue(lang="ja"), enqueue()
    done = deliver(Notes())
    assert (done.sent, done.deferred) == (1, 1)
    assert fate(sent).state == "sent"
    assert (fate(lost).state, fate(lost).last_error) == ("queued", "compose TemplateNotFound")


@pytest.mark.sqlite_only
def test_a_mail_of_a_kind_that_only_a_newer_version_knows_does_not_hold_up_the_others(app):
    newer, sent = enqueue(), enqueue()
    with transaction() as session:
        session.execute(db.text("PRAGMA ignore_check_constraints = ON"))
        session.execute(db.text("UPDATE outbox_mails SET kind = 'newer' WHERE id = :id"), {"id": newer})
        session.execute(db.text("PRAGMA ignore_check_constraints = OFF"))
    assert deliver(Notes()).sent == 1
    assert (fate(newer).state, fate(sent).state) == ("queued", "sent")


@pytest.mark.parametrize(
    "address", ["a@example.org\r\nBcc: b@example.org", "a b@example.org", "é@example.org"]
)
def test_an_address_that_could_forge_a_header_is_never_handed_over(app, smtp, transport, address):
    person = pending("plain@example.org")
    mail = enqueue(person)
    with transaction() as session:
        session.execute(db.update(Signature).where(Signature.id == person.id).values(email=address))

    assert deliver(transport).dead == 1
    assert (fate(mail).state, fate(mail).last_error) == ("dead", "address")
    assert smtp.received == []


def test_no_log_line_names_the_address(app, smtp, transport):
    enqueue(pending("secret-person@example.org"))
    enqueue(pending("other-person@example.org"))
    smtp.behave(at_recipient="550 5.1.1 secret-person@example.org is unknown")
    with capture_logs() as lines:
        deliver(transport)

    assert [line["error"] for line in lines] == ["5xx 550", "5xx 550"]
    assert "person" not in str(lines)


# --- Stopping in the middle ---


def test_a_worker_that_is_told_to_stop_gives_back_what_it_has_not_begun(app):
    enqueued = [enqueue() for _ in range(3)]
    notes = Notes()

    done = deliver(notes, stop=lambda: bool(notes.sent))

    assert done.sent == len(notes.sent) == 1
    rows = [fate(mail) for mail in enqueued]
    assert sorted((row.state, row.attempts, row.lease_until) for row in rows) == [
        ("queued", 0, None),
        ("queued", 0, None),
        ("sent", 1, None),
    ]


def test_a_failure_in_the_middle_gives_back_what_was_not_begun(app):
    enqueued = [enqueue() for _ in range(3)]

    def fail(_to):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        deliver(Notes(before=fail))

    assert [(fate(mail).state, fate(mail).lease_until) for mail in enqueued] == [("queued", None)] * 3


def test_a_mark_that_comes_after_the_lease_was_taken_over_changes_nothing(app, clock):
    mail = enqueue()
    (slow,) = queries.claim(1, services.LEASE)
    clock.move(minutes=6)
    (quick,) = queries.claim(1, services.LEASE)

    assert not queries.give_up(slow, "timeout")
    assert not queries.defer(slow, time.now(), "timeout")
    queries.sent([slow])
    queries.release([slow])
    assert (fate(mail).state, fate(mail).attempts) == ("queued", 2)
    assert fate(mail).lease_until is not None
    queries.sent([quick])
    assert fate(mail).state == "sent"
