"""The outbox: mails are enqueued in the caller's transaction, so a mail and what it is about are stored together or not at all.

First mails have a fair order, so that somebody new is not behind a flood: each counts as asked for TURN later for every one
that waits for the same mail domain or network, whichever are more. So a mail of a quiet domain and network goes before all of
a flood, and none waits for ever. The domains of providers are everybody's, and count nothing. What looks like a
program's goes last.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, insert, text, update
from sqlalchemy.orm import Session

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.core import clock
from pledge.core.db import transaction
from pledge.core.encryption import vault
from pledge.mail.models import FIRST, GROUP_BYTES, MailKind, MailState, OutboxMail, is_to_known
from pledge.mail.providers import owned_domain
from pledge.mail.queries import CAN_ARRIVE, IS_FREE

TURN = timedelta(minutes=10)
#: More than these are not counted.
MAX_TURNS = 500


@dataclass(frozen=True)
class NewMail:
    """A mail to enqueue; for the fields see OutboxMail."""

    kind: MailKind
    subject_id: int
    lang: str
    seq: int = 1
    due_at: datetime | None = None  #: None: now
    known: bool = False
    proved: bool = False
    domain_hash: bytes | None = None
    network_hash: bytes | None = None
    suspicious: bool = False
    payload: str | None = None


def domain_group(address: str) -> bytes | None:
    """The `domain_hash` of a mail to this address; None at a provider."""
    domain = owned_domain(address.rpartition("@")[2])
    return None if domain is None else vault().keyed_hash(f"mail turn {domain}")[:GROUP_BYTES]


def waits() -> ColumnElement[bool]:
    """SQL: the mail is enqueued, and no worker has it."""
    return and_(OutboxMail.state == MailState.QUEUED, IS_FREE)


def enqueue(session: Session, *mails: NewMail) -> None:
    """Enqueue these mails in one statement, each due now unless its `due_at` says otherwise. No cap is checked."""
    now = clock.now()
    rows = [{**asdict(mail), "created_at": now, "due_at": mail.due_at or now} for mail in mails]
    first = [row for row in rows if not is_to_known(row["kind"], known=row["known"])]
    nothing = {"domain_hash": None, "network_hash": None, "suspicious": False}
    waiting = {key: _waiting(session, first, key) for key in ("domain_hash", "network_hash")}
    for row in first:
        before = [counts[row[key]] for key, counts in waiting.items() if row[key] is not None]
        row["turn_at"] = row["due_at"] + TURN * min(max(before, default=0), MAX_TURNS)
        for key, counts in waiting.items():
            counts[row[key]] += 1
    if rows:
        session.execute(insert(OutboxMail), [row if row in first else row | nothing for row in rows])


def _waiting(session: Session, rows: Sequence[dict[str, Any]], key: str) -> Counter[bytes | None]:
    """The number of waiting first mails by domain or network of these rows."""
    groups = {row[key] for row in rows} - {None}
    if not groups:
        return Counter()
    names = {f"hash{number}": group for number, group in enumerate(groups)}
    # As text, which SQLAlchemy need not compile anew each time as it does VALUES of its own.
    query = text(f"""
        WITH asked (hash) AS (VALUES {", ".join(f"(:{name})" for name in names)})
        SELECT hash, (SELECT count(*) FROM (SELECT id FROM outbox_mails WHERE state = 'queued' AND {FIRST}
                                             AND {key} = asked.hash LIMIT {MAX_TURNS}) AS waiting)
          FROM asked""")  # noqa: S608  # only constants are put into the text; values are bound
    return Counter({bytes(group): number for group, number in session.execute(query, names)})


def take_over(session: Session, mail_ids: Collection[int]) -> datetime | None:
    """Drop these mails unless they are being sent; returns when the first was due, for the mail that replaces them.

    None when none was dropped.
    """
    if not mail_ids:
        return None
    statement = (
        update(OutboxMail)
        .where(OutboxMail.id.in_(mail_ids), waits())
        .values(state=MailState.DROPPED)
        .returning(OutboxMail.due_at)
    )
    return min(session.scalars(statement).all(), default=None)


def enqueue_thanks(session: Session, signers: Sequence[tuple[int, str]]) -> None:
    """Enqueue the mail with thanks for each of these signatures, given by number and language; none takes a slot."""
    enqueue(session, *[NewMail(MailKind.THANKS, number, lang, known=True) for number, lang in signers])


def retry(actor: Actor, mail_id: int | None) -> int:
    """Queue one dead letter again, or all that can arrive (None); how many there were.

    One that is older than 72 hours gets one more attempt.
    """
    statement = (
        update(OutboxMail)
        .where(OutboxMail.state == MailState.DEAD)
        .values(
            {"state": MailState.QUEUED.value, "attempts": 0, "due_at": clock.now(), "lease_until": None}
            | {"returned": None, "returned_status": None}
        )
    )
    statement = statement.where(CAN_ARRIVE if mail_id is None else OutboxMail.id == mail_id)
    with transaction() as session:
        count = len(session.execute(statement.returning(OutboxMail.id)).all())
        if count:
            record(
                session, actor, "mail.retry", "mail" if mail_id is None else f"mail:{mail_id}", mails=count
            )
    return count
