"""Deleting the signatures of campaigns whose people are to be forgotten. The count stays: the ledger names nobody."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select

from pledge.core.db import transaction
from pledge.signatures.models import Signature

#: How long a submission waits. A link lives seven days; seven more are left to ask for a new one with it. Nothing renews
#: this clock.
PENDING_LIFETIME = timedelta(days=14)

#: Rows in one transaction, so that nobody waits for a long lock.
BATCH = 5000


def forget(campaign_ids: Sequence[int]) -> int:
    """Delete every signature of these campaigns, in whatever state; how many there were."""
    some = select(Signature.id).where(Signature.campaign_id.in_(campaign_ids)).limit(BATCH)
    total, gone = 0, BATCH if campaign_ids else 0
    while gone == BATCH:
        with transaction() as session:
            statement = delete(Signature).where(Signature.id.in_(some)).returning(Signature.id)
            gone = len(session.execute(statement).all())
        total += gone
    return total
