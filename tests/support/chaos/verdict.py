"""What must hold after a storm. The people know what they were told; the database, the log and the mail server must agree."""

import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

from sqlalchemy import Row, Select, func, select

from pledge.core import clock, tokens
from pledge.core.db import db, fetch
from pledge.core.tokens import Purpose
from pledge.ledger.queries import waiting_entries
from pledge.mail.addresses import address_hash, parse
from pledge.mail.messages import Claimed
from pledge.mail.models import MailKind, MailRequest, MailState, OutboxMail
from pledge.signatures.models import Signature, SignatureState
from pledge.statistics.totals import campaign_facts, totals_at
from tests.support import checkers
from tests.support.chaos.people import Person
from tests.support.chaos.surroundings import Surroundings
from tests.support.smtp import Received

SLUG = "blue-skies"
#: Seconds in which everything that waits must be done once all is well again.
DRAIN = 90.0
#: What is due later than this does not have to be done: thanks, and what a wrong clock has put off.
LATER = timedelta(minutes=2)
#: What a confirmation becomes: counted, or held until a person looks at it.
SETTLED = {SignatureState.CONFIRMED, SignatureState.HELD}
LEDGER_VERIFY = ("ledger", "verify")
#: Commands that find what is wrong by themselves.
COMMANDS = (("ledger", "recount"), LEDGER_VERIFY, ("audit", "verify"))
#: How many receipts are checked.
RECEIPTS = 5


@dataclass
class Verdict:
    """The numbers of a run, and each promise that was broken."""

    people: int
    signed: int
    confirmed: int
    withdrawn: int
    counted: int = 0
    held: int = 0  #: confirmed, until a person decides
    mails: int = 0
    copies: int = 0  #: mails that came more than once
    receipts: int = 0  #: that were checked
    broken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        numbers = (
            f"{self.people} people; told: {self.signed} signed, {self.confirmed} confirmed, {self.withdrawn} withdrew; "
            f"counted {self.counted}, held {self.held}; {self.mails} mails, {self.copies} of them copies; {self.receipts} receipts checked"
        )
        return "\n".join([numbers, *(f"BROKEN  {promise}" for promise in self.broken)])


def judge(around: Surroundings, people: list[Person]) -> Verdict:
    """Wait until nothing waits any more, then compare."""
    verdict = Verdict(
        people=len(people),
        signed=sum(person.signed for person in people),
        confirmed=sum(person.confirmed for person in people),
        withdrawn=sum(person.withdrawn for person in people),
        mails=len(around.smtp.received),
    )
    broken = verdict.broken
    with around.site.inside():
        broken += _drain()
        columns = (Signature.id, Signature.address_hash, Signature.state, Signature.email, Signature.name)
        rows = db.session.execute(select(*columns)).all()
        broken += _judge_rows(people, rows)
        broken += _judge_outbox(around.smtp.received)
    confirmed = [row for row in rows if row.state == SignatureState.CONFIRMED]
    verdict.counted = around.site.count()
    verdict.held = sum(row.state == SignatureState.HELD for row in rows)
    broken += _judge_numbers(around, verdict.counted, len(confirmed))
    broken += _judge_mails(around, people, verdict)
    broken += _judge_receipts(around, confirmed, verdict)
    broken += _judge_logs(around, people)
    return verdict


# --- What people were told, and what is stored ---


def _judge_rows(people: list[Person], rows: Sequence[Row]) -> Iterator[str]:
    of_hash: dict[bytes, list[Row]] = defaultdict(list)
    for row in rows:
        of_hash[row.address_hash].append(row)
    for person in people:
        theirs = of_hash.pop(address_hash(parse(person.email)), [])
        yield from _judge_person(person, theirs)
        if person.mistypes:
            wrong = of_hash.pop(address_hash(parse(person.mistyped)), [])
            if person.signed_mistyped and not wrong:
                yield f"person {person.number} was told that they signed with a wrong address, and nothing is stored"
            if any(row.state in SETTLED for row in wrong):
                yield f"person {person.number} is counted with a wrong address"
    if of_hash:
        yield f"{len(of_hash)} addresses are stored that nobody typed"


def _judge_person(person: Person, rows: Sequence[Row]) -> Iterator[str]:
    states = [row.state for row in rows]
    settled = [state for state in states if state in SETTLED]
    if person.signed and not states:
        yield f"person {person.number} was told that they signed, and nothing is stored"
    if any(row.email != person.email or row.name not in {person.name, person.other_name} for row in rows):
        yield f"person {person.number} is stored with what they did not type"
    if len(settled) > 1:
        yield f"person {person.number} is counted {len(settled)} times"
    if person.withdrawn and settled:
        yield f"person {person.number} was told that they withdrew, and is {settled[0]}"
    if person.confirmed and not person.withdraws and not settled:
        yield f"person {person.number} was told that they confirmed, and is {states}"
    if settled and not person.tried_to_confirm:
        yield f"person {person.number} is {settled[0]} and never pressed"


# --- The number ---


def _judge_numbers(around: Surroundings, counted: int, confirmed: int) -> Iterator[str]:
    """The count, the totals, the ledger and the public log say what the signatures say."""
    if counted != confirmed:
        yield f"the count says {counted}, {confirmed} signatures are confirmed"
    with around.site.inside() as app:
        exported = totals_at(campaign_facts(SLUG)).people
        runner = app.test_cli_runner()
        ran = {words: runner.invoke(args=words) for words in COMMANDS}
    if exported != confirmed:
        yield f"the totals say {exported}, {confirmed} signatures are confirmed"
    for words, result in ran.items():
        if result.exit_code:
            yield f"flask {' '.join(words)}: {result.output}"
    output = ran[LEDGER_VERIFY].output
    if f", {confirmed} people," not in output:
        yield f"{confirmed} signatures are confirmed, and the public log says: {output}"


def _judge_receipts(around: Surroundings, confirmed: Sequence[Row], verdict: Verdict) -> Iterator[str]:
    """Some who are counted can prove it, by the program that anyone can use."""
    file, key = around.site.folder / "receipt.tlog-proof", around.site.folder / "log.key"
    key.write_text(around.site.get(f"/log/{SLUG}/key"), newline="")
    for row in random.Random(len(confirmed)).sample(confirmed, min(RECEIPTS, len(confirmed))):
        with around.site.inside():
            token = tokens.mint(Purpose.MANAGE, [row.id])
        try:
            file.write_text(around.site.get(f"/en/me/{token}/receipt"), newline="")
        except OSError as error:
            yield f"somebody who is counted gets no receipt: {error}"
            continue
        result = checkers.verify("receipt", file, "--address", row.email, "--key", key)
        verdict.receipts += 1
        if result.code:
            yield f"a receipt does not verify: {result.out} {result.err}"


# --- Mails ---


def _drain() -> Iterator[str]:
    """Mails that somebody waits for have gone."""
    soon = clock.now() + LATER
    mails = (
        select(func.count())
        .select_from(OutboxMail)
        .where(
            OutboxMail.state == MailState.QUEUED,
            OutboxMail.kind != MailKind.THANKS,
            OutboxMail.due_at <= soon,
        )
    )
    forms = select(func.count()).select_from(MailRequest).where(MailRequest.due_at <= soon)
    end = time.monotonic() + DRAIN
    while any(waiting := (_number(forms), _number(mails), waiting_entries())) and time.monotonic() < end:
        time.sleep(0.2)
    if any(waiting):
        yield "{} forms, {} mails and {} entries still wait".format(*waiting)
    time.sleep(2)  # the second for which the count is kept


def _number(query: Select[tuple[int]]) -> int:
    return int(fetch(query).scalar() or 0)


def _judge_outbox(received: list[Received]) -> Iterator[str]:
    """What is said to be sent has arrived; what was given up has a reason."""
    arrived = {str(mail.message["Message-ID"]) for mail in received}
    for mail in db.session.scalars(select(OutboxMail)):
        if mail.state == MailState.SENT and _message_id(mail) not in arrived:
            yield f"mail {mail.id} is said to be sent, and the mail server never had it"
        if mail.state == MailState.DEAD and not mail.last_error:
            yield f"mail {mail.id} was given up, and nothing says why"


def _message_id(mail: OutboxMail) -> str:
    kind = MailKind(mail.kind)
    values = (mail.id, kind, mail.subject_id, mail.seq, mail.lang, mail.known, mail.attempts, mail.created_at)
    return Claimed(*values).message_id


def _judge_mails(around: Surroundings, people: list[Person], verdict: Verdict) -> Iterator[str]:
    """Nobody gets a mail who did not sign; and one comes twice only where whoever sent it could not know that it had."""
    strangers = set(around.smtp.recipients()) - set().union(*(person.emails for person in people))
    if strangers:
        yield f"{len(strangers)} mails went to addresses that nobody typed"
    copies: dict[str, list[Received]] = defaultdict(list)
    for mail in around.smtp.received:
        copies[str(mail.message["Message-ID"])].append(mail)
    verdict.copies = sum(len(same) - 1 for same in copies.values())
    for same in copies.values():
        for first, second in pairwise(same):
            if first.is_answered and not around.explains_copy(first.at, second.at):
                yield f"a mail came again after {second.at - first.at:.1f} s, and nothing that was done explains it"


# --- Logs ---


def _judge_logs(around: Surroundings, people: list[Person]) -> Iterator[str]:
    text = around.site.log_text()
    if around.nginx is not None:
        text += "".join(file.read_text(errors="replace") for file in around.nginx.logs.glob("*.log"))
    for person in people:
        for secret in (*person.emails, person.name, person.network, *person.tokens):
            if secret in text or json.dumps(secret)[1:-1] in text:
                yield f"something of person {person.number} is in the logs"
                break
