"""What the tests of the ledger share: campaigns to count for, entries to count, and the arithmetic done by hand."""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from flask import current_app
from sqlalchemy import insert, select

from pledge.campaigns.models import Campaign, PledgeText
from pledge.campaigns.queries import KNOWN_CAMPAIGN, pledge_hashes, published_slugs
from pledge.core.db import db, transaction
from pledge.core.languages import Texts
from pledge.ledger import counting as checks
from pledge.ledger import log_queries, services
from pledge.ledger.models import Kind, LedgerEntry, LedgerHead, LedgerPlace, Reason, StatementKind, Tally
from pledge.ledger.numbering import FoldSources
from pledge.ledger.services import append
from pledge.ledger.verify import LogVerdict
from pledge.ledger.verify import verify as verify_log
from pledge.verifier.verify import Checkpoint

WORDS = Texts(ko="검토하겠습니다.", en="We will look into it.")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)

_signature_ids = itertools.count(9_000_000_000_000_000_000 - 10**9)


#: The ledger alone knows nobody: here whatever is put in stands, and is where it was put last.
SOURCES = FoldSources(
    dict.fromkeys(Kind, "CASE WHEN entry.delta > 0 THEN 1 END"),
    """SELECT last.country || COALESCE(last.region, '') FROM ledger_places AS last
        WHERE last.subject_id = place.subject_id ORDER BY last.id DESC LIMIT 1""",
    KNOWN_CAMPAIGN,
    published_slugs,
    pledge_hashes,
    lambda _session, _numbers: None,
)


def plus(campaign_id: int, **changes: Any) -> dict[str, Any]:
    """The columns of a +1, as whoever can insert entries writes it."""
    return {
        "campaign_id": campaign_id,
        "kind": "person",
        "delta": 1,
        "reason": "confirmed",
        "subject_id": 1,
        "country": "KR",
        "hour": "2026-11-24T12",
        "occurred_at": NOON,
        "pledge_text_id": pledge_of(campaign_id),
        "commitment": bytes(32),
        **changes,
    }


def fold(limit: int = services.BATCH) -> int:
    """One fold, with no package above that could tell what has no cause."""
    return services.fold(SOURCES, limit)


def recount() -> list[checks.Drift]:
    """A recount that nobody doubts."""
    return checks.recount(lambda _: checks.Doubts())


def verify(campaign_id: int, slug: str, noted: Sequence[Checkpoint] = ()) -> LogVerdict:
    return verify_log(campaign_id, slug, pledge_hashes, noted)


def campaign(slug: str = "blue-skies", **changes: Any) -> int:
    """A campaign with one pledge text: all else the ledger does not ask for."""
    with transaction() as session:
        values = {"slug": slug, "state": "open", "goal": 1000, **changes}
        number = int(session.execute(insert(Campaign).values(**values).returning(Campaign.id)).scalar_one())
        pledge = {"campaign_id": number, "version": 1, "created_at": NOON}
        pledge["wording"] = {"ko": "서약", "en": "A pledge"}
        session.execute(insert(PledgeText).values(**pledge, sha256=sha256(slug.encode()).digest()))
        return number


def pledge_of(campaign_id: int) -> int:
    """The number of a campaign's pledge text."""
    with db.engine.connect() as connection:
        query = select(PledgeText.id).where(PledgeText.campaign_id == campaign_id)
        return int(connection.execute(query).scalar_one())


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


def many(campaign_id: int, number: int) -> None:
    """So many +1 for people whom no test needs by name."""
    entry = plus(campaign_id)
    rows = [
        {**entry, "subject_id": subject_id, "commitment": sha256(b"%d" % subject_id).digest()}
        for subject_id in itertools.islice(_signature_ids, number)
    ]
    with transaction() as session:
        session.execute(insert(LedgerEntry), rows)


def state(campaign_id: int, words: Texts = WORDS, hours: int = 0, about: int = 1) -> None:
    """An answer in somebody's words."""
    with transaction() as session:
        services.state(
            session,
            campaign_id=campaign_id,
            kind=StatementKind.ANSWER,
            about=about,
            words=words,
            at=NOON + timedelta(hours=hours),
        )


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
    """One entry of any kind and reason; of paper, a batch of signatures_on() that is counted or taken back."""
    is_paper = kind is Kind.PAPER
    if is_paper:
        reason = Reason.CONFIRMED if reason.delta == 1 else Reason.WITHDRAWN
    pledge_text_id = None if is_paper else pledge_of(campaign_id)
    with transaction() as session:
        append(
            session,
            campaign_id=campaign_id,
            kind=kind,
            reason=reason,
            subject_id=subject_id,
            country=country,
            region=region,
            at=NOON + timedelta(hours=hours),
            pledge_text_id=pledge_text_id,
            commitment=sha256(str(subject_id).encode()).digest() if reason.delta == 1 else None,
            times=signatures_on(subject_id) if is_paper else 1,
        )


def signatures_on(batch_id: int) -> int:
    """How many a batch on paper has here."""
    return batch_id % 97 + 1


def entries() -> list[Any]:
    """The row of every entry, in the order of the log; those without a number last."""
    with db.engine.connect() as connection:
        rows = connection.execute(select(LedgerEntry.__table__)).all()
    return sorted(rows, key=lambda entry: (entry.campaign_id, entry.number or 10**12, entry.id))


def expected_tallies(rows: list[Any]) -> dict[tuple[int, str, str, str], int]:
    """The tallies of the numbered entries and of the places that were put right, added up one by one."""
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
    tallies = Counter({cell: number for cell, number in tallies.items() if cell[1] != Kind.STATEMENT})
    with db.engine.connect() as connection:
        places = connection.execute(select(LedgerPlace.__table__).where(LedgerPlace.size.is_not(None))).all()
    for place in places:
        for dimension, key in (("country", place.country), ("region", place.region)):
            if key is not None:
                tallies[place.campaign_id, Kind.PERSON, dimension, key] += place.delta
    return dict(tallies)


def stored_tallies() -> dict[tuple[int, str, str, str], int]:
    with db.engine.connect() as connection:
        rows = connection.execute(
            select(Tally.campaign_id, Tally.kind, Tally.dimension, Tally.key, Tally.count.label("number"))
        )
        return {(row.campaign_id, row.kind, row.dimension, row.key): row.number for row in rows}


def check(*, log: bool = True) -> None:
    """What must be true at every moment: numbers 1…n, count_after the running sum, tallies and heads what the rows say,
    and the log in order; `log=False` where a test has changed entries that were published."""
    rows = entries()
    assert stored_tallies() == expected_tallies(rows)
    with db.engine.connect() as connection:
        heads = {
            row.campaign_id: (row.size, row.people, row.organizations)
            for row in connection.execute(select(LedgerHead.__table__))
            if row.size  # a campaign that has nothing but what was set aside has an empty one
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
    if log:
        check_log(heads)


def check_log(heads: dict[int, tuple[int, int, int]]) -> None:
    """Every log is in order, and what it published last is what the head counts."""
    with db.engine.connect() as connection:
        slugs = {row.id: row.slug for row in connection.execute(select(Campaign.id, Campaign.slug))}
    for number, slug in slugs.items():
        result = verify(number, slug)
        assert result.faults == []
        head = heads.get(number, (0, 0, 0))
        assert (result.totals.size, result.totals.people, result.totals.organizations) == head
        newest = log_queries.newest(number)
        assert newest is None or (newest.size, newest.people, newest.organizations) == head
        assert newest is not None or head == (0, 0, 0)


@contextmanager
def settings(**changes: Any) -> Iterator[None]:
    """The application with other settings, as after a restart: other keys of the log, another address."""
    extensions = current_app.extensions
    before = extensions["pledge.config"]
    extensions["pledge.config"] = before.model_copy(update=changes)
    try:
        yield
    finally:
        extensions["pledge.config"] = before
