"""What the tests of the ledger share: campaigns to count for, entries to count, and the arithmetic done by hand."""

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from pledge.campaigns.models import Campaign
from pledge.db import db, transaction
from pledge.ledger.models import Kind, LedgerEntry, LedgerHead, Reason, Tally
from pledge.ledger.services import append

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)

_signature_ids = itertools.count(9_000_000_000_000_000_000 - 10**9)


def campaign(slug: str = "blue-skies", **changes: Any) -> int:
    """A campaign without texts: all that the ledger needs is its number."""
    with transaction() as session:
        values = {"slug": slug, "state": "open", "goal": 1000, **changes}
        return int(session.execute(insert(Campaign).values(**values).returning(Campaign.id)).scalar_one())


#: Which way each reason moves the count.
DELTAS = {Reason.CONFIRMED: +1, Reason.WITHDRAWN: -1, Reason.INVALIDATED: -1, Reason.REINSTATED: +1}


def confirm(
    campaign_id: int,
    country: str = "KR",
    region: str | None = None,
    hours: int = 0,
    subject_id: int | None = None,
    kind: Kind = Kind.PERSON,
) -> int:
    """+1 for a new person or organisation (or for one who signs again); the number of the signature."""
    subject_id = subject_id or next(_signature_ids)
    move(campaign_id, Reason.CONFIRMED, subject_id, country, region, hours, kind)
    return subject_id


def withdraw(
    campaign_id: int, subject_id: int, country: str = "KR", region: str | None = None, hours: int = 0
) -> None:
    move(campaign_id, Reason.WITHDRAWN, subject_id, country, region, hours)


def move(
    campaign_id: int,
    reason: Reason,
    subject_id: int,
    country: str = "KR",
    region: str | None = None,
    hours: int = 0,
    kind: Kind = Kind.PERSON,
) -> None:
    """One entry of any kind and reason."""
    with transaction() as session:
        append(
            session,
            campaign_id=campaign_id,
            kind=kind,
            delta=DELTAS[reason],
            reason=reason,
            subject_id=subject_id,
            country=country,
            region=region,
            at=NOON + timedelta(hours=hours),
        )


def entries() -> list[Any]:
    """The row of every entry, in the order of the log; those without a number last."""
    with db.engine.connect() as connection:
        found = connection.execute(select(LedgerEntry.__table__)).all()
    return sorted(found, key=lambda entry: (entry.campaign_id, entry.number or 10**12, entry.id))


def expected_tallies(rows: list[Any]) -> dict[tuple[int, str, str, str], int]:
    """The tallies of the numbered entries, added up one by one."""
    tallies: Counter[tuple[int, str, str, str]] = Counter()
    for row in rows:
        if row.number is None:
            continue
        for dimension, key in (
            ("total", ""),
            ("country", row.country),
            ("region", row.region),
            ("hour", row.hour),
        ):
            if key is not None:
                tallies[row.campaign_id, row.kind, dimension, key] += row.delta
    return dict(tallies)


def stored_tallies() -> dict[tuple[int, str, str, str], int]:
    with db.engine.connect() as connection:
        rows = connection.execute(
            select(Tally.campaign_id, Tally.kind, Tally.dimension, Tally.key, Tally.count.label("number"))
        )
        return {(row.campaign_id, row.kind, row.dimension, row.key): row.number for row in rows}


def check() -> None:
    """What must be true at every moment: numbers 1…n, count_after the running sum, tallies and heads what the rows say."""
    rows = entries()
    assert stored_tallies() == expected_tallies(rows)
    with db.engine.connect() as connection:
        heads = {
            row.campaign_id: (row.size, row.people, row.organizations)
            for row in connection.execute(select(LedgerHead.__table__))
        }
    sizes: Counter[int] = Counter()
    counts: Counter[tuple[int, str]] = Counter()
    for row in rows:
        if row.number is None:
            assert row.count_after is None
            continue
        sizes[row.campaign_id] += 1
        counts[row.campaign_id, row.kind] += row.delta
        assert (row.number, row.count_after) == (sizes[row.campaign_id], counts[row.campaign_id, row.kind])
    assert heads == {
        number: (size, counts[number, Kind.PERSON], counts[number, Kind.ORGANIZATION])
        for number, size in sizes.items()
    }
