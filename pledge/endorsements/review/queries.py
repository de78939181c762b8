"""Reads for the review: what is waiting and since when, one case with its evidence, and what may be the same organisation."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, false, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased, contains_eager, load_only, selectinload

from pledge.audit import queries as audit
from pledge.audit.models import AuditEntry
from pledge.audit.queries import Search
from pledge.campaigns.models import Campaign
from pledge.campaigns.queries import slugs
from pledge.core import clock, languages
from pledge.core.db import Columns, db, fetch, load
from pledge.core.domains import registrable
from pledge.core.i18n import Phrase
from pledge.core.languages import Texts
from pledge.endorsements import promises
from pledge.endorsements.models import (
    CLOSED,
    ENDED,
    STATE_LABELS,
    Endorsement,
    EndorsementState,
    EndorsementVersion,
    ReviewVisit,
    Versioned,
    VersionState,
    folded,
)
from pledge.endorsements.verification.domains import has_own_host, host_of
from pledge.endorsements.verification.names import Likeness, similar
from pledge.mail.addresses import BadAddress, address_hash, parse

PAGE = 50
#: Possible duplicates shown on a page.
MAX_CANDIDATES = 20
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
    **promises.LABELS,
    "statement": Phrase("endorsement", "Public statement"),
    "spokesperson": Phrase("endorsement", "Contact named in public"),
    "logo": Phrase("endorsement", "Logo"),
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
    def now(cls, row: Endorsement) -> "SeenState":
        """What is to be seen of a case now."""
        return cls(EndorsementState(row.state), row.seq, VersionState(row.newest.state))

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

    @property
    def is_given(self) -> bool:
        """Whether either version says anything."""
        return any(value not in (None, "") for value in (self.before, self.now))


class DuplicateSign(StrEnum):
    """What two applications have in common, the strongest first."""

    REGISTRATION = "registration"  #: the same business registration number
    NAME = Likeness.EQUAL.value
    WEBSITE = "website"  #: websites of one owner
    MAIL_DOMAIN = "mail_domain"
    CONTAINED = Likeness.CONTAINED.value
    CLOSE = Likeness.CLOSE.value


#: As staff read them.
SIGN_LABELS = {
    DuplicateSign.REGISTRATION: Phrase("duplicate", "same registration number"),
    DuplicateSign.NAME: Phrase("duplicate", "same name"),
    DuplicateSign.WEBSITE: Phrase("duplicate", "same website"),
    DuplicateSign.MAIL_DOMAIN: Phrase("duplicate", "same e-mail domain"),
    DuplicateSign.CONTAINED: Phrase("duplicate", "one name within the other"),
    DuplicateSign.CLOSE: Phrase("duplicate", "similar name"),
}

#: Weights of the stronger signs; all others weigh 2. A website or domain that _MANY share is no sign.
_WEIGHTS = {DuplicateSign.REGISTRATION: 5, DuplicateSign.NAME: 4, DuplicateSign.WEBSITE: 3}
_MIN_SCORE = 3
_MANY = 3


class Tab(StrEnum):
    """The tabs of the list."""

    REVIEW = "review"  #: staff are to decide
    CHANGES = "changes"  #: the organisation is to correct
    PUBLISHED = "published"
    ENDED = "ended"  #: declined, withdrawn, removed or merged


#: As staff read them: but for the last one as the states.
TAB_LABELS: dict[StrEnum, Phrase] = {
    **{tab: STATE_LABELS[EndorsementState(tab)] for tab in Tab if tab is not Tab.ENDED},
    Tab.ENDED: Phrase("endorsement", "Declined, withdrawn, removed"),
}


@dataclass(frozen=True)
class QueueItem:
    version: EndorsementVersion
    campaign: str  #: its name in addresses
    has_duplicates: bool
    holder: str | None  #: the reviewer whose case it is

    @property
    def seen(self) -> SeenState:
        row = self.version.endorsement
        return SeenState(EndorsementState(row.state), row.seq, VersionState(self.version.state))

    @property
    def since(self) -> datetime:
        """The time of the last change of state, or since when it waits."""
        row = self.version.endorsement
        moments = [self.version.submitted_at, row.ended_at]
        if row.state == EndorsementState.REVIEW:
            moments.append(row.confirmed_at)
        return max(moment for moment in moments if moment is not None)


@dataclass(frozen=True)
class Queue:
    items: list[QueueItem]
    counts: dict[Tab, int]
    page: int
    pages: int


@dataclass(frozen=True)
class Case(Versioned):
    """Everything about one endorsement for its page, except its duplicates (duplicates())."""

    row: Endorsement
    slug: str  #: the campaign's
    versions: list[EndorsementVersion]  #: all that were confirmed, the newest first
    history: list[AuditEntry]
    seen: SeenState

    @property
    def state(self) -> str:
        return self.row.state

    @property
    def is_correction(self) -> bool:
        """Whether the newest version is another one than what the wall shows."""
        return self.published is not None and self.published.seq != self.newest.seq

    @property
    def comparisons(self) -> list[Comparison]:
        """By FIELDS, what the wall shows and what the newest version says; of a text by language one for each language of the site, and
        for any other that it is in.
        """
        result = []
        for name in FIELDS:
            old, new = getattr(self.shown, name), getattr(self.newest, name)
            if isinstance(new, Texts):
                codes = dict.fromkeys([*languages.codes(), *old, *new])
                result += [Comparison(name, lang, old[lang], new[lang]) for lang in codes]
            else:
                result.append(Comparison(name, "", old, new))
        return result


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
    Tab.ENDED: Endorsement.state.in_(CLOSED),
}


#: With a version, nothing of the person who speaks.
_ITS_ENDORSEMENT = contains_eager(EndorsementVersion.endorsement).load_only(
    *(Endorsement.campaign_id, Endorsement.state, Endorsement.seq, Endorsement.level),
    *(Endorsement.confirmed_at, Endorsement.ended_at),
    *(Endorsement.registration_hash, Endorsement.mail_domain),
    raiseload=True,
)


def _of_cases(query: Select[*Columns]) -> Select[*Columns]:
    """Select from every endorsement with its newest confirmed version and its campaign."""
    joined = query.select_from(Endorsement).join(EndorsementVersion, NEWEST)
    return joined.join(Campaign, Campaign.id == Endorsement.campaign_id)


def waiting() -> Sequence[Row[str, bool, int, datetime]]:
    """Waiting cases by campaign, new ones and corrections apart: their number, and the time of the oldest."""
    is_correction = (Endorsement.state == EndorsementState.PUBLISHED).label("is_correction")
    since = func.min(EndorsementVersion.submitted_at)
    query = _of_cases(select(Campaign.slug, is_correction, func.count(), since))
    return fetch(query.where(_WAITS).group_by(Campaign.slug, is_correction)).all()


def next_case(campaign: str = "", *, after: int = 0, corrections: bool | None = None) -> int | None:
    """The case that follows another one in the order of waiting, of one campaign or of all; the first after the last.

    None when no other one waits.
    """
    waiting = _of_cases(select(Endorsement.id)).where(_WAITS)
    query = waiting.order_by(EndorsementVersion.submitted_at, Endorsement.id).limit(MAX_IN_ORDER)
    if campaign:
        query = query.where(Campaign.slug == campaign)
    if corrections is not None:
        wanted = Endorsement.state == EndorsementState.PUBLISHED
        query = query.where(wanted if corrections else ~wanted)
    order = list(fetch(query).scalars())
    place = order.index(after) + 1 if after in order else 0
    return next((other for other in order[place:] + order[:place] if other != after), None)


def queue(tab: Tab, words: str = "", page: int = 1, campaign: str = "") -> Queue:
    """One page of the list, of one campaign or of all, the longest waiting first. A page beyond the last one is empty.

    Each of the `words` is in its name, or is the address of its contact, or a part of that domain or of its website.
    """
    only = [Campaign.slug == campaign] if campaign else []
    base = _items().where(_TABS[tab], *map(_matches, words.split()), *only)
    since = EndorsementVersion.submitted_at
    order = since if tab in (Tab.REVIEW, Tab.CHANGES) else since.desc()
    numbers = select(*(func.count(case((condition, 1))) for condition in _TABS.values()))
    with Session(db.engine) as session:
        counts = session.execute(_of_cases(numbers).where(*only)).one()
        total = session.execute(select(func.count()).select_from(base.subquery())).scalar_one()
        rows = session.execute(
            base.order_by(order, Endorsement.id).limit(PAGE).offset((page - 1) * PAGE)
        ).all()
    return Queue(
        [QueueItem(*row) for row in rows],
        dict(zip(_TABS, counts, strict=True)),
        page,
        max(1, -(-total // PAGE)),
    )


def names(ids: Collection[int] | None = None) -> dict[int, Texts]:
    """What these organisations are called now, or all."""
    query = _of_cases(select(Endorsement.id, EndorsementVersion.name))
    if ids is not None:
        query = query.where(Endorsement.id.in_(ids))
    return dict(fetch(query).all())


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


def is_present(endorsement_id: int | InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """SQL: whether somebody has this case open."""
    recently = ReviewVisit.seen_at >= clock.now() - VISIT_TTL
    return and_(ReviewVisit.endorsement_id == endorsement_id, recently)


def find(endorsement_id: int) -> Case | None:
    """One case, whatever its state; None for one that is unknown or whose first mail is not confirmed yet."""
    query = select(Endorsement).options(selectinload(Endorsement.versions))
    known = (Endorsement.id == endorsement_id, Endorsement.state != EndorsementState.PENDING)
    row = next(iter(load(query.where(*known))), None)
    if row is None or not row.versions:
        return None
    unconfirmed = VersionState.PROPOSED if row.state in ENDED else None
    return Case(
        row=row,
        slug=slugs()[row.campaign_id],
        seen=SeenState.now(row),
        versions=[version for version in row.versions if version.state != unconfirmed],
        history=audit.page(Search(subject=f"endorsement:{endorsement_id}")).lines,
    )


def duplicates(endorsement_id: int) -> list[tuple[EndorsementVersion, list[DuplicateSign]]]:
    """Newest versions of possible duplicates with their signs, the strongest first. Unconfirmed and merged endorsements are left out."""
    newest = _of_cases(select(EndorsementVersion)).options(
        load_only(
            *(EndorsementVersion.endorsement_id, EndorsementVersion.name, EndorsementVersion.website),
            raiseload=True,
        ),
        _ITS_ENDORSEMENT,
    )
    own = next(iter(load(newest.where(Endorsement.id == endorsement_id))), None)
    if own is None:
        return []
    others = load(
        newest.where(
            Endorsement.campaign_id == own.endorsement.campaign_id,
            Endorsement.id != endorsement_id,
            Endorsement.state.not_in((EndorsementState.PENDING, EndorsementState.MERGED)),
        )
    )
    same_site = sum(_site(other) == _site(own) for other in others)
    same_domain = sum(other.endorsement.mail_domain == own.endorsement.mail_domain for other in others)
    is_shared = {
        DuplicateSign.WEBSITE: same_site >= _MANY,
        DuplicateSign.MAIL_DOMAIN: same_domain >= _MANY,
    }
    scored = []
    for other in others:
        signs = [sign for sign in _signs(own, other) if not is_shared.get(sign)]
        score = sum(_WEIGHTS.get(sign, 2) for sign in signs)
        if score >= _MIN_SCORE:
            scored.append((score, other, signs))
    scored.sort(key=lambda match: -match[0])
    return [(other, signs) for _score, other, signs in scored[:MAX_CANDIDATES]]


def _items() -> Select[EndorsementVersion, str, bool, str | None]:
    holder = select(ReviewVisit.name).where(is_present(Endorsement.id), ReviewVisit.holds)
    query = select(
        EndorsementVersion,
        Campaign.slug,
        _has_duplicates(),
        holder.correlate(Endorsement).scalar_subquery(),
    )
    return _of_cases(query.options(_ITS_ENDORSEMENT)).where(Endorsement.state != EndorsementState.PENDING)


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


def _site(version: EndorsementVersion) -> str | None:
    """Whose website it is; of a page on the site of others the page itself."""
    has_own = has_own_host(version.website)
    return registrable(host_of(version.website)) if has_own else version.website


def _signs(own: EndorsementVersion, other: EndorsementVersion) -> list[DuplicateSign]:
    mine, theirs = own.endorsement, other.endorsement
    common = {
        similar(own.name, other.name): True,
        DuplicateSign.REGISTRATION: mine.registration_hash
        and mine.registration_hash == theirs.registration_hash,
        DuplicateSign.WEBSITE: _site(own) and _site(own) == _site(other),
        DuplicateSign.MAIL_DOMAIN: mine.mail_domain and mine.mail_domain == theirs.mail_domain,
    }
    return [sign for sign in DuplicateSign if common.get(sign)]
