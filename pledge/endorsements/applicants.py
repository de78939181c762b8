"""Reads for the person who speaks for an organisation: the states of mailed links, and what is stored."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from sqlalchemy import Row, select

from pledge.campaigns import queries as campaigns
from pledge.campaigns.mailed_links import Link, LinkState, waiting_state
from pledge.campaigns.queries import CampaignView, PledgeView
from pledge.core.db import reading
from pledge.core.languages import Texts
from pledge.core.tokens import BadToken, Purpose
from pledge.endorsements.applications import Applicant
from pledge.endorsements.identifiers import read_confirm_token, read_contact_token, read_own_token
from pledge.endorsements.mail_servers import is_scanned
from pledge.endorsements.models import (
    ContactChange,
    Endorsement,
    EndorsementState,
    EndorsementVersion,
    VerificationLevel,
    VersionState,
)
from pledge.endorsements.rules import Content

_CONTENT = tuple(Content.__dataclass_fields__)
#: States from which an organisation may apply again; until its mail is confirmed the state stays.
_ENDED = (EndorsementState.WITHDRAWN, EndorsementState.DECLINED)


@dataclass(frozen=True)
class OwnVersionView:
    seq: int
    state: VersionState
    content: Content
    spokesperson: str
    submitted_at: datetime
    applicant: Applicant | None  #: who sent it, until its mail is confirmed
    match_tries: int  #: two-digit numbers typed behind its link

    @property
    def name(self) -> Texts:
        return self.content.name


@dataclass(frozen=True)
class ChangeView:
    """Another person who was asked to take over and has not answered yet."""

    number: int
    name: str
    title: str
    email: str
    asked_at: datetime
    is_scanned: bool  #: the mail server of their address belongs to a scanner


@dataclass(frozen=True)
class EndorsementView:
    """One organisation's endorsement, readable: shown only to the holder of a link from its contact's mailbox."""

    id: int
    contact_number: int
    state: EndorsementState
    level: VerificationLevel
    contact_name: str
    contact_title: str
    contact_email: str
    show_contact: bool
    registration_number: str | None
    lang: str
    privacy_version: str
    submitted_at: datetime
    confirmed_at: datetime | None
    published_at: datetime | None
    ended_at: datetime | None
    decision_reason: str
    campaign: CampaignView
    pledge: PledgeView
    versions: tuple[OwnVersionView, ...]  #: newest first
    change: ChangeView | None
    is_scanned: bool  #: the mail server of the contact's address belongs to a scanner

    @property
    def newest(self) -> OwnVersionView:
        return self.versions[0]

    @property
    def published(self) -> OwnVersionView | None:
        return next((version for version in self.versions if version.state is VersionState.PUBLISHED), None)

    @property
    def proposed(self) -> OwnVersionView | None:
        """The version that waits for its mail or for review."""
        return self.newest if self.newest.state is VersionState.PROPOSED else None

    #: Mails about an organisation have no code.
    has_code_only: ClassVar[bool] = False

    @property
    def match_tries(self) -> int:
        return self.newest.match_tries

    @property
    def waits(self) -> bool:
        """Whether the newest version waits for the mail to be confirmed."""
        return self.state is EndorsementState.PENDING or (
            self.state in _ENDED and self.newest.state is VersionState.PROPOSED
        )


def open_link(token: str, lang: str) -> Link[EndorsementView]:
    """The state of a link to confirm an application, with its endorsement. Reads only."""
    try:
        link = read_confirm_token(token)
    except BadToken:
        return Link(LinkState.UNKNOWN)
    found = find(link.endorsement_id, lang)
    if found is None or found.contact_number != link.contact_number:
        return Link(LinkState.UNKNOWN)
    if found.state in _ENDED and not found.waits:
        return Link(LinkState.UNKNOWN)
    if not found.waits:
        return Link(LinkState.CONFIRMED, found, link.expired)
    version = next((one for one in found.versions if _is_waiting(one) and one.seq == link.seq), None)
    if version is None:
        return Link(LinkState.UNKNOWN)
    takes_confirmations = found.campaign.takes_confirmations
    state = waiting_state(takes_confirmations=takes_confirmations, expired=link.expired)
    return Link(state, _as_applied(found, version, lang), link.expired)


def open_contact_link(token: str, lang: str) -> Link[EndorsementView]:
    """The state of a link to take over from another person; CONFIRMED when they have taken over."""
    try:
        endorsement_id, number, expired = read_contact_token(token)
    except BadToken:
        return Link(LinkState.UNKNOWN)
    found = find(endorsement_id, lang)
    if found is None:
        return Link(LinkState.UNKNOWN)
    if found.contact_number == number:
        return Link(LinkState.CONFIRMED, found, expired)
    if found.change is None or found.change.number != number:
        return Link(LinkState.UNKNOWN)
    return Link(LinkState.EXPIRED if expired else LinkState.PENDING, found, expired)


def own_endorsement(token: str, lang: str, purpose: Purpose = Purpose.ENDORSE_MANAGE) -> EndorsementView:
    """The endorsement whose own page a link opens. Raises BadToken when there is none, or no longer."""
    endorsement_id, contact_number = read_own_token(token, purpose)
    found = find(endorsement_id, lang)
    if found is None or found.contact_number != contact_number or found.confirmed_at is None:
        raise BadToken
    # An application that nobody has confirmed may be a stranger's.
    return replace(found, versions=tuple(one for one in found.versions if one.applicant is None))


def find(endorsement_id: int, lang: str) -> EndorsementView | None:
    with reading() as connection:
        row = connection.execute(
            select(*Endorsement.__table__.c).where(Endorsement.id == endorsement_id)
        ).first()
        versions = connection.execute(
            select(*EndorsementVersion.__table__.c)
            .where(EndorsementVersion.endorsement_id == endorsement_id)
            .order_by(EndorsementVersion.seq.desc())
        ).all()
        change = connection.execute(
            select(*ContactChange.__table__.c).where(
                ContactChange.endorsement_id == endorsement_id, ContactChange.done_at.is_(None)
            )
        ).first()
        scanned = row is not None and is_scanned(connection, row.contact_email)
        change_scanned = change is not None and is_scanned(connection, change.contact_email)
    if row is None or not versions:
        return None
    campaign = campaigns.find_by_id(row.campaign_id, lang)
    if campaign is None:
        return None
    return EndorsementView(
        id=row.id,
        contact_number=row.contact_number,
        state=EndorsementState(row.state),
        level=VerificationLevel(row.level),
        contact_name=row.contact_name,
        contact_title=row.contact_title,
        contact_email=row.contact_email,
        show_contact=row.show_contact,
        registration_number=row.registration_number,
        lang=row.lang,
        privacy_version=row.privacy_version,
        submitted_at=row.submitted_at,
        confirmed_at=row.confirmed_at,
        published_at=row.published_at,
        ended_at=row.ended_at,
        decision_reason=row.decision_reason,
        campaign=campaign,
        pledge=campaigns.pledge_text(row.pledge_text_id, lang),
        versions=tuple(map(_version, versions)),
        change=None if change is None else _change(change, change_scanned),
        is_scanned=scanned,
    )


def _is_waiting(version: OwnVersionView) -> bool:
    return version.state is VersionState.PROPOSED


def _as_applied(found: EndorsementView, version: OwnVersionView, lang: str) -> EndorsementView:
    """The endorsement as confirming this version will make it."""
    found = replace(found, versions=(version, *(one for one in found.versions if one is not version)))
    who = version.applicant
    if who is None:
        return found
    return replace(
        found,
        contact_name=who.name,
        contact_title=who.title,
        contact_email=who.email,
        show_contact=who.show,
        registration_number=who.registration_number,
        privacy_version=who.privacy_version,
        pledge=campaigns.pledge_text(who.pledge_text_id, lang),
    )


def _version(row: Row[*tuple[object, ...]]) -> OwnVersionView:
    return OwnVersionView(
        seq=row.seq,
        state=VersionState(row.state),
        content=Content(**{field: getattr(row, field) for field in _CONTENT}),
        spokesperson=row.spokesperson,
        submitted_at=row.submitted_at,
        applicant=None if row.applicant is None else Applicant.load(row.applicant),
        match_tries=row.match_tries,
    )


def _change(row: Row[*tuple[object, ...]], is_scanned: bool) -> ChangeView:
    return ChangeView(
        number=row.contact_number,
        name=row.contact_name,
        title=row.contact_title,
        email=row.contact_email,
        asked_at=row.asked_at,
        is_scanned=is_scanned,
    )
