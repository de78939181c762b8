"""What the log of a campaign adds up to at one of its checkpoints, and which checkpoints there are to choose from.

Entries up to a checkpoint never change, so these reads need no common snapshot; everything is counted from the entries
and not from the tallies, which only know the present.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, text

from pledge import clock
from pledge.campaigns.models import PledgeText
from pledge.db import is_postgresql, reading, snapshot
from pledge.delivery.document import Moves, Organization, Pledge, Words
from pledge.endorsements.models import Endorsement, EndorsementVersion, OrganizationType, VersionState
from pledge.i18n import SEOUL
from pledge.ledger import log_queries
from pledge.ledger.leaves import korean_day
from pledge.ledger.log_queries import CheckpointView
from pledge.ledger.models import Checkpoint, Dimension, Kind, Reason

#: Days before today whose last checkpoint is offered.
DAYS = 14

# One statement for all that is counted. It reads every entry once and returns a row for each hour and place.
_SECONDS = 120
_CELLS = text("""
    SELECT kind, reason, pledge_text_id, country, region, hour, COUNT(*) AS entries, SUM(delta) AS moved
      FROM ledger_entries WHERE campaign_id = :campaign_id AND number <= :size
     GROUP BY kind, reason, pledge_text_id, country, region, hour""").execution_options(deadline=_SECONDS)

# PostgreSQL takes the places and hours for many more than they are and would sort a million rows on the disk, which takes
# three times as long as counting them in memory. A log of ten millions takes longer than a statement of a page may.
_ROOM = text(f"""
    SELECT set_config('work_mem', '256MB', true), set_config('jit', 'off', true),
           set_config('statement_timeout', '{_SECONDS}s', true)""")  # our own constant

_STANDING = text("""
    SELECT subject_id, MAX(CASE WHEN reason = 'confirmed' THEN hour END) AS confirmed, MIN(hour) AS first
      FROM ledger_entries WHERE campaign_id = :campaign_id AND number <= :size AND kind = 'organization'
     GROUP BY subject_id HAVING SUM(delta) = 1""")


@dataclass(frozen=True)
class Counted:
    """What the entries up to a checkpoint add up to."""

    tallies: dict[Dimension, dict[str, int]]  #: of people, as ledger/queries.py tells those of now
    people_moves: Moves
    organization_moves: Moves
    pledge_text_ids: frozenset[int]  #: what was signed


@dataclass(frozen=True)
class Listed:
    """The organisations that stood on the wall at a checkpoint."""

    organizations: list[Organization]  #: by kind, then by name
    unnamed: int  #: those that the log counts, but of whom nothing is stored any more


def checkpoints(campaign_id: int) -> list[CheckpointView]:
    """What staff choose from, newest first: the newest one, and the last of each of the days before today that had any."""
    newest = log_queries.newest(campaign_id)
    if newest is None:
        return []
    ids = [newest.id]
    midnight = datetime.combine(clock.now().astimezone(SEOUL).date(), time(), SEOUL)
    with reading() as connection:
        for back in range(DAYS):
            last = _last_before(connection, campaign_id, midnight - timedelta(days=back))
            if last is None:
                break
            ids.append(last)
    # Where nothing happened on a day, its last checkpoint is that of the day before.
    found = (log_queries.checkpoint(one) for one in dict.fromkeys(ids))
    return [one for one in found if one is not None]


def counted(campaign_id: int, size: int) -> Counted:
    """Add up the first `size` entries of a log."""
    tallies: dict[Dimension, Counter[str]] = {dimension: Counter() for dimension in Dimension}
    moves: dict[Kind, Counter[str]] = {kind: Counter() for kind in Kind}
    pledge_text_ids = set()
    with snapshot() as connection:
        if is_postgresql():
            connection.execute(_ROOM)
        for row in connection.execute(_CELLS, {"campaign_id": campaign_id, "size": size}):
            moves[Kind(row.kind)][row.reason] += row.entries
            pledge_text_ids.add(row.pledge_text_id)
            if row.kind == Kind.PERSON:
                _add(tallies, row)
    return Counted(
        tallies={dimension: dict(cells) for dimension, cells in tallies.items()},
        people_moves=_moves(moves[Kind.PERSON]),
        organization_moves=_moves(moves[Kind.ORGANIZATION]),
        pledge_text_ids=frozenset(pledge_text_ids),
    )


def listed(campaign_id: int, size: int, signed_at: datetime) -> Listed:
    """The organisations whose entries up to `size` leave one +1, each as it showed itself when that was signed."""
    with reading() as connection:
        span = {"campaign_id": campaign_id, "size": size}
        standing = {row.subject_id: row for row in connection.execute(_STANDING, span)}
        shown = _shown(connection, campaign_id, signed_at) if standing else {}
    found = [(shown[number], number) for number in standing if number in shown]
    found.sort(key=lambda one: _place(*one))
    return Listed([_organization(row, standing[number]) for row, number in found], len(standing) - len(found))


def pledges(campaign_id: int, wanted: frozenset[int]) -> list[Pledge]:
    """The pledge texts of these numbers; the newest one where nobody has signed yet."""
    query = select(PledgeText.__table__).where(PledgeText.campaign_id == campaign_id)
    with reading() as connection:
        rows = connection.execute(query.order_by(PledgeText.version)).all()
    chosen = [row for row in rows if row.id in wanted] or rows[-1:]
    return [Pledge(row.version, bytes(row.sha256).hex(), Words(row.ko, row.en)) for row in chosen]


def _add(tallies: Mapping[Dimension, Counter[str]], row: Row[Any]) -> None:
    moved = int(row.moved)
    tallies[Dimension.TOTAL][""] += moved
    tallies[Dimension.COUNTRY][row.country] += moved
    tallies[Dimension.HOUR][row.hour] += moved
    if row.region is not None:
        tallies[Dimension.REGION][row.region] += moved


def _moves(moves: Mapping[str, int]) -> Moves:
    return Moves(**{reason.value: moves.get(reason, 0) for reason in Reason})


def _shown(connection: Connection, campaign_id: int, signed_at: datetime) -> dict[int, Row[Any]]:
    """The version of each organisation that was public at a moment, by the organisation's number.

    Where none had been reviewed yet, the first one that was: the clocks of two machines may differ by a moment.
    """
    version = EndorsementVersion.__table__.c
    query = (
        select(
            *(version.endorsement_id, version.reviewed_at, version.name_ko, version.name_en, version.type),
            *(version.country, version.region, version.website, version.target_year),
            *(version.statement_ko, version.statement_en, Endorsement.level),
        )
        .join(Endorsement, Endorsement.id == version.endorsement_id)
        # Published once: what nobody reviewed or what was declined never was on the wall.
        .where(
            Endorsement.campaign_id == campaign_id,
            version.state.in_((VersionState.PUBLISHED, VersionState.SUPERSEDED)),
            version.reviewed_at.is_not(None),
        )
        .order_by(version.reviewed_at, version.seq)
    )
    found: dict[int, Row[Any]] = {}
    rows: Iterable[Row[Any]] = connection.execute(query)
    for row in rows:
        if row.endorsement_id not in found or row.reviewed_at <= signed_at:
            found[row.endorsement_id] = row
    return found


def _place(row: Row[Any], number: int) -> tuple[int, str, int]:
    """Its place in the list, the same on every database."""
    return list(OrganizationType).index(row.type), (row.name_ko or row.name_en).casefold(), number


def _organization(row: Row[Any], entries: Row[Any]) -> Organization:
    return Organization(
        name=Words(row.name_ko, row.name_en),
        type=row.type,
        country=row.country,
        region=row.region,
        # Checked when it was written; said again here, because it becomes a link.
        website=row.website if row.website.startswith(("https://", "http://")) else "",
        level=row.level,
        target_year=row.target_year,
        statement=Words(row.statement_ko, row.statement_en),
        published_on=korean_day(entries.confirmed or entries.first),
    )


def _last_before(connection: Connection, campaign_id: int, moment: datetime) -> int | None:
    """The last checkpoint that was signed before a moment; None when there is none.

    By halving over the sizes, which grow with time: a busy day has tens of thousands of checkpoints, and no index tells
    when they were signed.
    """
    rows = select(Checkpoint.id, Checkpoint.size, Checkpoint.signed_at).where(
        Checkpoint.campaign_id == campaign_id
    )
    rising, falling = (Checkpoint.size, Checkpoint.id), (Checkpoint.size.desc(), Checkpoint.id.desc())
    first = connection.execute(rows.order_by(*rising).limit(1)).first()
    last = connection.execute(rows.order_by(*falling).limit(1)).first()
    if first is None or last is None or first.signed_at >= moment:
        return None
    # One of the size `low` is before the moment; none of the size `high` or more is.
    low, high = first.size, last.size + 1
    while high - low > 1:
        middle = (low + high) // 2
        part = rows.where(Checkpoint.size >= middle, Checkpoint.size < high)
        found = connection.execute(part.order_by(*rising).limit(1)).first()
        if found is None or found.signed_at >= moment:
            high = middle
        else:
            low = found.size
    # The newest of that size: it may have been signed again by another key.
    of_size = rows.where(Checkpoint.size == low, Checkpoint.signed_at < moment)
    return int(connection.execute(of_size.order_by(*falling).limit(1)).one().id)
