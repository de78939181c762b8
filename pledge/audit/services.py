"""Writing to the audit log, in the transaction of the act itself: both are recorded or neither is."""

import json
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from pledge.audit.chain import START, fingerprint
from pledge.audit.models import Actor, AuditEntry
from pledge.core import clock
from pledge.core.db import transaction

#: The key of the advisory lock that lets one writer at a time extend the chain; nothing else here uses this number.
CHAIN_LOCK = 0x61756469


class NoReason(ValueError):
    """An act that needs a reason has none."""


def record(
    session: Session, actor: Actor, action: str, subject: str, *, reason: str = "", **details: Any
) -> None:
    """Append one entry. `details` must be JSON; no personal data of signers, no tokens.

    Other acts wait from here until the transaction ends, so it is the last step of a use case.
    """
    lock_chain(session)
    last = session.scalar(select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1))
    content = {
        "previous_hash": START if last is None else bytes(last),
        "at": clock.now(),
        "staff_id": actor.staff_id,
        "actor": actor.name,
        "network": actor.network,
        "action": action,
        "subject": subject,
        "reason": reason,
        "details": json.dumps(details, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
    }
    session.add(AuditEntry(**content, hash=fingerprint(content)))
    session.flush()


def note(actor: Actor, action: str, subject: str, *, reason: str = "", **details: Any) -> None:
    """Append one entry about an act that changes nothing else in the database: an export, a check."""
    with transaction() as session:
        record(session, actor, action, subject, reason=reason, **details)


#: Characters of the reason of an act.
MAX_REASON = 1000


def required_reason(reason: str) -> str:
    """The reason of an act that needs one, trimmed. Raises NoReason."""
    if not reason.strip():
        raise NoReason
    return reason.strip()


def lock_chain(session: Session) -> None:
    """Take the chain's lock until the transaction ends, so that the next entry follows this one."""
    if session.get_bind().dialect.name == "postgresql":  # SQLite's BEGIN IMMEDIATE does the same
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CHAIN_LOCK})
