"""The fold as the worker does it, and an entry that nothing stands behind."""

import secrets
from typing import Any

from sqlalchemy import insert

from pledge.core import clock
from pledge.core.db import db
from pledge.ledger import services as ledger
from pledge.ledger.models import Kind, LedgerEntry, Reason
from pledge.mailed_links.links import new_id
from pledge.worker.registry import ledger_sources
from tests.support.factories.campaigns import the_campaign


def fold(limit: int = ledger.BATCH) -> int:
    """One fold, as the worker does it; how many entries it took."""
    return ledger.fold(ledger_sources(), limit)


def fold_all() -> int:
    """Run the fold until nothing waits; how many entries it took."""
    folded = 0
    while step := fold():
        folded += step
    return folded


def plant_entry(delta: int = 1, **facts: Any) -> None:
    """An entry as whoever can write the table puts it in: INSERT is free, as confirming needs it."""
    values = {
        "campaign_id": the_campaign().id,
        "kind": Kind.PERSON,
        "delta": delta,
        "reason": Reason.CONFIRMED if delta > 0 else Reason.WITHDRAWN,
        "subject_id": new_id(),
        "country": "KR",
        "region": "KR-11",
        "hour": "2026-11-24T12",
        "occurred_at": clock.now(),
        "pledge_text_id": the_campaign().pledges[-1].id,
        "commitment": secrets.token_bytes(32) if delta > 0 else None,
        **facts,
    }
    with db.engine.begin() as connection:
        connection.execute(insert(LedgerEntry).values(**values))
