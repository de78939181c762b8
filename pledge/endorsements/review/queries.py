"""Reads for the review: what is waiting and since when, one case with its evidence, and what may be the same organisation."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, and_, case, false, func, or_, select
from sqlalchemy.orm import aliased

from pledge.audit import queries as audit
from pledge.audit.models import AuditEntry
from pledge.audit.queries import Search
from pledge.campaigns.models import Campaign
from pledge.core import clock, languages
from pledge.core.db import load, reading
from pledge.core.domains import registrable
from pledge.core.i18n import Phrase
from pledge.core.languages import Texts
from pledge.endorsements.models import (
    ENDED,
    Endorsement,
    EndorsementState,
    EndorsementVersion,
    ReviewVisit,
    VerificationLevel,
    VersionState,
    folded,
)
from pledge.endorsements.verification.domains import host_of, is_platform
from pledge.endorsements.verification.names import Likeness, similar
from pledge.mail.addresses import BadAddress, address_hash, parse

PAGE = 50
#: Possible duplicates shown on a page.
MAX_CANDIDATES = 20
#: For so long a first publication can be taken back without a line in public.
TAKEN_BACK = timedelta(minutes=10)
#: So many cases are gone through one after another.
MAX_IN_ORDER = 500
#: How long a reviewer counts as present after their page last said so.
VISIT_TTL = timedelta(minutes=2)
#: What a version shows, in the order in which it is compared, as pages name it.
FIELDS = {
    "name": Phrase("endorsement", "Name"),
    "type": Phrase("endorsement", "Kind"),
    "country": Phrase("endorsement", "Country"),
    "region": Phrase("endorsement", "Province or city"),
    "website": Phrase("endorsement", "Website"),
    "target_year": Phrase("endorsement", "Net-zero target year"),
    "interim_year": Phrase("endorsement", "Interim year"),
    "interim_percent": Phrase("endorsement", "Interim reduction (%)"),
    "statement": Phrase("endorsement", "Public statement"),
    "spokesperson": Phrase("endorsement", "Contact named in public"),
    "logo": Phrase("endorsement", "Logo"),
}

#: The acts in the history of a case.
ACTION_LABELS = {
    "endorsement.publish": Phrase("endorsement", "Published"),
    "endorsement.ask_for_changes": Phrase("endorsement", "Asked for changes"),
    "endorsement.decline": Phrase("endorsement", "Declined"),
    "endorsement.remove": Phrase("endorsement", "Removed"),
    "endorsement.reinstate": Phrase("endorsement", "Reinstated"),
    "endorsement.reopen": Phrase("endorsement", "Reopened"),
    "endorsement.merge": Phrase("endorsement", "Merged into another one"),
    "endorsement.absorb": Phrase("endorsement", "Merged a duplicate into it"),
    "endorsement.certify": Phrase("endorsement", "Checked by the secretariat"),
    "endorsement.uncertify": Phrase("endorsement", "Secretariat’s check revoked"),
    "endorsement.check_site": Phrase("endorsement", "Checked the website"),
    "endorsement.note": Phrase("endorsement", "Note"),
    "endorsement.take_back": Phrase("endorsement", "Publication taken back"),
    "endorsement.take": Phrase("endorsement", "Took the case"),
}


@dataclass(frozen=True)
class SeenState:
    """What a decision is based on: the state that was shown, the newest version, and that version's state."""

    state: EndorsementState
    seq: int
    version: VersionState

    def __str__(self) -> str:
        return f"{self.state}.{self.seq}.{self.version}"

    @classmethod
    def parse(cls, text: str) -> "SeenState":
        """Raises ValueError for a text that no page of ours has sent."""
        state, seq, version = text.split(".")
        return cls(EndorsementState(state), int(seq), VersionState(version))


@dataclass(frozen=True)
class Comparison:
    """One field of two versions."""

    field: str
    lang: str  #: "" where the field is no text by language
    before: Any
    now: Any

    @property
    def is_changed(self) -> bool:
        return bool(self.before != self.now)


class DuplicateSign(StrEnum):
    """What two applications have in common, the strongest first."""

    REGISTRATION = "registration"  #: the same business registration number
    NAME = "name"  #: the same name but for spacing, case and legal form
    WEBSITE = "website"  #: websites of one owner
    MAIL_DOMAIN = "mail_domain"
    CONTAINED = "contained"  #: one name contains the other
    CLOSE = "close"  #: the names differ by a few letters


#: As staff read them.
SIGN_LABELS = {
    DuplicateSign.REGISTRATION: Phrase("duplicate", "same registration number"),
    DuplicateSign.NAME: Phrase("duplicate", "same name"),
    DuplicateSign.WEBSITE: Phrase("duplicate", "same website"),
    DuplicateSign.MAIL_DOMAIN: Phrase("duplicate", "same e-mail domain"),
    DuplicateSign.CONTAINED: Phrase("duplicate", "one name within the other"),
    DuplicateSign.CLOSE: Phrase("duplicate", "similar name"),
}

_BY_LIKENESS = {
    Likeness.EQUAL: DuplicateSign.NAME,
    Likeness.CONTAINED: DuplicateSign.CONTAINED,
    Likeness.CLOSE: DuplicateSign.CLOSE,
}


#: What a sign says; from ENOUGH on it is shown. A website or domain of many organisations says nothing.
_WEIGHTS = {
    DuplicateSign.REGISTRATION: 5,
    DuplicateSign.NAME: 4,
    DuplicateSign.WEBSITE: 3,
    DuplicateSign.MAIL_DOMAIN: 2,
    DuplicateSign.CONTAINED: 2,
    DuplicateSign.CLOSE: 2,
}
_ENOUGH = 3
_MANY = 3


@dataclass(frozen=True)
class Candidate:
    id: int
    name: Texts
    state: EndorsementState
    level: VerificationLevel
    signs: list[DuplicateSign]


class Tab(StrEnum):
    """The tabs of the list."""

    REVIEW = "review"  #: staff are to decide
    CHANGES = "changes"  #: the organisation is to correct
    PUBLISHED = "published"
    ENDED = "ended"  #: declined, withdrawn, removed or merged


#: As staff read them.
TAB_LABELS = {
    Tab.REVIEW: Phrase("endorsement", "To review"),
    Tab.CHANGES: Phrase("endorsement", "Awaiting the organisation"),
    Tab.PUBLISHED: Phrase("endorsement", "Published"),
    Tab.ENDED: Phrase("endorsement", "Closed cases"),
}


@dataclass(frozen=True)
class Queue:
    items: list[
        tuple[Row[*tuple[Any, ...]], datetime]
    ]  #: each with the time of its last change of state, or since when it waits
    counts: dict[Tab, int]
    page: int
    pages: int


@dataclass(frozen=True)
class Case:
    """Everything about one endorsement for its page, except its duplicates (duplicates())."""

    row: Row[*tuple[Any, ...]]  #: the endorsement's own columns and the campaign's slug
    newest: EndorsementVersion
    published: EndorsementVersion | None
    versions: list[EndorsementVersion]  #: all that were confirmed, the newest first
    history: list[AuditEntry]
    seen: SeenState

    @property
    def id(self) -> int:
        return int(self.row.id)

    @property
    def state(self) -> EndorsementState:
        return EndorsementState(self.row.state)

    @property
    def level(self) -> VerificationLevel:
        return VerificationLevel(self.row.level)

    @property
    def waits(self) -> bool:
        """Whether the newest version waits for a decision of staff."""
        return (
            self.state in (EndorsementState.REVIEW, EndorsementState.PUBLISHED)
            and self.newest.state == VersionState.PROPOSED
        )

    @property
    def can_be_taken_back(self) -> bool:
        """Whether it was published for the first time a moment ago."""
        published_at = self.row.published_at
        return self.state is EndorsementState.PUBLISHED and published_at > clock.now() - TAKEN_BACK

    @property
    def is_correction(self) -> bool:
        """Whether the newest version is another one than what the wall shows."""
        return self.published is not None and self.published.seq != self.newest.seq

    @property
    def comparisons(self) -> list[Comparison]:
        """Field by field: what the wall shows and what the newest version says."""
        return compare(self.published or self.newest, self.newest)


def _newest() -> ColumnElement[bool]:
    """Joins an endorsement with its newest confirmed version."""
    other = aliased(EndorsementVersion)
    newest = (
        select(func.max(other.seq))
        .where(
            other.endorsement_id == Endorsement.id,
            or_(other.state != VersionState.PROPOSED, Endorsement.state.not_in(ENDED)),
        )
        .correlate(Endorsement)
        .scalar_subquery()
    )
    return and_(EndorsementVersion.endorsement_id == Endorsement.id, EndorsementVersion.seq == newest)


NEWEST = _newest()
_WAITS = or_(
    Endorsement.state == EndorsementState.REVIEW,
    and_(Endorsement.state == EndorsementState.PUBLISHED, EndorsementVersion.state == VersionState.PROPOSED),
)
_TABS: dict[Tab, ColumnElement[bool]] = {
    Tab.REVIEW: _WAITS,
    Tab.CHANGES: Endorsement.state == EndorsementState.CHANGES,
    Tab.PUBLISHED: Endorsement.state == EndorsementState.PUBLISHED,
    # The state of an organisation that applies again stays until its mail is confirmed.
    Tab.ENDED: Endorsement.state.in_(
        (
            *(EndorsementState.DECLINED, EndorsementState.WITHDRAWN),
            *(EndorsementState.REMOVED, EndorsementState.MERGED),
        )
    ),
}


def waiting() -> Sequence[Row[*tuple[Any, ...]]]:
    """The cases that wait for a decision, by campaign, new ones and corrections apart: how many, and since when the oldest does."""
    is_correction = (Endorsement.state == EndorsementState.PUBLISHED).label("is_correction")
    query = (
        select(
            Campaign.slug,
            is_correction,
            func.count().label("number"),
            func.min(EndorsementVersion.submitted_at).label("since"),
        )
        .select_from(Endorsement)
        .join(EndorsementVersion, NEWEST)
        .join(Campaign, Campaign.id == Endorsement.campaign_id)
        .where(_WAITS)
        .group_by(Campaign.slug, is_correction)
    )
    with reading() as connection:
        return connection.execute(query).all()


def next_case(campaign: str = "", *, after: int = 0, corrections: bool | None = None) -> int | None:
    """The case that follows another one in the order of waiting, of one campaign or of all; the first after the last.

    None when no other one waits.
    """
    query = (
        select(Endorsement.id)
        .join(EndorsementVersion, NEWEST)
        .join(Campaign, Campaign.id == Endorsement.campaign_id)
        .where(_WAITS)
        .order_by(EndorsementVersion.submitted_at, Endorsement.id)
        .limit(MAX_IN_ORDER)
    )
    if campaign:
        query = query.where(Campaign.slug == campaign)
    if corrections is not None:
        wanted = Endorsement.state == EndorsementState.PUBLISHED
        query = query.where(wanted if corrections else ~wanted)
    with reading() as connection:
        order = list(connection.scalars(query))
    place = order.index(after) + 1 if after in order else 0
    return next((other for other in order[place:] + order[:place] if other != after), None)


def queue(tab: Tab, words: str = "", page: int = 1, campaign: str = "") -> Queue:
    """One page of the list, of one campaign or of all, the longest waiting first. A page beyond the last one is empty.

    Each of the `words` is in its name, or is the address of its contact, or a part of that domain or of its website.
    """
    wanted = _TABS[tab]
    for word in words.split():
        wanted = and_(wanted, _matches(word))
    here = Endorsement.campaign_id == select(Campaign.id).where(Campaign.slug == campaign).scalar_subquery()
    only = [here] if campaign else []
    base = _items().where(wanted, *only)
    since = EndorsementVersion.submitted_at
    order = since if tab in (Tab.REVIEW, Tab.CHANGES) else since.desc()
    counting = (
        select(*(func.count(case((condition, 1))) for condition in _TABS.values()))
        .select_from(Endorsement)
        .join(EndorsementVersion, NEWEST)
        .where(*only)
    )
    with reading() as connection:
        counts = connection.execute(counting).one()
        found = connection.execute(select(func.count()).select_from(base.subquery())).scalar_one()
        rows = connection.execute(
            base.order_by(order, Endorsement.id).limit(PAGE).offset((page - 1) * PAGE)
        ).all()
    return Queue(
        [(row, _since(row)) for row in rows],
        dict(zip(_TABS, counts, strict=True)),
        page,
        max(1, -(-found // PAGE)),
    )


def names(ids: Collection[int] | None = None) -> dict[int, Texts]:
    """What these organisations are called now, or all."""
    query = select(Endorsement.id, EndorsementVersion.name).join(EndorsementVersion, NEWEST)
    if ids is not None:
        query = query.where(Endorsement.id.in_(ids))
    with reading() as connection:
        return {row.id: row.name for row in connection.execute(query)}


def _matches(word: str) -> ColumnElement[bool]:
    if "@" in word:
        try:
            return Endorsement.address_hash == address_hash(parse(word))
        except BadAddress:
            return false()
    return or_(
        EndorsementVersion.search.contains(folded(word), autoescape=True),
        Endorsement.mail_domain.contains(word.lower(), autoescape=True),
        EndorsementVersion.website.contains(word.lower(), autoescape=True),
    )


def find(endorsement_id: int) -> Case | None:
    """One case, whatever its state; None for one that is unknown or whose first mail is not confirmed yet."""
    columns = Endorsement.__table__.c
    query = (
        select(*columns, Campaign.slug)
        .join(Campaign, Campaign.id == Endorsement.campaign_id)
        .where(Endorsement.id == endorsement_id, Endorsement.state != EndorsementState.PENDING)
    )
    versions = select(EndorsementVersion).where(EndorsementVersion.endorsement_id == endorsement_id)
    with reading() as connection:
        row = connection.execute(query).first()
    views = load(versions.order_by(EndorsementVersion.seq.desc()))
    if row is None or not views:
        return None
    unconfirmed = row.state in ENDED and views[0].state == VersionState.PROPOSED and len(views) > 1
    return Case(
        row=row,
        newest=views[1] if unconfirmed else views[0],
        seen=SeenState(EndorsementState(row.state), row.seq, VersionState(views[0].state)),
        versions=views[1:] if unconfirmed else views,
        published=next((view for view in views if view.state == VersionState.PUBLISHED), None),
        history=audit.page(Search(subject=f"endorsement:{endorsement_id}")).lines,
    )


def duplicates(endorsement_id: int) -> list[Candidate]:
    """Possible duplicates, the strongest signs first. Unconfirmed and merged endorsements are left out."""
    columns = (
        *(Endorsement.id, Endorsement.campaign_id, Endorsement.state, Endorsement.level),
        *(Endorsement.registration_hash, Endorsement.mail_domain),
        *(EndorsementVersion.name, EndorsementVersion.website),
    )
    newest = select(*columns).select_from(Endorsement).join(EndorsementVersion, NEWEST)
    with reading() as connection:
        own = connection.execute(newest.where(Endorsement.id == endorsement_id)).first()
        if own is None:
            return []
        others = connection.execute(
            newest.where(
                Endorsement.campaign_id == own.campaign_id,
                Endorsement.id != endorsement_id,
                Endorsement.state.not_in((EndorsementState.PENDING, EndorsementState.MERGED)),
            )
        ).all()
    sites, domains = (Counter(key(row) for row in (own, *others)) for key in (_site, _mail_domain))
    is_shared = {
        DuplicateSign.WEBSITE: is_platform(_site(own)) or sites[_site(own)] > _MANY,
        DuplicateSign.MAIL_DOMAIN: domains[own.mail_domain] > _MANY,
    }
    scored = []
    for other in others:
        signs = [sign for sign in _signs(own, other) if not is_shared.get(sign)]
        score = sum(_WEIGHTS[sign] for sign in signs)
        if score >= _ENOUGH:
            state, level = EndorsementState(other.state), VerificationLevel(other.level)
            scored.append((score, Candidate(other.id, other.name, state, level, signs)))
    scored.sort(key=lambda found: -found[0])
    return [candidate for _score, candidate in scored[:MAX_CANDIDATES]]


def compare(before: EndorsementVersion, now: EndorsementVersion) -> list[Comparison]:
    """By FIELDS; a text by language gives one comparison for each language of the site, and for any other that it is in."""
    found = []
    for name in FIELDS:
        old, new = getattr(before, name), getattr(now, name)
        if isinstance(new, Texts):
            codes = dict.fromkeys([*languages.codes(), *old, *new])
            found += [Comparison(name, lang, old[lang], new[lang]) for lang in codes]
        else:
            found.append(Comparison(name, "", old, new))
    return found


def holder_of() -> ScalarSelect[str]:
    """SQL for a query over endorsements: the name of the person who holds it, NULL when nobody has it open."""
    return (
        select(ReviewVisit.name)
        .where(
            ReviewVisit.endorsement_id == Endorsement.id,
            ReviewVisit.staff_id == Endorsement.opened_by,
            ReviewVisit.seen_at >= clock.now() - VISIT_TTL,
        )
        .correlate(Endorsement)
        .scalar_subquery()
    )


def _items() -> Select[*tuple[Any, ...]]:
    return (
        select(
            *(Endorsement.id, Endorsement.state, Endorsement.level, Endorsement.seq),
            EndorsementVersion.state.label("version_state"),
            *(Endorsement.confirmed_at, Endorsement.ended_at, Endorsement.published_at),
            *(EndorsementVersion.name, EndorsementVersion.type),
            *(EndorsementVersion.country, EndorsementVersion.logo, EndorsementVersion.submitted_at),
            Campaign.slug.label("campaign"),
            _has_duplicates().label("has_duplicates"),
            holder_of().label("holder"),
        )
        .select_from(Endorsement)
        .join(EndorsementVersion, NEWEST)
        .join(Campaign, Campaign.id == Endorsement.campaign_id)
        .where(Endorsement.state != EndorsementState.PENDING)
    )


def _since(row: Row[*tuple[Any, ...]]) -> datetime:
    moments: list[datetime | None] = [row.submitted_at, row.ended_at]
    if row.state == EndorsementState.REVIEW:
        moments.append(row.confirmed_at)
    return max(moment for moment in moments if moment is not None)


def _has_duplicates() -> ColumnElement[bool]:
    """Duplicates that the indexes find, for a whole list; the case's page compares more closely."""
    other = aliased(Endorsement)
    return (
        select(other.id)
        .where(
            other.campaign_id == Endorsement.campaign_id,
            other.id != Endorsement.id,
            other.state.not_in((EndorsementState.PENDING, EndorsementState.MERGED)),
            or_(
                other.name_key == Endorsement.name_key,
                other.registration_hash == Endorsement.registration_hash,
            ),
        )
        .exists()
    )


def _site(row: Row[*tuple[Any, ...]]) -> str | None:
    return registrable(host_of(row.website))


def _mail_domain(row: Row[*tuple[Any, ...]]) -> str:
    return str(row.mail_domain)


def _signs(own: Row[*tuple[Any, ...]], other: Row[*tuple[Any, ...]]) -> list[DuplicateSign]:
    likeness = similar(own.name, other.name)
    site = _site(own)
    common = {
        DuplicateSign.REGISTRATION: own.registration_hash is not None
        and own.registration_hash == other.registration_hash,
        DuplicateSign.WEBSITE: site is not None and site == _site(other),
        DuplicateSign.MAIL_DOMAIN: bool(own.mail_domain) and own.mail_domain == other.mail_domain,
    }
    if likeness is not None:
        common[_BY_LIKENESS[likeness]] = True
    return [sign for sign in DuplicateSign if common.get(sign)]
