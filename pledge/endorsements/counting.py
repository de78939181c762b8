"""Endorsements in the ledger: +1 when an organisation goes on the wall, -1 when it leaves, and what must agree with it."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from pledge.core.db import fetch
from pledge.endorsements.models import Endorsement, EndorsementState, EndorsementVersion
from pledge.ledger.leaves import commitment, organization_subject
from pledge.ledger.models import Kind, LedgerEntry, LedgerHead, Reason
from pledge.ledger.services import append

#: What the fold asks about an entry of an organisation (ledger/numbering.py: CountedBy): whether it is on the wall. Its salt is
#: sealed, so the commitment is not compared, and its place is that of its +1, whatever later versions say.
IS_COUNTED = """
    SELECT CASE WHEN listed.campaign_id <> entry.campaign_id OR listed.state <> 'published' THEN NULL
                WHEN entry.delta = 1 THEN 1 ELSE 0 END
      FROM endorsements AS listed
     WHERE listed.id = entry.subject_id"""

#: What the ledger must add up to (statistics/integrity.py).
LISTED = "SELECT campaign_id, NULL AS country, NULL AS region, 1 AS times FROM endorsements WHERE state = 'published'"

#: The index in the public log, and the salt, with which anybody can open the commitment of an organisation.
Opening = tuple[int | None, str | None]


def openings(campaign_id: int) -> dict[int, Opening]:
    """Those of the organisations on the wall, by their number, as far as the published log has them."""
    query = (
        select(Endorsement.id, func.max(LedgerEntry.number) - 1, Endorsement.salt)
        .join(LedgerEntry, LedgerEntry.subject_id == Endorsement.id)
        .join(LedgerHead, LedgerHead.campaign_id == LedgerEntry.campaign_id)
        .where(Endorsement.state == EndorsementState.PUBLISHED, LedgerEntry.campaign_id == campaign_id)
        # Verbatim the predicate of its index.
        .where(LedgerEntry.kind == text("'organization'"), LedgerEntry.delta == 1)
        .where(LedgerEntry.number <= LedgerHead.log_size)
        .group_by(Endorsement.id, Endorsement.salt)
    )
    return {number: (index, salt) for number, index, salt in fetch(query)}


def count_in(
    session: Session, row: Endorsement, version: EndorsementVersion, reason: Reason, at: datetime
) -> None:
    """+1, in the transaction that publishes the endorsement."""
    _append(session, row, reason, at, version, proof=commitment(row.salt, organization_subject(row.id)))


def count_out(session: Session, row: Endorsement, reason: Reason, at: datetime) -> None:
    """-1, in the transaction that takes the endorsement off the wall.

    The -1 has the place of the +1, not the present one: a later version may name another country, whose tally never got the
    +1.
    """
    counted = session.execute(
        select(LedgerEntry.country, LedgerEntry.region)
        .where(
            *(LedgerEntry.subject_id == row.id, LedgerEntry.kind == Kind.ORGANIZATION),
            *(LedgerEntry.delta == 1, LedgerEntry.set_aside.is_(None)),
        )
        .order_by(LedgerEntry.id.desc())
        .limit(1)
    ).one()
    _append(session, row, reason, at, counted)


def _append(
    session: Session, row: Endorsement, reason: Reason, at: datetime, place: Any, *, proof: bytes = b""
) -> None:
    """The ledger entry; `place` has the country and the region that it is counted in."""
    append(
        session,
        campaign_id=row.campaign_id,
        kind=Kind.ORGANIZATION,
        reason=reason,
        subject_id=row.id,
        country=place.country,
        region=place.region,
        at=at,
        pledge_text_id=row.pledge_text_id,
        commitment=proof or None,
    )
