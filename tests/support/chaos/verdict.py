"""What must hold after a storm. The people know what they were told; the database, the log and the mail server must agree."""

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import Select, func, select

from pledge.core import clock
from pledge.core.db import db
from pledge.mail.models import MailKind, MailState, OutboxMail
from pledge.signatures.addresses import parse
from pledge.signatures.identifiers import address_hash
from pledge.signatures.models import Signature, SignatureState
from tests.support.chaos.faults import Surroundings
from tests.support.chaos.people import Person

#: Seconds in which everything that waits must be done once all is well again.
DRAIN = 90.0
#: What a confirmation becomes: counted, or held until a person looks at it.
SETTLED = {SignatureState.CONFIRMED, SignatureState.HELD}


@dataclass
class Verdict:
    """The numbers of a run, and each promise that was broken."""

    people: int
    signed: int
    confirmed: int
    withdrawn: int
    counted: int = 0
    mails: int = 0
    copies: int = 0  #: mails that came more than once
    broken: list[str] = field(default_factory=list)


def judge(around: Surroundings, people: list[Person]) -> Verdict:
    """Wait until nothing waits any more, then compare."""
    verdict = Verdict(
        people=len(people),
        signed=sum(person.signed for person in people),
        confirmed=sum(person.confirmed for person in people),
        withdrawn=sum(person.withdrawn for person in people),
        mails=len(around.smtp.received),
    )
    with around.site.inside():
        _drain(verdict)
        states = _states(people)
    for person in people:
        of_person = states[person.number]
        _judge_person(person, of_person, verdict)
    expected = sum(SignatureState.CONFIRMED in of_person for of_person in states.values())
    verdict.counted = around.site.count()
    if verdict.counted != expected:
        verdict.broken.append(f"the count says {verdict.counted}, {expected} signatures are confirmed")
    for words in (("ledger", "recount"), ("ledger", "verify"), ("audit", "verify")):
        try:
            around.site.flask(*words)
        except AssertionError as error:
            verdict.broken.append(str(error))
    _judge_mails(around, verdict)
    _judge_log(around, people, verdict)
    return verdict


def _judge_person(person: Person, states: list[str], verdict: Verdict) -> None:
    settled = [state for state in states if state in SETTLED]
    if person.signed and not states:
        verdict.broken.append(f"person {person.number} was told that they signed, and nothing is stored")
    if len(settled) > 1:
        verdict.broken.append(f"person {person.number} is counted {len(settled)} times")
    if person.withdrawn and settled:
        verdict.broken.append(f"person {person.number} was told that they withdrew, and is {settled[0]}")
    if person.confirmed and not person.withdraws and not settled:
        verdict.broken.append(f"person {person.number} was told that they confirmed, and is {states}")
    if settled and not person.tried_to_confirm:
        verdict.broken.append(f"person {person.number} is {settled[0]} and never pressed")


def _states(people: list[Person]) -> dict[int, list[str]]:
    rows = db.session.execute(select(Signature.address_hash, Signature.state)).all()
    of_hash: dict[bytes, list[str]] = {}
    for hashed, state in rows:
        of_hash.setdefault(bytes(hashed), []).append(state)
    return {person.number: of_hash.get(address_hash(parse(person.email)), []) for person in people}


def _drain(verdict: Verdict) -> None:
    """Mails that somebody waits for have gone; thanks are due later."""
    waiting = (
        select(func.count())
        .select_from(OutboxMail)
        .where(
            OutboxMail.state == MailState.QUEUED,
            OutboxMail.kind != MailKind.THANKS,
            OutboxMail.due_at <= clock.now() + timedelta(minutes=2),  # put off because it was refused
        )
    )
    end = time.monotonic() + DRAIN
    while (number := _number(waiting)) and time.monotonic() < end:
        time.sleep(0.2)
    if number:
        verdict.broken.append(f"{number} mails still wait after {DRAIN:.0f} seconds")
    time.sleep(2)  # the fold, and the second for which the count is kept


def _number(query: Select[tuple[int]]) -> int:
    db.session.rollback()
    return int(db.session.scalar(query) or 0)


def _judge_mails(around: Surroundings, verdict: Verdict) -> None:
    """One mail comes twice only where the mail server did not say that it had it, or who sent it died."""
    times = Counter(str(mail.message["Message-ID"]) for mail in around.smtp.received)
    verdict.copies = sum(number - 1 for number in times.values())
    # Eight senders may each have had one mail in hand.
    allowed = around.ambiguous + 8 * around.deaths
    if verdict.copies > allowed:
        verdict.broken.append(f"{verdict.copies} copies of mails, {allowed} can be explained")


def _judge_log(around: Surroundings, people: list[Person], verdict: Verdict) -> None:
    said = around.site.log_text()
    for person in people:
        for secret in (person.email, person.name, person.network, *person.tokens):
            if secret in said or json.dumps(secret)[1:-1] in said:
                verdict.broken.append(f"something of person {person.number} is in the logs")
                break
