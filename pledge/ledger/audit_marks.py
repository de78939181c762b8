"""What all checkpoints say of the audit log, to check that nothing of it was cut off or rewritten."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select

from pledge.audit.chain import Mark
from pledge.core.db import reading
from pledge.ledger import audit_lines, notes
from pledge.ledger.models import Checkpoint, LogKey
from pledge.ledger.notes import BadNote, Verifier

#: Checkpoints read at once.
_AT_ONCE = 5000


@dataclass
class AuditMarks:
    """What the checkpoints say."""

    marks: list[Mark] = field(default_factory=list)  #: each once
    faults: list[str] = field(
        default_factory=list
    )  #: the first checkpoint of a log that does not say it as it must


def read_all() -> AuditMarks:
    """Every mark in a checkpoint; one counts only when a key of that log has signed it."""
    found, seen, doubted = AuditMarks(), set[Mark](), set[int]()
    known: dict[int, list[Verifier]] = {}
    carry: set[int] = set()  # the logs of which a checkpoint has carried a mark
    for row in _checkpoints():
        campaign = row.campaign_id
        if campaign not in known:
            known[campaign] = _verifiers(campaign)
        fault, marks = "", set[Mark]()
        try:
            marks = set(audit_lines.marks(row.note, known[campaign]))
            if not marks <= seen:
                audit_lines.check(row.note, known[campaign])
        except BadNote as error:
            fault = str(error)
        if marks:
            carry.add(campaign)
        elif campaign in carry and not fault:
            fault = "it says nothing of the audit log, though an earlier one does"
        if fault:
            if campaign not in doubted:
                found.faults.append(f"checkpoint {row.id}: {fault}")
            doubted.add(campaign)
            continue
        found.marks += [replace(mark, source=f"checkpoint {row.id}") for mark in marks - seen]
        seen |= marks
    return found


def read_saved(note: str, source: str) -> list[Mark]:
    """The marks in a checkpoint that somebody read_saved. Raises BadNote unless keys of this site have signed it."""
    with reading() as connection:
        texts = connection.execute(select(LogKey.verifier)).scalars().all()
    verifiers = [notes.read_verifier(text) for text in texts]
    notes.open_note(note, verifiers)
    audit_lines.check(note, verifiers)
    return [replace(mark, source=source) for mark in audit_lines.marks(note, verifiers)]


def _verifiers(campaign_id: int) -> list[Verifier]:
    with reading() as connection:
        texts = connection.execute(select(LogKey.verifier).where(LogKey.campaign_id == campaign_id)).scalars()
        return [notes.read_verifier(text) for text in texts]


def _checkpoints() -> Iterator[Any]:
    """All of them, in the order of their signing, in flat memory."""
    last = 0
    while True:
        query = select(Checkpoint.id, Checkpoint.campaign_id, Checkpoint.note).where(Checkpoint.id > last)
        with reading() as connection:
            batch = connection.execute(query.order_by(Checkpoint.id).limit(_AT_ONCE)).all()
        yield from batch
        if len(batch) < _AT_ONCE:
            return
        last = batch[-1].id
