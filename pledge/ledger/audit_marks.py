"""What checkpoints say of the audit log: a signature line of its own beside those of the log's keys.

    \u2014 <origin> base64(key id, 4 bytes || length, 8 bytes || digest, 32 bytes || Ed25519 signature, 64 bytes)

It is signed with the key of the checkpoint, over the lines `pledge-audit/v1`, the length and the digest in base64, an empty
line and the text of the checkpoint. The key id is that of signed-note for a type without a number: SHA-256(name || 0x0A ||
0xff || "pledge-audit/v1" || key). A verifier that does not know it ignores it, as a signature of an unknown key (signed-note,
"Verifying"): the text of the checkpoint is as it was, and so are its other signatures.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from sqlalchemy import select

from pledge.audit.chain import Mark
from pledge.core.db import reading, snapshot
from pledge.ledger import notes
from pledge.ledger.models import Checkpoint, LogKey
from pledge.ledger.notes import BadNote, Signer, Verifier

_NAME = "pledge-audit/v1"
_TYPE = b"\xff" + _NAME.encode()
_LENGTH, _DIGEST, _SIGNATURE = 8, 32, 64


def lines(text: str, signers: Sequence[Signer], mark: Mark) -> str:
    """The signature lines about the audit log, one of each key, for the text of a checkpoint."""
    about = mark.length.to_bytes(_LENGTH) + mark.digest
    return "".join(
        notes.signature_line(one.name, key_id(one.verifier), about + one.private.sign(_covered(mark, text)))
        for one in signers
    )


def key_id(verifier: Verifier) -> bytes:
    return sha256(verifier.name.encode() + b"\n" + _TYPE + verifier.key).digest()[:4]


def marks(note: str, verifiers: Iterable[Verifier]) -> list[Mark]:
    """The marks in the lines of these keys, not verified yet; empty for a checkpoint without such lines.

    Raises BadNote for a malformed line.
    """
    return [mark for mark, _, _ in _read(note, verifiers)]


def check(note: str, verifiers: Iterable[Verifier]) -> None:
    """Verify the lines of these keys about the audit log. Raises BadNote."""
    text = notes.parts(note)[0]
    for mark, verifier, signature in _read(note, verifiers):
        if not verifier.has_signed(_covered(mark, text), signature):
            raise BadNote("the line about the audit log is not signed by its key")


def without(note: str) -> str:
    """The note without these lines, for a receipt: every character of it counts, also for who passes such a line over."""
    text, signatures = notes.parts(note)
    kept = (one for one in signatures if len(one[2]) != _LENGTH + _DIGEST + _SIGNATURE)
    return text + "\n" + "".join(notes.signature_line(*one) for one in kept)


def _read(note: str, verifiers: Iterable[Verifier]) -> list[tuple[Mark, Verifier, bytes]]:
    known = {(one.name, key_id(one)): one for one in verifiers}
    found = []
    for name, of, data in notes.parts(note)[1]:
        verifier = known.get((name, of))
        if verifier is None:
            continue
        if len(data) != _LENGTH + _DIGEST + _SIGNATURE:
            raise BadNote("the line about the audit log is not one")
        mark = Mark(int.from_bytes(data[:_LENGTH]), data[_LENGTH : _LENGTH + _DIGEST])
        found.append((mark, verifier, data[-_SIGNATURE:]))
    return found


def _covered(mark: Mark, text: str) -> bytes:
    return f"{_NAME}\n{mark.length}\n{b64encode(mark.digest).decode()}\n\n{text}".encode()


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
        fault, told = "", set[Mark]()
        try:
            told = set(marks(row.note, known[campaign]))
            if not told <= seen:
                check(row.note, known[campaign])
        except BadNote as error:
            fault = str(error)
        if told:
            carry.add(campaign)
        elif campaign in carry and not fault:
            fault = "it says nothing of the audit log, though an earlier one does"
        if fault:
            if campaign not in doubted:
                found.faults.append(f"checkpoint {row.id}: {fault}")
            doubted.add(campaign)
            continue
        found.marks += [replace(mark, source=f"checkpoint {row.id}") for mark in told - seen]
        seen |= told
    return found


def read_saved(note: str, source: str) -> list[Mark]:
    """The marks in a checkpoint that somebody saved. Raises BadNote unless keys of this site have signed it."""
    with reading() as connection:
        texts = connection.execute(select(LogKey.verifier)).scalars().all()
    verifiers = [notes.read_verifier(text) for text in texts]
    notes.open_note(note, verifiers)
    check(note, verifiers)
    return [replace(mark, source=source) for mark in marks(note, verifiers)]


def _verifiers(campaign_id: int) -> list[Verifier]:
    with reading() as connection:
        texts = connection.execute(select(LogKey.verifier).where(LogKey.campaign_id == campaign_id)).scalars()
        return [notes.read_verifier(text) for text in texts]


def _checkpoints() -> Iterator[Any]:
    """All of them, in the order of their signing, in flat memory."""
    query = select(Checkpoint.id, Checkpoint.campaign_id, Checkpoint.note).order_by(Checkpoint.id)
    query = query.execution_options(yield_per=_AT_ONCE)
    with snapshot() as connection, connection.execute(query) as found:
        yield from found
