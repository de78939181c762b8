"""The chain of the audit log: what each entry's hash covers, and finding the first entry that breaks it.

To check an export with another program: the hash is SHA-256 over the JSON list of previous_hash in hex, the moment in UTC
(`2026-11-24T05:00:00.000000+00:00`), staff_id, actor, network, action, subject, reason and details (a text), without
spaces between the parts and in UTF-8.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from pledge.audit.models import AuditEntry
from pledge.core.db import load

#: The previous hash of the first entry.
START = bytes(32)

#: Entries read at a time.
BATCH = 1000

_TEXTS = ("actor", "network", "action", "subject", "reason", "details")


class ChainFaultKind(StrEnum):
    CHANGED = "changed"  #: what it says does not match its own hash
    OUT_OF_PLACE = "out of place"  #: it names another hash than that of the entry before


@dataclass(frozen=True)
class ChainFault:
    """The first entry at which the chain breaks."""

    entry_id: int
    kind: ChainFaultKind


@dataclass(frozen=True)
class Mark:
    """Length and end of the log at a moment, as a signed checkpoint says (ledger/notes.py)."""

    length: int
    digest: bytes  #: of the hash of its last entry; see `digest()`
    source: str = field(default="", compare=False)  #: which checkpoint says so


@dataclass(frozen=True)
class ChainVerdict:
    count: int  #: entries that are in order, from the first on
    head: bytes  #: the hash of the last of them
    fault: ChainFault | None
    #: Whether the head that somebody noted is one of them; None when none was given.
    knows_head: bool | None
    #: The first mark that the log contradicts: it is shorter now (`length` is more than `count`), or different.
    broken: Mark | None = None


def fingerprint(entry: Mapping[str, Any]) -> bytes:
    """SHA-256 over all columns of an entry, the hash of the one before among them."""
    content = [
        bytes(entry["previous_hash"]).hex(),
        entry["at"].isoformat(timespec="microseconds"),
        entry["staff_id"],
        *(entry[name] for name in _TEXTS),
    ]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).digest()


def digest(head: bytes) -> bytes:
    """What a checkpoint publishes of a head. Not the hash itself, which would let anyone test guesses of the next entry."""
    return hashlib.sha256(b"pledge-audit/v1\n" + head).digest()


def mark(connection: Connection) -> Mark:
    """Where the log ends now: one row read, and the new entries counted when it has grown since the last call."""
    last = connection.execute(
        select(AuditEntry.id, AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)
    ).first()
    if last is None:
        return Mark(0, digest(START))
    head = bytes(last.hash)
    if head not in _lengths:
        counted = select(func.count()).select_from(AuditEntry).where(AuditEntry.id <= last.id)
        length = int(connection.execute(counted).scalar_one())
        _lengths.clear()
        _lengths[head] = length
        return Mark(length, digest(head))
    return Mark(_lengths[head], digest(head))


#: Number of entries up to the newest one seen, by its hash, which covers all of them: valid for any database.
_lengths: dict[bytes, int] = {}


def verify(noted_head: bytes | None = None, marks: Iterable[Mark] = ()) -> ChainVerdict:
    """Check the whole chain up to the first fault, and compare it with the marks of checkpoints.

    Entries cut off at the end leave a shorter chain that is consistent: only a mark, or a head noted elsewhere, reveals it.
    """
    expected: dict[int, list[Mark]] = {}
    for one in marks:
        expected.setdefault(one.length, []).append(one)
    broken = _broken(expected.pop(0, []), START)
    count, head, seen, fault = 0, START, noted_head == START, None
    for entry in entries():
        fault = _fault(entry, head)
        if fault is not None:
            break
        count, head = count + 1, entry.hash
        seen = seen or head == noted_head
        broken = broken or _broken(expected.pop(count, []), head)
    if broken is None and fault is None and expected:
        broken = expected[min(expected)][0]
    return ChainVerdict(count, head, fault, None if noted_head is None else seen, broken)


def _broken(marks: list[Mark], head: bytes) -> Mark | None:
    return next((one for one in marks if one.digest != digest(head)), None)


def _fault(entry: AuditEntry, head: bytes) -> ChainFault | None:
    if entry.previous_hash != head:
        return ChainFault(entry.id, ChainFaultKind.OUT_OF_PLACE)
    if entry.hash != fingerprint(vars(entry)):
        return ChainFault(entry.id, ChainFaultKind.CHANGED)
    return None


def entries(*conditions: ColumnElement[bool]) -> Iterator[AuditEntry]:
    """Entries in order, a batch at a time: the log may be larger than the memory."""
    query = select(AuditEntry).where(*conditions).order_by(AuditEntry.id).limit(BATCH)
    last = -1
    while True:
        batch = load(query.where(AuditEntry.id > last))
        yield from batch
        if len(batch) < BATCH:
            return
        last = batch[-1].id
