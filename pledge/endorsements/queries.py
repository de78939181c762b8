"""Reads of endorsements: as the public sees them (the wall, one organisation's page, the newest, and all for programs), and for the
person who speaks for an organisation (the states of mailed links, and what is stored).

The published version is shown; an organisation that withdrew or was removed stays as a line.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Connection, Select, case, exists, func, select
from sqlalchemy.orm import Session, aliased, contains_eager, load_only, with_expression

from pledge.campaigns import queries as campaigns
from pledge.campaigns.queries import CampaignView, PledgeView
from pledge.core import languages
from pledge.core.db import db, fetch, load, reading
from pledge.core.organization_types import OrganizationType
from pledge.core.tokens import BadToken, Purpose
from pledge.endorsements import promises
from pledge.endorsements.applications import Applicant, read_confirm_token
from pledge.endorsements.models import (
    ENDED,
    GONE,
    ContactChange,
    Endorsement,
    EndorsementState,
    EndorsementVersion,
    VerificationLevel,
    Versioned,
    VersionState,
    folded,
)
from pledge.endorsements.outbox import is_scanned
from pledge.mailed_links.links import Link, LinkState, read_numbers, read_valid, waiting_state

#: SQL: a version was on the wall at some time; one that was not reviewed or was declined never was.
WAS_PUBLIC = (
    EndorsementVersion.state.in_((VersionState.PUBLISHED, VersionState.SUPERSEDED)),
    EndorsementVersion.reviewed_at.is_not(None),
)
_EARLIER = aliased(EndorsementVersion)
_REPORTED_AT = (
    select(func.min(_EARLIER.reviewed_at))
    .where(
        _EARLIER.endorsement_id == EndorsementVersion.endorsement_id,
        _EARLIER.state.in_((VersionState.PUBLISHED, VersionState.SUPERSEDED)),
        _EARLIER.report_url == EndorsementVersion.report_url,
        _EARLIER.report_url != "",
    )
    .correlate(EndorsementVersion)
    .scalar_subquery()
)
#: Lines on one page of the wall.
PAGE = 60
MAX_SEARCH = 100
#: Organisations on the page of a campaign.
RECENT = 6

_INITIALS = re.compile(r"\w")
#: From here on in Unicode one letter is a syllable or a word: Hangul, kana, Chinese characters.
_FIRST_SYLLABLE = "\u1100"


@dataclass(frozen=True)
class WallFilter:
    """What somebody searches for on the wall; an empty part excludes nothing."""

    name: str = ""
    type: OrganizationType | None = None
    country: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.name or self.type or self.country)

    def conditions(self) -> list[ColumnElement[bool]]:
        words = [folded(word) for word in self.name[:MAX_SEARCH].split()]
        matches = [EndorsementVersion.search.contains(word, autoescape=True) for word in words if word]
        if self.type:
            matches.append(EndorsementVersion.type == self.type)
        if self.country:
            matches.append(EndorsementVersion.country == self.country)
        return matches


@dataclass(frozen=True)
class Wall:
    """One page of the wall."""

    organizations: list[EndorsementVersion]
    gone: list[EndorsementVersion]
    matches: int  #: organisations on the wall that match, on all pages
    page: int
    pages: int
    types: dict[OrganizationType, int]  #: how many there are of each kind, unfiltered
    countries: dict[str, int]


def initials(name: str) -> str:
    """Shown in place of a missing logo: two letters of a Latin name, one syllable of a Korean one; legal forms in brackets
    are ignored.
    """
    words = [
        match[0] for word in re.sub(r"\([^)]*\)|㈜", " ", name).split() if (match := _INITIALS.search(word))
    ]
    if not words:
        return "·"
    return "".join(words[:2]).upper() if words[0] < _FIRST_SYLLABLE else words[0]


def wall(campaign_id: int, lang: str, wanted: WallFilter, page: int = 1) -> Wall:
    """One page: by type, then by name, with those who left at the end. A page beyond the last one is empty."""
    gone = Endorsement.state.in_(GONE)
    matching = _on_wall(campaign_id, EndorsementState.PUBLISHED, *GONE).where(*wanted.conditions())
    rank = case(
        {kind.value: place for place, kind in enumerate(OrganizationType)}, value=EndorsementVersion.type
    )
    name = func.lower(languages.in_language(EndorsementVersion.name, lang))
    ordered = matching.order_by(gone, case((gone, 0), else_=rank), name, Endorsement.id)
    counted = matching.with_only_columns(Endorsement.state, func.count()).group_by(Endorsement.state)
    shown = _shown(ordered.limit(PAGE).offset((page - 1) * PAGE))
    with reading() as connection:
        by_state = dict(connection.execute(counted).all())
        types = _counts(connection, campaign_id, EndorsementVersion.type)
        countries = _counts(connection, campaign_id, EndorsementVersion.country)
    return Wall(
        organizations=[version for version in shown if not version.endorsement.is_gone],
        gone=[version for version in shown if version.endorsement.is_gone],
        matches=by_state.get(EndorsementState.PUBLISHED, 0),
        page=page,
        pages=max(1, -(-sum(by_state.values()) // PAGE)),
        types={kind: types[kind] for kind in OrganizationType if kind in types},
        countries=countries,
    )


def types(campaign_id: int) -> dict[OrganizationType, int]:
    """How many of each kind are on the wall, the most frequent kind first."""
    with reading() as connection:
        counts = _counts(connection, campaign_id, EndorsementVersion.type)
    return {OrganizationType(kind): number for kind, number in counts.items()}


def organization(campaign_id: int, endorsement_id: int) -> EndorsementVersion | None:
    """What an organisation shows that is on the wall or was; None when there is none."""
    query = _on_wall(campaign_id, EndorsementState.PUBLISHED, *GONE).where(Endorsement.id == endorsement_id)
    return next(iter(_shown(query)), None)


@dataclass(frozen=True)
class PublishedPromise:
    """A version of what an organisation promises, with what it says otherwise than the one before."""

    published_at: datetime
    parts: list[tuple[str, str]]
    changes: list[promises.Change]


def published_promises(endorsement_id: int, lang: str) -> list[PublishedPromise]:
    """Every promise of an organisation that was published, the newest first; the first one changes nothing."""
    query = (
        select(EndorsementVersion)
        .where(EndorsementVersion.endorsement_id == endorsement_id, *WAS_PUBLIC)
        .options(
            load_only(
                EndorsementVersion.reviewed_at,
                *(getattr(EndorsementVersion, field) for field in promises.LABELS),
                raiseload=True,
            )
        )
        .order_by(EndorsementVersion.seq)
    )
    result, before = list[PublishedPromise](), None
    for version in load(query):
        if version.reviewed_at and not promises.same(before, version):
            changes = promises.changes(before, version, lang) if result else []
            result.append(PublishedPromise(version.reviewed_at, promises.parts(version, lang), changes))
        before = version
    return result[::-1]


def merged_into(campaign_id: int, endorsement_id: int) -> int | None:
    """The endorsement that a duplicate was merged into; None when it is no duplicate."""
    query = select(Endorsement.merged_into_id).where(
        Endorsement.campaign_id == campaign_id, Endorsement.id == endorsement_id
    )
    return fetch(query).scalar()


def recent(campaign_id: int) -> list[EndorsementVersion]:
    """The newest organisations on the wall."""
    newest = _on_wall(campaign_id, EndorsementState.PUBLISHED).order_by(
        Endorsement.published_at.desc(), Endorsement.id
    )
    return _shown(newest.limit(RECENT))


def listing(campaign_id: int, after: int = 0, limit: int | None = None) -> list[EndorsementVersion]:
    """All organisations on the wall by number, or so many from the one after `after`; for programs."""
    query = _on_wall(campaign_id, EndorsementState.PUBLISHED).where(Endorsement.id > after)
    return _shown(query.order_by(Endorsement.id).limit(limit))


def _on_wall(campaign_id: int, *states: EndorsementState) -> Select[EndorsementVersion]:
    return (
        select(EndorsementVersion)
        .join(EndorsementVersion.endorsement)
        .where(
            Endorsement.campaign_id == campaign_id,
            Endorsement.state.in_(states),
            EndorsementVersion.state == VersionState.PUBLISHED,
        )
    )


def _shown(query: Select[EndorsementVersion]) -> list[EndorsementVersion]:
    """Versions on the wall with what anybody may see of their endorsements: nothing of the person who speaks."""
    public = contains_eager(EndorsementVersion.endorsement).load_only(
        *(Endorsement.state, Endorsement.level, Endorsement.published_at, Endorsement.ended_at),
        *(Endorsement.group_goal, Endorsement.public_reason, Endorsement.affirmed_at, Endorsement.asked_at),
        raiseload=True,
    )
    return load(query.options(public, with_expression(EndorsementVersion.reported_at, _REPORTED_AT)))


def _counts(connection: Connection, campaign_id: int, column: Any) -> dict[str, int]:
    """How many are on the wall by the values of a column, the most frequent one first."""
    query = (
        _on_wall(campaign_id, EndorsementState.PUBLISHED)
        .with_only_columns(column, func.count())
        .group_by(column)
        .order_by(func.count().desc(), column)
    )
    return dict(connection.execute(query).all())


def is_endorsed(session: Session, campaign_id: int, pledge_text_id: int) -> bool:
    """Whether an organisation endorsed this pledge text; inside the transaction that wants to change it."""
    of_this_text = (Endorsement.campaign_id == campaign_id) & (Endorsement.pledge_text_id == pledge_text_id)
    return bool(session.scalar(select(exists().where(of_this_text))))


def confirmed(ids: Collection[int]) -> set[int]:
    """Those of these endorsements that were ever confirmed."""
    query = select(Endorsement.id).where(Endorsement.id.in_(ids), Endorsement.confirmed_at.is_not(None))
    return set(fetch(query).scalars())


def proven_domains() -> set[tuple[int, str]]:
    """Campaign and mail domain of each published organisation that is verified further than by that mailbox."""
    is_proven = Endorsement.level != VerificationLevel.MAIL, Endorsement.mail_domain != ""
    query = select(Endorsement.campaign_id, Endorsement.mail_domain)
    rows = fetch(query.where(Endorsement.state == EndorsementState.PUBLISHED, *is_proven))
    return {(campaign_id, domain) for campaign_id, domain in rows}


def taken_over(ids: Collection[int]) -> set[int]:
    """Those of these endorsements for which another person has lately begun to speak."""
    query = select(ContactChange.endorsement_id).where(
        ContactChange.endorsement_id.in_(ids), ContactChange.done_at.is_not(None)
    )
    return set(fetch(query).scalars())


@dataclass(frozen=True)
class EndorsementView(Versioned):
    """One organisation's endorsement, readable: shown only to the holder of a link from its contact's mailbox."""

    row: Endorsement
    campaign: CampaignView
    pledge: PledgeView
    versions: Sequence[EndorsementVersion]  #: newest first
    change: ContactChange | None  #: another person who was asked to take over and has not answered yet
    is_scanned: bool  #: the mail server of the contact's address belongs to a scanner
    is_change_scanned: bool  #: that of the other person

    @property
    def state(self) -> str:
        return self.row.state

    @property
    def token_numbers(self) -> list[int]:
        """What a token of its own pages names."""
        return [self.row.id, self.row.contact_number]

    @property
    def mailed_to(self) -> str:
        return self.row.contact_email

    #: Mails about an organisation have no code.
    has_code_only: ClassVar[bool] = False

    @property
    def match_tries(self) -> int:
        return self.newest.match_tries


def open_link(token: str, lang: str) -> Link[EndorsementView]:
    """The state of a link to confirm an application, with its endorsement. Reads only."""
    try:
        link = read_confirm_token(token)
    except BadToken:
        return Link(LinkState.UNKNOWN)
    view = find(link.endorsement_id, lang)
    if view is None or view.row.contact_number != link.contact_number:
        return Link(LinkState.UNKNOWN)
    if not view.row.is_unconfirmed:
        if view.row.state in ENDED:
            return Link(LinkState.UNKNOWN)
        return Link(LinkState.CONFIRMED, view, link.expired)
    for version in view.proposed:
        if version.seq == link.seq:
            takes_confirmations = view.campaign.takes_confirmations
            state = waiting_state(takes_confirmations=takes_confirmations, expired=link.expired)
            return Link(state, _as_applied(view, version, lang), link.expired)
    return Link(LinkState.UNKNOWN)


def open_contact_link(token: str, lang: str) -> Link[EndorsementView]:
    """The state of a link to take over from another person; CONFIRMED when they have taken over."""
    try:
        (endorsement_id, number), expired = read_numbers(Purpose.ENDORSE_CONTACT, token, 2)
    except BadToken:
        return Link(LinkState.UNKNOWN)
    view = find(endorsement_id, lang)
    if view is None:
        return Link(LinkState.UNKNOWN)
    if view.row.contact_number == number:
        return Link(LinkState.CONFIRMED, view, expired)
    if view.change is None or view.change.contact_number != number:
        return Link(LinkState.UNKNOWN)
    return Link(LinkState.EXPIRED if expired else LinkState.PENDING, view, expired)


def own_endorsement(token: str, lang: str, purpose: Purpose = Purpose.ENDORSE_MANAGE) -> EndorsementView:
    """The endorsement whose own page a link opens. Raises BadToken when there is none, or no longer."""
    endorsement_id, contact_number = read_valid(purpose, token, 2)
    view = find(endorsement_id, lang)
    if view is None or view.row.contact_number != contact_number or view.row.confirmed_at is None:
        raise BadToken
    # An application that nobody has confirmed may be a stranger's.
    return replace(view, versions=tuple(version for version in view.versions if version.applicant is None))


def find(endorsement_id: int, lang: str) -> EndorsementView | None:
    changes = select(ContactChange).where(
        ContactChange.endorsement_id == endorsement_id, ContactChange.done_at.is_(None)
    )
    with Session(db.engine) as session:
        row, change = session.get(Endorsement, endorsement_id), session.scalar(changes)
        if row is None or not row.versions:
            return None
        scanned = is_scanned(session.connection(), row.contact_email)
        change_scanned = change is not None and is_scanned(session.connection(), change.contact_email)
    campaign = campaigns.find_by_id(row.campaign_id, lang)
    if campaign is None:
        return None
    pledge = campaigns.pledge_text(row.pledge_text_id, lang)
    return EndorsementView(row, campaign, pledge, row.versions, change, scanned, change_scanned)


def _as_applied(view: EndorsementView, version: EndorsementVersion, lang: str) -> EndorsementView:
    """The endorsement as confirming this version will make it."""
    others = set(view.proposed) - {version}
    view = replace(view, versions=tuple(shown for shown in view.versions if shown not in others))
    if version.applicant is None:
        return view
    Applicant.model_validate_json(version.applicant).fill(view.row)
    return replace(view, pledge=campaigns.pledge_text(view.row.pledge_text_id, lang))
