"""Reads of paper signatures: for the screens of staff and what is public."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from pledge.accounts.two_people import NoSuchProposal
from pledge.core.db import load
from pledge.core.languages import Texts
from pledge.ledger.queries import paper_entries
from pledge.paper.models import OBJECTION, PaperBatch, PaperNotice, PaperState

#: Batches that the screen of a campaign lists.
MAX_SHOWN = 500

#: What the fold asks about an entry on paper (ledger/numbering.py: CountedBy): whoever has the web server's role can write
#: batches, entries and the audit log, so only the entry that the worker wrote counts.
IS_COUNTED = """
    SELECT CASE WHEN batch.campaign_id <> entry.campaign_id OR batch.state <> 'agreed' THEN NULL
                ELSE (SELECT COUNT(*) FROM paper_notices AS notice WHERE notice.entry_id = entry.id) END
      FROM paper_batches AS batch
     WHERE batch.id = entry.subject_id"""

#: What the ledger must add up to (statistics/integrity.py).
AGREED = """
    SELECT campaign_id, NULL AS country, NULL AS region, batch.signatures AS times
      FROM paper_batches AS batch JOIN paper_notices AS notice ON notice.batch_id = batch.id
     WHERE state = 'agreed' AND entry_id IS NOT NULL"""


@dataclass(frozen=True)
class PublicBatch:
    """A batch that the public log counts."""

    number: int
    entry: int  #: its index in the log, from 0 on
    place: Texts
    collected_on: date
    sheets: int
    signatures: int
    scan_sha256: str  #: in hex


@dataclass(frozen=True)
class PublicPaper:
    """What the public log counts on paper. Place, day and sheets of a batch are what staff say, the rest is in its entry."""

    signatures: int
    batches: list[PublicBatch]

    @property
    def sheets(self) -> int:
        return sum(batch.sheets for batch in self.batches)


def newest(campaign_id: int) -> list[PaperBatch]:
    """The newest batches of a campaign, in every state."""
    query = select(PaperBatch).where(PaperBatch.campaign_id == campaign_id)
    return load(query.order_by(PaperBatch.id.desc()).limit(MAX_SHOWN))


def find(campaign_id: int, batch_id: int) -> PaperBatch:
    """Raises NoSuchProposal."""
    query = select(PaperBatch).where(PaperBatch.campaign_id == campaign_id, PaperBatch.id == batch_id)
    for batch in load(query):
        return batch
    raise NoSuchProposal


def counts_from(batch: PaperBatch) -> datetime | None:
    """When the log counts an agreed batch if nobody objects; None where that is past, or nobody was mailed yet."""
    for notice in load(select(PaperNotice).where(PaperNotice.batch_id == batch.id)):
        if notice.entry_id is None and batch.state == PaperState.AGREED:
            return notice.mailed_at + OBJECTION
    return None


def proposed() -> list[PaperBatch]:
    """Batches of all campaigns that wait for a second person, or for who counts them again, the longest wait first."""
    query = select(PaperBatch).where(PaperBatch.state.in_((PaperState.COUNTED, PaperState.DISPUTED)))
    return load(query.order_by(PaperBatch.proposed_at).limit(MAX_SHOWN))


def public(campaign_id: int, size: int | None = None) -> PublicPaper:
    """The batches that the public log counts now, or did when it had `size` entries, the newest first."""
    counted = {entry.batch_id: entry for entry in paper_entries(campaign_id, size)}
    query = select(PaperBatch).where(PaperBatch.campaign_id == campaign_id, PaperBatch.id.in_(counted))
    batches = load(query.order_by(PaperBatch.collected_on.desc(), PaperBatch.id.desc()))
    public = []
    for batch in batches:
        entry = counted[batch.id]
        what = (batch.id, entry.index, batch.place, batch.collected_on, batch.sheets)
        public.append(PublicBatch(*what, entry.signatures, entry.scan_sha256.hex()))
    return PublicPaper(sum(entry.signatures for entry in counted.values()), public)
