"""Reads of lists of names: how many people one would contain, requests and decisions. Numbers only, never a name."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, text
from sqlalchemy.orm import Session

from pledge.campaigns import list_terms
from pledge.campaigns.list_terms import TermsView
from pledge.campaigns.models import Campaign, ListTerms
from pledge.core import clock
from pledge.core.db import reading
from pledge.jobs import services
from pledge.jobs.models import JobKind, JobState
from pledge.jobs.services import JobView
from pledge.name_lists.models import ListState, NamedList
from pledge.signatures.models import Signature, SignatureState

NEWEST = 50
#: How long an approval allows the list to be made, also again after a failure: as long as the file would be kept.
APPROVAL = timedelta(hours=24)


@dataclass(frozen=True)
class TermsChoice:
    """Terms for which a list can be requested: current and earlier ones."""

    slug: str
    terms: TermsView
    ended_at: datetime | None
    people: int


@dataclass(frozen=True)
class ListView:
    """A request and its state."""

    id: int
    slug: str
    state: ListState
    terms: TermsView
    terms_ended_at: datetime | None
    reason: str
    recipient_key: str
    watermark: str
    asked_by: int | None
    asked_name: str
    asked_at: datetime
    decided_by: int | None
    decided_name: str
    decided_at: datetime | None
    decided_why: str
    people: int  #: those who agree now; once it is approved, those who agreed then
    unreadable: int | None
    job: JobView | None

    @property
    def has_file(self) -> bool:
        job = self.job
        if job is None or job.state is not JobState.DONE:
            return False
        return job.expires_at is None or job.expires_at > clock.now()

    @property
    def can_be_retried(self) -> bool:
        """Whether it was given up, and the approval is still valid."""
        failed = self.job is not None and self.job.state is JobState.FAILED
        return failed and is_fresh(self.decided_at)

    @property
    def file_name(self) -> str:
        return f"{self.slug}-list-{self.id}.csv.age"


def is_fresh(decided_at: datetime | None) -> bool:
    """Whether an approval at that time is still valid."""
    return decided_at is not None and clock.now() < decided_at + APPROVAL


def listed(campaign_id: int, terms_id: int) -> tuple[ColumnElement[bool], ...]:
    """Conditions on who is on a list: counted and agreed to exactly these terms; verbatim the predicate of the index."""
    return (
        Signature.campaign_id == campaign_id,
        text("list_terms_id IS NOT NULL"),  # type: ignore[return-value]  # a condition in words is one too
        Signature.list_terms_id == terms_id,
        Signature.state == SignatureState.CONFIRMED,
    )


def agreed(reader: Connection | Session, campaign_id: int, terms_id: int) -> int:
    """The number of people on a list made now."""
    counted = select(func.count()).select_from(Signature).where(*listed(campaign_id, terms_id))
    return int(reader.execute(counted).scalar_one())


def choices(lang: str) -> list[TermsChoice]:
    """All terms of campaigns, current and earlier ones, newest first, with how many people agreed to each."""
    query = (
        select(
            Campaign.slug,
            *list_terms.columns(),
            *(ListTerms.campaign_id, ListTerms.id, ListTerms.ended_at),
        )
        .join(ListTerms, ListTerms.campaign_id == Campaign.id)
        .order_by(Campaign.id.desc(), ListTerms.version.desc())
    )
    with reading() as connection:
        return [
            TermsChoice(
                row.slug, _terms(row, lang), row.ended_at, agreed(connection, row.campaign_id, row.id)
            )
            for row in connection.execute(query).all()
        ]


def newest(lang: str) -> list[ListView]:
    """The newest requests, those that wait for a decision first."""
    waits = (NamedList.state != ListState.REQUESTED, NamedList.id.desc())
    with reading() as connection:
        rows = connection.execute(_query().order_by(*waits).limit(NEWEST)).all()
        return [_view(connection, row, lang) for row in rows]


def find(list_id: int, lang: str) -> ListView | None:
    with reading() as connection:
        row = connection.execute(_query().where(NamedList.id == list_id)).first()
        return None if row is None else _view(connection, row, lang)


def _query() -> Any:
    return (
        select(
            *(column for column in NamedList.__table__.c if column.name != "expired_at"),
            Campaign.slug,
            ListTerms.ended_at.label("terms_ended_at"),
            *list_terms.columns(),
        )
        .join(Campaign, Campaign.id == NamedList.campaign_id)
        .join(ListTerms, ListTerms.id == NamedList.list_terms_id)
    )


def _view(connection: Connection, row: Row[*tuple[Any, ...]], lang: str) -> ListView:
    people = row.people
    return ListView(
        id=row.id,
        slug=row.slug,
        state=ListState(row.state),
        terms=_terms(row, lang),
        terms_ended_at=row.terms_ended_at,
        reason=row.reason,
        recipient_key=row.recipient_key,
        watermark=row.watermark,
        asked_by=row.asked_by,
        asked_name=row.asked_name,
        asked_at=row.asked_at,
        decided_by=row.decided_by,
        decided_name=row.decided_name,
        decided_at=row.decided_at,
        decided_why=row.decided_why,
        people=agreed(connection, row.campaign_id, row.list_terms_id) if people is None else people,
        unreadable=row.unreadable,
        job=services.newest(JobKind.LIST, row.id) if row.state == ListState.APPROVED else None,
    )


def _terms(row: Row[*tuple[Any, ...]], lang: str) -> TermsView:
    found = list_terms.view(row, lang)
    if found is None:
        raise LookupError("a list without terms")
    return found
