"""What a campaign adds up to, now or at a checkpoint of its public log: the numbers, the organisations, the texts signed.

Entries up to a checkpoint never change, so these reads need no common snapshot. They are counted from the entries and not
from the tallies, which have only the present.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import contains_eager

from pledge.campaigns.models import Campaign, PledgeText
from pledge.core import clock, languages
from pledge.core.clock import from_iso_utc, iso_utc
from pledge.core.db import fetch, load, reading, snapshot
from pledge.core.i18n import SEOUL
from pledge.core.languages import Texts
from pledge.core.organization_types import OrganizationType
from pledge.endorsements import promises
from pledge.endorsements.models import Endorsement, EndorsementVersion
from pledge.endorsements.queries import WAS_PUBLIC
from pledge.ledger import counting, log_queries
from pledge.ledger import queries as ledger
from pledge.ledger.counting import Counted, Moves
from pledge.ledger.leaves import korean_day
from pledge.ledger.models import Checkpoint, Dimension, Kind
from pledge.paper import queries as paper
from pledge.statistics.breakdowns import Breakdowns, breakdowns
from pledge.statistics.cells import MIN_CELL

#: Days before today whose last checkpoint is offered.
DAYS = 14


class UnknownCampaign(LookupError):
    """No campaign has this slug."""


class NoSuchCheckpoint(LookupError):
    """The campaign has no such checkpoint, or none at all: the worker has not signed one yet."""


class DoesNotAddUp(RuntimeError):
    """The entries do not add up to the totals of the checkpoint. `flask ledger recount` says more."""


@dataclass(frozen=True)
class CampaignFacts:
    id: int
    slug: str
    goal: int
    title: Texts  #: in every language of the site
    recipient: Texts  #: as consents say it; none in a draft


@dataclass(frozen=True)
class CountedCheckpoint:
    """The checkpoint at which everything is counted."""

    size: int
    root: str  #: base64
    people: int
    organizations: int
    signed_at: str  #: `2026-11-24T05:00:00Z`
    note: str  #: the signed note, verbatim

    @property
    def counts(self) -> dict[str, Any]:
        """The fields of Totals that this checkpoint gives."""
        return {
            "as_of": from_iso_utc(self.signed_at),
            "people": self.people,
            "organizations": self.organizations,
        }


@dataclass(frozen=True)
class SignedVersion:
    """A version of the pledge and how many count under it now."""

    version: int
    people: int
    organizations: int


@dataclass(frozen=True)
class Pledge:
    """A version of the text that people signed; `sha256` in hex is what the log's entries name."""

    version: int
    sha256: str
    text: Texts


@dataclass(frozen=True)
class Organization:
    """An organisation that was on the wall at the checkpoint. Its name may be in one language only."""

    name: Texts
    type: str  #: as core.organization_types.OrganizationType
    country: str
    region: str | None
    website: str
    level: str  #: as endorsements.models.VerificationLevel
    target_year: int | None
    statement: Texts
    published_on: str  #: day in Korea, `2026-11-24`
    # Deliveries that were frozen before have none of these.
    interim_percent: int | None = None
    interim_year: int | None = None
    base_year: int | None = None
    scope: str | None = None
    plan_url: str = ""
    report_url: str = ""


@dataclass(frozen=True)
class PaperTotals:
    """Signatures on paper: in none of the other numbers."""

    signatures: int
    sheets: int
    batches: int


@dataclass(frozen=True, kw_only=True)
class Totals(Breakdowns):
    """The numbers of a campaign at one moment, small cells merged, in the languages of the site."""

    slug: str
    languages: Sequence[str]  #: in the order in which tables have a column for each
    title: Texts
    goal: int
    as_of: datetime  #: with a checkpoint: when that was signed
    people: int
    organizations: int
    smallest_shown: int = MIN_CELL
    # What only a checkpoint has. The present numbers may not be signed yet.
    checkpoint: CountedCheckpoint | None = None
    people_moves: Moves | None = None
    organization_moves: Moves | None = None
    paper: PaperTotals | None = None  #: None where nothing was signed on paper
    named_organizations: list[Organization] = field(default_factory=list)  #: by kind, then by name
    #: Organisations that are counted but no longer named, as their content was erased.
    unnamed_organizations: int = 0


def campaign_facts(slug: str) -> CampaignFacts:
    """Raises UnknownCampaign."""
    query = select(Campaign.id, Campaign.goal, Campaign.title, Campaign.recipient)
    row = fetch(query.where(Campaign.slug == slug)).first()
    if row is None:
        raise UnknownCampaign(slug)
    title = Texts({lang: row.title.in_language(lang) or slug for lang in languages.codes()})
    return CampaignFacts(id=row.id, slug=slug, goal=row.goal, title=title, recipient=row.recipient)


def totals_at(
    campaign: CampaignFacts, checkpoint: Checkpoint | None = None, counted: Counted | None = None
) -> Totals:
    """The totals of a campaign now, or at a checkpoint, of which `counted` has the sums where they are known already.

    Raises DoesNotAddUp.
    """
    facts: dict[str, Any] = {
        "slug": campaign.slug,
        "languages": list(languages.codes()),
        "title": campaign.title,
        "goal": campaign.goal,
    }
    if checkpoint is None:
        as_of = clock.now()
        _, tallies = ledger.tallies(campaign.id)
        return Totals(
            **facts,
            as_of=as_of,
            people=tallies[Dimension.TOTAL].get("", 0),
            organizations=ledger.count(campaign.id).organizations,
            **vars(breakdowns(tallies)),
        )
    counted, state = counted or counted_at(campaign.id, checkpoint), counted_checkpoint(checkpoint)
    named, unnamed = _organizations(campaign.id, checkpoint)
    if len(named) + unnamed != checkpoint.organizations:
        raise DoesNotAddUp
    return Totals(
        **facts,
        **state.counts,
        checkpoint=state,
        people_moves=counted.moves(Kind.PERSON),
        organization_moves=counted.moves(Kind.ORGANIZATION),
        paper=paper_totals(campaign.id, checkpoint.size),
        named_organizations=named,
        unnamed_organizations=unnamed,
        **vars(breakdowns(counted.tallies[Kind.PERSON])),
    )


def paper_totals(campaign_id: int, size: int) -> PaperTotals | None:
    """Signatures on paper that the log counts at the checkpoint of this size."""
    batches = paper.public(campaign_id, size)
    return PaperTotals(batches.signatures, batches.sheets, len(batches.batches)) if batches.batches else None


def counted_at(campaign_id: int, checkpoint: Checkpoint) -> Counted:
    """The sums of the entries up to a checkpoint. Raises DoesNotAddUp."""
    with snapshot() as connection:
        counted = counting.counted(connection, campaign_id, checkpoint.size)
    counts = counted.count(Kind.PERSON), counted.count(Kind.ORGANIZATION)
    if counts != (checkpoint.people, checkpoint.organizations):
        raise DoesNotAddUp
    return counted


def counted_checkpoint(checkpoint: Checkpoint) -> CountedCheckpoint:
    """The checkpoint in the form of totals and documents."""
    return CountedCheckpoint(
        size=checkpoint.size,
        root=checkpoint.root_base64,
        people=checkpoint.people,
        organizations=checkpoint.organizations,
        signed_at=iso_utc(checkpoint.signed_at),
        note=checkpoint.note,
    )


def checkpoints(campaign_id: int) -> list[Checkpoint]:
    """The checkpoints that staff choose from, newest first: the newest one, and the last of each earlier day that had any."""
    newest = log_queries.newest(campaign_id)
    if newest is None:
        return []
    midnight = datetime.combine(clock.now().astimezone(SEOUL).date(), time(), SEOUL)
    days = (midnight - timedelta(days=back) for back in range(DAYS))
    # On a day without entries the last checkpoint is that of the day before.
    daily = [newest, *(log_queries.checkpoint_before(campaign_id, day) for day in days)]
    return list({checkpoint.id: checkpoint for checkpoint in daily if checkpoint is not None}.values())


def signed_versions(campaign_id: int) -> list[SignedVersion]:
    """Every version of the pledge that somebody is bound to, the newest first.

    It reads the whole log: for a page that is seldom opened.
    """
    versions = select(PledgeText.id, PledgeText.version).where(PledgeText.campaign_id == campaign_id)
    with snapshot() as connection:
        numbers = connection.execute(versions.order_by(PledgeText.version.desc())).all()
        signed = counting.counted(connection, campaign_id).by_pledge
    counted = [
        SignedVersion(version, signed[Kind.PERSON, number], signed[Kind.ORGANIZATION, number])
        for number, version in numbers
    ]
    return [version for version in counted if version.people or version.organizations]


def pledges(campaign_id: int, wanted: frozenset[int]) -> list[Pledge]:
    """The pledge texts of these numbers; the newest one where nobody has signed yet."""
    query = select(PledgeText.__table__).where(PledgeText.campaign_id == campaign_id)
    rows = fetch(query.order_by(PledgeText.version)).all()
    chosen = [row for row in rows if row.id in wanted] or rows[-1:]
    return [Pledge(row.version, bytes(row.sha256).hex(), row.wording) for row in chosen]


#: What an organisation has from the version that it shows.
_FROM_VERSION = ("name", "type", "country", "region", "website", "statement", *promises.LABELS)


def _organizations(campaign_id: int, checkpoint: Checkpoint) -> tuple[list[Organization], int]:
    """The organisations whose entries up to a checkpoint leave one +1, each as it was shown when that was signed.

    Beside them the number of those of which nothing is stored any more.
    """
    with reading() as connection:
        counted = counting.counted_subjects(connection, campaign_id, checkpoint.size, Kind.ORGANIZATION)
    shown = _public_versions(campaign_id, checkpoint.signed_at)
    pairs = [(shown[number], number) for number in counted if number in shown]
    kinds, lang = [kind.value for kind in OrganizationType], languages.default()
    # Sorted here, as databases sort names differently.
    pairs.sort(
        key=lambda pair: (kinds.index(pair[0].type), pair[0].name.in_language(lang).casefold(), pair[1])
    )
    named = [
        Organization(
            level=row.endorsement.level,
            published_on=korean_day(counted[number]),
            **{name: getattr(row, name) for name in _FROM_VERSION},
        )
        for row, number in pairs
    ]
    return named, len(counted) - len(pairs)


def _public_versions(campaign_id: int, signed_at: datetime) -> dict[int, EndorsementVersion]:
    """The version of each organisation that was public at a moment, by the organisation's number.

    Where none had been reviewed yet, the first one that was: the clocks of two machines may differ slightly.
    """
    version = EndorsementVersion
    query = (
        select(version)
        .join(version.endorsement)
        .options(contains_eager(version.endorsement).load_only(Endorsement.level, raiseload=True))
        .where(Endorsement.campaign_id == campaign_id, *WAS_PUBLIC)
        .order_by(version.reviewed_at, version.seq)
    )
    versions: dict[int, EndorsementVersion] = {}
    for row in load(query):
        was_public = row.reviewed_at is not None and row.reviewed_at <= signed_at
        if was_public or row.endorsement_id not in versions:
            versions[row.endorsement_id] = row
    return versions
