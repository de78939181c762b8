"""Deleting the scans of campaigns whose people are to be forgotten. The numbers and the public record stay: they name nobody."""

from collections.abc import Sequence

from sqlalchemy import select

from pledge.core.db import transaction
from pledge.files import services as files
from pledge.paper.models import PaperBatch


def forget(campaign_ids: Sequence[int]) -> int:
    """Delete the scans of these campaigns; how many there were."""
    kept = select(PaperBatch).where(PaperBatch.campaign_id.in_(campaign_ids), PaperBatch.scan != "")
    with transaction() as session:
        batches = session.scalars(kept).all() if campaign_ids else []
        for batch in batches:
            files.discard(session, batch.scan)
            batch.scan = ""
        return len(batches)
