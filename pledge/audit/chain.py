"""The chain of the audit log: what each entry's hash covers, and finding the first entry that breaks it.

The rule, for whoever checks an export with a program of their own: SHA-256 over the JSON list of previous_hash in hex,
the moment in UTC (`2026-11-24T05:00:00.000000+00:00`), staff_id, actor, network, action, subject, reason and details (a
text), without spaces between the parts and in UTF-8.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, select

from pledge.audit.models import AuditEntry
from pledge.db import reading

#: Stands where the first entry names the hash of the one before.
START = bytes(32)

#: Entries read at a time.
BATCH = 1000

_TEXTS = ("actor", "network", "action", "subject", "reason", "details")


class FaultKind(StrEnum):
    CHANGED = "changed"  #: what it says does not match its own hash
    OUT_OF_PLACE = "out of place"  #: it names another hash than that of the entry before


@dataclass(frozen=True)
class Fault:
    """The first entry at which the chain breaks."""

    entry_id: int
    kind: FaultKind


@dataclass(frozen=True)
class Verdict:
    count: int  #: entries that are in order, from the first on
    head: bytes  #: the hash of the last of them
    fault: Fault | None
    #: Whether the head that somebody noted is one of them; None when none was given.
    knows_head: bool | None


def fingerprint(entry: Mapping[str, Any]) -> bytes:
    """SHA-256 over everything that an entry says and the hash of the one before."""
    content = [
        bytes(entry["previous_hash"]).hex(),
        entry["at"].isoformat(timespec="microseconds"),
        entry["staff_id"],
        *(entry[name] for name in _TEXTS),
    ]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).digest()


def verify(noted_head: bytes | None = None) -> Verdict:
    """Walk the whole chain up to the first fault.

    Entries that were cut off at the end leave a shorter chain that is in order: only a head noted elsewhere shows it.
    """
    count, head, seen = 0, START, noted_head == START
    for entry in _entries():
        fault = _fault(entry, head)
        if fault is not None:
            return Verdict(count, head, fault, None if noted_head is None else seen)
        count, head = count + 1, bytes(entry.hash)
        seen = seen or head == noted_head
    return Verdict(count, head, None, None if noted_head is None else seen)


def _fault(entry: Row[Any], head: bytes) -> Fault | None:
    if bytes(entry.previous_hash) != head:
        return Fault(entry.id, FaultKind.OUT_OF_PLACE)
    if bytes(entry.hash) != fingerprint(entry._asdict()):  # SQLAlchemy's public name for it
        return Fault(entry.id, FaultKind.CHANGED)
    return None


def _entries() -> Iterator[Row[Any]]:
    """Every entry in order, a batch at a time: the log may be longer than the memory."""
    table = AuditEntry.__table__
    last = -1
    while True:
        query = select(table).where(table.c.id > last).order_by(table.c.id).limit(BATCH)
        with reading() as connection:
            batch = connection.execute(query).all()
        yield from batch
        if len(batch) < BATCH:
            return
        last = batch[-1].id
