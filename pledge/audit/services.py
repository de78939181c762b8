"""Writing to the audit log, in the transaction of the act itself: both are recorded or neither is."""

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from pledge import clock
from pledge.audit.models import Actor, AuditEntry

#: One writer of the chain at a time: the key of its advisory lock, a number that nothing else here uses.
CHAIN_LOCK = 0x61756469

START = bytes(32)


def record(
    session: Session, actor: Actor, action: str, subject: str, *, reason: str = "", **details: Any
) -> None:
    """Append one entry. `details` must be JSON; no personal data of signers, no tokens."""
    if session.get_bind().dialect.name == "postgresql":
        # Held until the act commits, so that the next entry sees this one; SQLite's BEGIN IMMEDIATE does the same.
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CHAIN_LOCK})
    last = session.scalar(select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1))
    entry = AuditEntry(
        at=clock.now(),
        staff_id=actor.staff_id,
        actor=actor.name,
        network=actor.network,
        action=action,
        subject=subject,
        reason=reason,
        details=json.dumps(details, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
        previous_hash=START if last is None else bytes(last),
    )
    entry.hash = fingerprint(entry)
    session.add(entry)
    session.flush()


def fingerprint(entry: AuditEntry) -> bytes:
    """SHA-256 over everything that an entry says and the hash of the one before, as canonical JSON."""
    content = [
        bytes(entry.previous_hash).hex(),
        _moment(entry.at),
        entry.staff_id,
        entry.actor,
        entry.network,
        entry.action,
        entry.subject,
        entry.reason,
        entry.details,
    ]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).digest()


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")
