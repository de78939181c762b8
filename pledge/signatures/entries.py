"""Entries of the ledger that staff's acts make: one for each signature that they take out of the count or put into it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from pledge.core import clock
from pledge.ledger.models import Kind, LedgerEntry, Reason
from pledge.ledger.services import PlaceMove, append_places, hour_of
from pledge.signatures.places import current_place, entry_place


def append_moves(session: Session, moved: Sequence[Any], reason: Reason) -> None:
    """Of each the entry, at the place of its earlier ones, and the way between that place and where the person is now."""
    now = clock.now()
    ways = [(current_place(signature), entry_place(signature)) for signature in moved]
    append_places(
        session,
        [
            PlaceMove(signature.campaign_id, signature.id, *(way if reason.delta == -1 else reversed(way)))
            for signature, way in zip(moved, ways, strict=True)
        ],
        now,
    )
    entries = [
        {
            "campaign_id": signature.campaign_id,
            "kind": Kind.PERSON,
            "delta": reason.delta,
            "reason": reason,
            "subject_id": signature.id,
            "country": entry.country,
            "region": entry.region,
            "hour": hour_of(now),
            "occurred_at": now,
            "pledge_text_id": signature.pledge_text_id,
            "commitment": signature.commitment if reason.delta == 1 else None,
        }
        for signature, (_, entry) in zip(moved, ways, strict=True)
    ]
    if entries:
        session.execute(insert(LedgerEntry), entries)
