"""What the log of a campaign adds up to at one of its checkpoints, and the checkpoints to choose from.

Entries up to a checkpoint never change, so these reads need no common snapshot; everything is counted from the entries and
not from the tallies, which have only the present.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from pledge.campaigns.models import PledgeText
from pledge.core import clock, languages
from pledge.core.db import reading, snapshot
from pledge.core.i18n import SEOUL
from pledge.core.organization_types import OrganizationType
from pledge.endorsements.models import Endorsement, EndorsementVersion, VersionState
from pledge.ledger import counting, log_queries
from pledge.ledger.counting import Counted
from pledge.ledger.leaves import korean_day
from pledge.ledger.log_queries import CheckpointView
from pledge.ledger.models import Kind
from pledge.statistics.values import Organization, Pledge

#: Days before today whose last checkpoint is offered.
DAYS = 14


@dataclass(frozen=True)
class Listed:
    """The organisations that were on the wall at a checkpoint."""

    organizations: list[Organization]  #: by kind, then by name
    unnamed: int  #: those that the log counts, but of which nothing is stored any more


def checkpoints(campaign_id: int) -> list[CheckpointView]:
    """The checkpoints that staff choose from, newest first: the newest one, and the last of each earlier day that had any."""
    newest = log_queries.newest(campaign_id)
    if newest is None:
        return []
    midnight = datetime.combine(clock.now().astimezone(SEOUL).date(), time(), SEOUL)
    days = (midnight - timedelta(days=back) for back in range(DAYS))
    # On a day without entries the last checkpoint is that of the day before.
    found = [newest, *(log_queries.checkpoint_before(campaign_id, day) for day in days)]
    return list({one.id: one for one in found if one is not None}.values())


def counted(campaign_id: int, size: int) -> Counted:
    """Add up the first `size` entries of a log."""
    with snapshot() as connection:
        return counting.counted(connection, campaign_id, size)


def listed(campaign_id: int, size: int, signed_at: datetime) -> Listed:
    """The organisations whose entries up to `size` leave one +1, each as it was shown when that was signed."""
    with reading() as connection:
        standing = counting.counted_subjects(connection, campaign_id, size, Kind.ORGANIZATION)
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
    return [Pledge(row.version, bytes(row.sha256).hex(), row.wording) for row in chosen]


def _shown(connection: Connection, campaign_id: int, signed_at: datetime) -> dict[int, Row[Any]]:
    """The version of each organisation that was public at a moment, by the organisation's number.

    Where none had been reviewed yet, the first one that was: the clocks of two machines may differ slightly.
    """
    version = EndorsementVersion.__table__.c
    query = (
        select(
            *(version.endorsement_id, version.reviewed_at, version.name, version.statement, version.type),
            *(version.country, version.region, version.website, version.target_year),
            Endorsement.level,
        )
        .join(Endorsement, Endorsement.id == version.endorsement_id)
        # Published at some time: a version that was not reviewed or was declined was never on the wall.
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
    """The sort key, the same on every database."""
    return list(OrganizationType).index(row.type), row.name.of(languages.default()).casefold(), number


def _organization(row: Row[Any], confirmed: str) -> Organization:
    return Organization(
        name=row.name,
        type=row.type,
        country=row.country,
        region=row.region,
        # Checked when it was written; said again here, because it becomes a link.
        website=row.website if row.website.startswith(("https://", "http://")) else "",
        level=row.level,
        target_year=row.target_year,
        statement=row.statement,
        published_on=korean_day(confirmed),
    )
