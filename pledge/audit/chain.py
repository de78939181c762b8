"""The chain of the audit log: what each entry's hash covers, and finding the first entry that breaks it.

To check an export with another program: the hash is SHA-256 over the JSON list of previous_hash in hex, the moment in UTC
(`2026-11-24T05:00:00.000000+00:00`), staff_id, actor, network, action, subject, reason and details (a text), without
spaces between the parts and in UTF-8.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from pledge.audit.models import AuditEntry
from pledge.core.db import load

#: The previous hash of the first entry.
START = bytes(32)

#: Entries read at a time.
BATCH = 1000

_TEXTS = ("actor", "network", "action", "subject", "reason", "details")


@dataclass(frozen=True)
class AuditMark:
    """Length and end of the log at a moment, as a signed checkpoint says (ledger/notes.py)."""

    length: int
    digest: bytes  #: of the hash of its last entry; see `digest()`
    source: str = field(default="", compare=False)  #: which checkpoint says so


@dataclass(frozen=True)
class ChainVerdict:
    count: int  #: entries that are in order, from the first on
    head: bytes  #: the hash of the last of them
    faults: list[
        str
    ]  #: the first entry that breaks the chain, and the first mark or head that contradicts it


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
    """The hash that a checkpoint publishes. Publishing the head itself would let anyone test guesses of the next entry."""
    return hashlib.sha256(b"pledge-audit/v1\n" + head).digest()


def mark(connection: Connection) -> AuditMark:
    """The end of the log now. Reads one row, and counts only the entries since the last call."""
    last = connection.execute(
        select(AuditEntry.id, AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)
    ).first()
    if last is None:
        return AuditMark(0, digest(START))
    head = bytes(last.hash)
    length = _lengths.get(head)
    if length is None:
        counted = select(func.count()).select_from(AuditEntry).where(AuditEntry.id <= last.id)
        length = int(connection.execute(counted).scalar_one())
        _lengths.clear()
        _lengths[head] = length
    return AuditMark(length, digest(head))


#: Number of entries up to the newest one seen, by its hash, which covers all of them: valid for any database.
_lengths: dict[bytes, int] = {}


def verify(noted_head: bytes | None = None, marks: Iterable[AuditMark] = ()) -> ChainVerdict:
    """Check the whole chain up to the first fault, and compare it with the marks of checkpoints.

    Entries cut off at the end leave a shorter chain that is consistent: only a mark, or a head noted elsewhere, reveals it.
    """
    expected: dict[int, list[AuditMark]] = {}
    for mark in marks:
        expected.setdefault(mark.length, []).append(mark)
    broken = _broken(expected.pop(0, []), START)
    count, head, seen, fault = 0, START, noted_head == START, ""
    for entry in entries():
        fault = _fault(entry, head)
        if fault:
            break
        count, head = count + 1, entry.hash
        seen = seen or head == noted_head
        broken = broken or _broken(expected.pop(count, []), head)
    faults = [fault] if fault else []
    if broken is not None:
        faults.append(
            f"{broken.source}: the first {broken.length} entries are not those that were signed: the log was rewritten"
        )
    elif expected and not fault:
        cut = expected[min(expected)][0]
        faults.append(f"{cut.source} says that there were {cut.length} entries: some were removed at the end")
    if noted_head is not None and not seen and not faults:
        faults.append(
            "the noted head is not in the log: entries at its end were removed, or it was rewritten"
        )
    return ChainVerdict(count, head, faults)


def _broken(marks: list[AuditMark], head: bytes) -> AuditMark | None:
    return next((mark for mark in marks if mark.digest != digest(head)), None)


def _fault(entry: AuditEntry, head: bytes) -> str:
    if entry.previous_hash != head:
        return f"entry {entry.id}: it does not follow the one before: an entry was removed, inserted or moved here"
    if entry.hash != fingerprint(vars(entry)):
        return f"entry {entry.id}: it was changed: its content does not match its hash"
    return ""


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
