"""What became of all sign-ups of a campaign: counted, waiting, withdrawn, or taken out of the count and why.

Small cells are merged as in every breakdown. The counted ones are public anyway, so the sum of the others is hidden too
where it is itself below five: it would say what the merging hides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, func, select

from pledge import clock
from pledge.db import db, reading
from pledge.delivery.cells import SMALLEST, merge_small
from pledge.signatures.invalidation_models import Invalidation, InvalidationReason
from pledge.signatures.models import Signature, SignatureState

#: The line of the states and reasons that are too few to be shown each.
MERGED = "merged"

#: The figures read every row of a campaign. They are kept so long that reading takes no more than a hundredth of the time.
SHORTEST_KEPT = 5.0
KEPT_FOR_EACH_SECOND = 100.0

#: The lines in their order: a state, or the reason of an invalidation.
KEYS = (
    SignatureState.PENDING.value,
    SignatureState.WITHDRAWN.value,
    *(reason.value for reason in InvalidationReason),
)


@dataclass(frozen=True)
class Integrity:
    """`submitted` is what is still stored; unconfirmed sign-ups are deleted after 14 days, erased ones at once."""

    as_of: datetime
    confirmed: int
    #: None where it would tell, by subtraction, how few are not counted.
    submitted: int | None
    #: Those that are not counted, by KEYS and MERGED; None for "fewer than five".
    uncounted: dict[str, int | None]


@dataclass(frozen=True)
class _Kept:
    until: float
    integrity: Integrity


_kept: "WeakKeyDictionary[Engine, dict[int, _Kept]]" = WeakKeyDictionary()


def integrity(campaign_id: int) -> Integrity:
    """The figures of one campaign, some seconds old."""
    known = _kept.setdefault(db.engine, {})
    found = known.get(campaign_id)
    now = clock.monotonic()
    if found is not None and now < found.until:
        return found.integrity
    made = _integrity(campaign_id)
    took = clock.monotonic() - now
    known[campaign_id] = _Kept(now + max(SHORTEST_KEPT, took * KEPT_FOR_EACH_SECOND), made)
    return made


def forget() -> None:
    """Read anew next time; for tests."""
    _kept.clear()


def _integrity(campaign_id: int) -> Integrity:
    as_of = clock.now()
    query = (
        select(Signature.state, Invalidation.reason, func.count())
        .outerjoin(Invalidation, Invalidation.id == Signature.invalidation_id)
        .where(Signature.campaign_id == campaign_id)
        .group_by(Signature.state, Invalidation.reason)
    )
    with reading() as connection:
        cells = {row[1] or row[0]: row[2] for row in connection.execute(query)}
    confirmed = cells.pop(SignatureState.CONFIRMED.value, 0)
    uncounted = _merged({key: cells[key] for key in KEYS if key in cells})
    hidden = None in uncounted.values()
    return Integrity(as_of, confirmed, None if hidden else confirmed + sum(cells.values()), uncounted)


def _merged(cells: Mapping[str, int]) -> dict[str, int | None]:
    breakdown = merge_small(cells)
    lines: dict[str, int | None] = dict(breakdown.shown)
    if breakdown.other is not None:
        lines[MERGED] = breakdown.other if breakdown.other >= SMALLEST else None
    return lines
