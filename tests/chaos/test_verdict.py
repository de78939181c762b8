"""The verdict of a storm names each promise that was broken, and nothing where all were kept."""

from dataclasses import replace
from random import Random
from types import SimpleNamespace

import pytest
from sqlalchemy import update

from pledge.core.db import transaction
from pledge.mail.addresses import address_hash, parse
from pledge.mail.models import MailState, OutboxMail
from tests.support.chaos import verdict as verdicts
from tests.support.chaos.people import Person
from tests.support.chaos.surroundings import Done, Surroundings
from tests.support.chaos.verdict import Row, Verdict
from tests.support.mails import delivered, enqueue
from tests.support.smtp import Received, SmtpServer

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.sqlite_only]

KIM = Person(1, "kim@example.org", "Kim Haneul", "203.0.113.7", signed=True)
CONFIRMED = replace(KIM, tried_to_confirm=True, confirmed=True)


def row(state, email=KIM.email, name=KIM.name):
    return Row(1, address_hash(parse(email)), state, email, name)


def judged(person, *rows):
    return list(verdicts._judge_rows([person], list(rows)))


def test_people_who_are_stored_as_they_were_told_break_no_promise():
    assert judged(KIM, row("pending")) == []
    assert judged(CONFIRMED, row("confirmed"), row("pending")) == []
    assert judged(CONFIRMED, row("held")) == []
    assert judged(replace(CONFIRMED, withdraws=True, withdrawn=True), row("withdrawn")) == []


@pytest.mark.parametrize(
    ("person", "rows", "words"),
    [
        (KIM, [], "nothing is stored"),
        (KIM, ["confirmed"], "never pressed"),
        (CONFIRMED, ["pending"], "was told that they confirmed"),
        (CONFIRMED, ["confirmed", "confirmed"], "is counted 2 times"),
        (replace(CONFIRMED, withdraws=True, withdrawn=True), ["confirmed"], "was told that they withdrew"),
        (replace(KIM, mistypes=True, signed_mistyped=True), ["pending"], "with a wrong address"),
    ],
)
def test_whoever_was_told_something_else_is_named(person, rows, words):
    (broken,) = judged(person, *map(row, rows))
    assert broken.startswith("person 1 ")
    assert words in broken


def test_what_nobody_typed_is_named():
    assert judged(KIM, row("pending", name="Somebody Else")) == [
        "person 1 is stored with what they did not type"
    ]
    stranger = row("pending", email="stranger@example.org")
    assert judged(KIM, row("pending"), stranger) == ["1 addresses are stored that nobody typed"]


# --- Mails ---


def mail(number, at, to=KIM.email, *, is_answered=True):
    content = f"Message-ID: <{number}@example.org>\r\n\r\n".encode()
    return Received("site@example.org", (to,), content, is_answered, at)


def mails_judged(*received, done=()):
    around = Surroundings(None, SmtpServer(received=list(received)), None, None, Random(1), done=list(done))
    return list(verdicts._judge_mails(around, [KIM], Verdict(1, 1, 0, 0)))


def test_a_mail_may_come_again_where_its_sender_could_not_know_that_it_had_gone():
    killed = Done("kill_worker", 10.5, 10.6, may_repeat_mails=True)
    assert mails_judged(mail(1, 10), mail(1, 41), done=[killed]) == []
    assert mails_judged(mail(1, 10, is_answered=False), mail(1, 41)) == []


def test_a_mail_that_comes_again_without_a_reason_is_named():
    before = Done("kill_worker", 5, 5.1, may_repeat_mails=True)
    other = Done("empty_redis", 10.5, 10.6)
    assert len(mails_judged(mail(1, 10), mail(1, 41), done=[before, other])) == 1
    # The first copy was to be expected, the second was not.
    assert len(mails_judged(mail(1, 10, is_answered=False), mail(1, 41), mail(1, 72))) == 1


def test_a_mail_to_somebody_who_did_not_sign_is_named():
    assert mails_judged(mail(1, 10), mail(2, 10, to="stranger@example.org")) == [
        "1 mails went to addresses that nobody typed"
    ]


@pytest.mark.parametrize("secret", [KIM.email, KIM.name, KIM.network, "its.token"])
def test_what_is_in_a_log_of_a_person_is_named(secret):
    person = replace(KIM, tokens={"its.token"})

    def judged(line):
        around = Surroundings(SimpleNamespace(log_text=lambda: line), SmtpServer(), None, None, Random(1))
        return list(verdicts._judge_logs(around, [person]))

    assert judged('{"event": "signed", "endpoint": "public.sign_post"}') == []
    assert judged(f'{{"event": "{secret}"}}') == ["something of person 1 is in the logs"]


def test_a_mail_that_is_said_to_be_sent_and_never_arrived_is_named():
    enqueue()
    arrived = [Received("site@example.org", (to,), bytes(message)) for to, message in delivered()]
    assert list(verdicts._judge_outbox(arrived)) == []
    (broken,) = verdicts._judge_outbox([])
    assert broken.endswith("is said to be sent, and the mail server never had it")


def test_a_mail_that_was_given_up_without_a_reason_is_named():
    enqueue()
    with transaction() as session:
        session.execute(update(OutboxMail).values(state=MailState.DEAD, last_error="5xx 550"))
    assert list(verdicts._judge_outbox([])) == []
    with transaction() as session:
        session.execute(update(OutboxMail).values(last_error=None))
    (broken,) = verdicts._judge_outbox([])
    assert broken.endswith("was given up, and nothing says why")
