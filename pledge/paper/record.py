"""The public record of paper signatures: a list of lines that only grows, each naming the one before, and its signed end.

    {"v":1,"entry":0,"batch":3,"change":128,"decided":"2026-11-27","collected":"2026-11-20","sheets":9,
     "place":{"en":"Busan","ko":"부산"},"scan":"<64 hex>","before":"<64 hex>"}

one line without spaces between its parts. `scan` is the SHA-256 of the scan, `before` that of the line before (zeros in the first).
A line with a negative `change` takes a batch back. The end is a C2SP signed-note of five lines: the format, the log's
origin, how many lines there are, how many signatures they add up to, and the SHA-256 of the last one (docs/paper.md).
"""

import json
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from pledge.campaigns.models import Campaign
from pledge.core import clock
from pledge.core.db import reading, transaction
from pledge.core.i18n import SEOUL
from pledge.core.logs import log
from pledge.ledger import notes
from pledge.ledger.log import signers_for
from pledge.ledger.notes import Signer
from pledge.ledger.sources import Published
from pledge.paper.models import PaperBatch, PaperEntry, PaperNote

FORMAT = "pledge-paper/v1"
NO_LINE = "0" * 64


class RecordBroken(RuntimeError):
    """The lines that are stored are not those that were appended: nothing is signed."""


def append(session: Session, batch: PaperBatch, change: int, at: datetime) -> None:
    """Add the line of a batch in the caller's transaction, which holds the row of the campaign (lock_campaign)."""
    last = session.scalar(_entries(batch.campaign_id).order_by(PaperEntry.number.desc()).limit(1))
    number = 0 if last is None else last.number + 1
    said = {
        "v": 1,
        "entry": number,
        "batch": batch.id,
        "change": change,
        "decided": at.astimezone(SEOUL).date().isoformat(),
        "collected": batch.collected_on.isoformat(),
        "sheets": batch.sheets,
        "place": dict(sorted(batch.place.items())),
        "scan": batch.scan_sha256.hex(),
        "before": NO_LINE if last is None else hash_of(last.line),
    }
    line = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    session.add(
        PaperEntry(campaign_id=batch.campaign_id, number=number, batch_id=batch.id, change=change, line=line)
    )


def lock_campaign(session: Session, campaign_id: int) -> None:
    """Whoever appends or signs comes one after the other. Signing by people goes on: it shares the row's key."""
    session.execute(select(Campaign.id).where(Campaign.id == campaign_id).with_for_update(key_share=True))


def hash_of(line: str) -> str:
    return sha256(line.encode()).hexdigest()


def sign_due(published: Published) -> int:
    """Sign the record of every public campaign whose end, origin or keys are other ones than its note has; returns how many.

    Raises ledger.log.NoLogKey. A record whose lines do not follow from each other is left as it was signed last, and logged.
    """
    with reading() as connection:
        slugs = published(connection)
        ends = connection.execute(_ends()).all()
    return sum(_sign(end.campaign_id, slugs[end.campaign_id]) for end in ends if _is_due(end, slugs))


def _ends() -> Select[*tuple[Any, ...]]:
    return (
        select(PaperEntry.campaign_id, func.count().label("size"), PaperNote.note)
        .join(PaperNote, PaperNote.campaign_id == PaperEntry.campaign_id, isouter=True)
        .group_by(PaperEntry.campaign_id, PaperNote.note)
    )


def _is_due(end: Row[Any], slugs: dict[int, str]) -> bool:
    slug = slugs.get(end.campaign_id)
    if slug is None:
        return False
    signers = signers_for(slug)
    begins = f"{FORMAT}\n{signers[0].name}\n{end.size}\n"
    is_current = end.note is not None and end.note.startswith(begins)
    return not (is_current and notes.key_ids(end.note) == [one.verifier.key_id for one in signers])


def _sign(campaign_id: int, slug: str) -> int:
    signers = signers_for(slug)
    with transaction() as session:
        lock_campaign(session, campaign_id)
        entries = session.scalars(_entries(campaign_id).order_by(PaperEntry.number)).all()
        stored = session.get(PaperNote, campaign_id)
        try:
            check_lines([entry.line for entry in entries], stored.note if stored else None)
        except RecordBroken as broken:
            log.error("paper record not signed", campaign=slug, why=str(broken))
            return 0
        session.merge(
            PaperNote(
                campaign_id=campaign_id,
                size=len(entries),
                note=_note(entries, signers),
                signed_at=clock.now(),
            )
        )
    return 1


def check_lines(lines: list[str], signed: str | None) -> None:
    """Each line names the one before, and what was signed last is a beginning of them. Raises RecordBroken."""
    before = NO_LINE
    for number, line in enumerate(lines):
        said = json.loads(line)
        if (said["entry"], said["before"]) != (number, before):
            raise RecordBroken(f"line {number} does not follow the one before")
        before = hash_of(line)
    if signed is None:
        return
    _, _, size, _, last = signed.split("\n")[:5]
    count = int(size)
    if count > len(lines) or last != (hash_of(lines[count - 1]) if count else NO_LINE):
        raise RecordBroken("what was signed before is no beginning of it")


def _note(entries: Sequence[PaperEntry], signers: list[Signer]) -> str:
    total, last = sum(entry.change for entry in entries), hash_of(entries[-1].line)
    return notes.sign(f"{FORMAT}\n{signers[0].name}\n{len(entries)}\n{total}\n{last}\n", signers)


def _entries(campaign_id: int) -> Select[PaperEntry]:
    return select(PaperEntry).where(PaperEntry.campaign_id == campaign_id)
