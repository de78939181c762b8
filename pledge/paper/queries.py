"""Reads of paper signatures: for the screens of staff, and what is public: the batches that the log counts."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, select

from pledge.campaigns import rules
from pledge.campaigns.models import Campaign
from pledge.core.db import reading
from pledge.core.languages import Texts
from pledge.ledger.queries import paper_entries
from pledge.paper.models import PaperBatch, PaperState
from pledge.paper.services import NoSuchBatch, PaperFields, content

#: Batches that the screen of a campaign lists.
MAX_SHOWN = 500


@dataclass(frozen=True)
class BatchView:
    """A batch as staff see it."""

    id: int
    state: PaperState
    fields: PaperFields
    scan: str
    scan_sha256: bytes
    counted_by: int
    counted_name: str
    counted_at: datetime
    checked_name: str
    checked_at: datetime | None
    checked_signatures: int | None

    @property
    def stamp(self) -> str:
        return rules.stamp(content(self.fields, self.scan_sha256))

    @property
    def place(self) -> Texts:
        return self.fields.place


@dataclass(frozen=True)
class WaitingBatch:
    """A batch that waits for a second person, or for who counts it again."""

    slug: str
    id: int
    place: Texts
    counted_at: datetime
    is_disputed: bool  #: the two numbers differ, so the first person corrects it


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


def of_campaign(campaign_id: int) -> list[BatchView]:
    """The newest batches of a campaign, in every state."""
    query = (
        select(*PaperBatch.__table__.c)
        .where(PaperBatch.campaign_id == campaign_id)
        .order_by(PaperBatch.id.desc())
        .limit(MAX_SHOWN)
    )
    with reading() as connection:
        return [_view(row) for row in connection.execute(query)]


def one(campaign_id: int, batch_id: int) -> BatchView:
    """Raises NoSuchBatch."""
    query = select(*PaperBatch.__table__.c).where(
        PaperBatch.campaign_id == campaign_id, PaperBatch.id == batch_id
    )
    with reading() as connection:
        row = connection.execute(query).first()
    if row is None:
        raise NoSuchBatch(batch_id)
    return _view(row)


def waiting() -> list[WaitingBatch]:
    """Batches of all campaigns that are not agreed, the longest wait first."""
    is_disputed = PaperBatch.state == PaperState.DISPUTED
    query = (
        select(Campaign.slug, PaperBatch.id, PaperBatch.place, PaperBatch.counted_at, is_disputed)
        .join(Campaign, Campaign.id == PaperBatch.campaign_id)
        .where(PaperBatch.state.in_((PaperState.COUNTED, PaperState.DISPUTED)))
        .order_by(PaperBatch.counted_at)
        .limit(MAX_SHOWN)
    )
    with reading() as connection:
        return [WaitingBatch(*row) for row in connection.execute(query)]


def public(campaign_id: int, size: int | None = None) -> PublicPaper:
    """The batches that the public log counts now, or did when it had `size` entries, the newest first."""
    counted = {one.batch_id: one for one in paper_entries(campaign_id, size)}
    query = (
        select(*PaperBatch.__table__.c)
        .where(PaperBatch.campaign_id == campaign_id, PaperBatch.id.in_(counted))
        .order_by(PaperBatch.collected_on.desc(), PaperBatch.id.desc())
    )
    with reading() as connection:
        rows = connection.execute(query).all()
    found = [
        PublicBatch(
            row.id,
            entry.index,
            row.place,
            row.collected_on,
            row.sheets,
            entry.signatures,
            entry.scan_sha256.hex(),
        )
        for row in rows
        for entry in (counted[row.id],)
    ]
    return PublicPaper(sum(one.signatures for one in counted.values()), found)


def _view(row: Row[Any]) -> BatchView:
    return BatchView(
        id=row.id,
        state=PaperState(row.state),
        fields=PaperFields(row.place, row.collected_on, row.sheets, row.signatures),
        scan=row.scan,
        scan_sha256=bytes(row.scan_sha256),
        counted_by=row.counted_by,
        counted_name=row.counted_name,
        counted_at=row.counted_at,
        checked_name=row.checked_name,
        checked_at=row.checked_at,
        checked_signatures=row.checked_signatures,
    )
