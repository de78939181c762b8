"""Bulk acts of staff for tests: the worker's part, and what became of the signatures."""

from functools import partial

from sqlalchemy import func, select

from pledge.core.db import fetch
from pledge.ledger.queries import count
from pledge.signatures.invalidation import applying
from pledge.signatures.invalidation.models import Invalidation
from pledge.signatures.models import Signature
from pledge.statistics.integrity import mismatches
from tests.support import rows
from tests.support.factories import fold_all, the_campaign


def work(limit: int = applying.BATCH) -> int:
    """Let the worker finish; how many batches it took."""
    batches = 0
    while applying.advance(limit):
        batches += 1
    return batches


row = partial(rows.row, Invalidation)


def states() -> dict[str, int]:
    """How many signatures are in which state."""
    return dict(fetch(select(Signature.state, func.count()).group_by(Signature.state)).all())


def people() -> int:
    """The count, once the log is folded; it agrees with the signatures."""
    fold_all()
    assert mismatches() == []
    return count(the_campaign().id).people
