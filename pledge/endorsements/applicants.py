"""Reads for the person who speaks for an organisation: the states of mailed links, and what is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from pledge.campaigns import queries as campaigns
from pledge.campaigns.mailed_links import Link, LinkState, waiting_state
from pledge.campaigns.queries import CampaignView, PledgeView
from pledge.core.db import db
from pledge.core.tokens import BadToken, Purpose
from pledge.endorsements.applications import Applicant
from pledge.endorsements.identifiers import read_confirm_token, read_contact_token, read_own_token
from pledge.endorsements.mail_servers import is_scanned
from pledge.endorsements.models import (
    ContactChange,
    Endorsement,
    EndorsementState,
    EndorsementVersion,
    VersionState,
)

#: States from which an organisation may apply again; until its mail is confirmed the state stays.
_ENDED = (EndorsementState.WITHDRAWN, EndorsementState.DECLINED)


@dataclass(frozen=True)
class EndorsementView:
    """One organisation's endorsement, readable: shown only to the holder of a link from its contact's mailbox."""

    row: Endorsement
    campaign: CampaignView
    pledge: PledgeView
    versions: Sequence[EndorsementVersion]  #: newest first
    change: ContactChange | None  #: another person who was asked to take over and has not answered yet
    is_scanned: bool  #: the mail server of the contact's address belongs to a scanner
    is_change_scanned: bool  #: that of the other person

    @property
    def newest(self) -> EndorsementVersion:
        return self.versions[0]

    @property
    def published(self) -> EndorsementVersion | None:
        return next((version for version in self.versions if version.state == VersionState.PUBLISHED), None)

    @property
    def proposed(self) -> EndorsementVersion | None:
        """The version that waits for its mail or for review."""
        return self.newest if self.newest.state == VersionState.PROPOSED else None

    #: Mails about an organisation have no code.
    has_code_only: ClassVar[bool] = False

    @property
    def match_tries(self) -> int:
        return self.newest.match_tries

    @property
    def waits(self) -> bool:
        """Whether the newest version waits for the mail to be confirmed."""
        return self.row.state == EndorsementState.PENDING or (
            self.row.state in _ENDED and self.newest.state == VersionState.PROPOSED
        )


def open_link(token: str, lang: str) -> Link[EndorsementView]:
    """The state of a link to confirm an application, with its endorsement. Reads only."""
    try:
        link = read_confirm_token(token)
    except BadToken:
        return Link(LinkState.UNKNOWN)
    found = find(link.endorsement_id, lang)
    if found is None or found.row.contact_number != link.contact_number:
        return Link(LinkState.UNKNOWN)
    if found.row.state in _ENDED and not found.waits:
        return Link(LinkState.UNKNOWN)
    if not found.waits:
        return Link(LinkState.CONFIRMED, found, link.expired)
    version = next(
        (one for one in found.versions if one.state == VersionState.PROPOSED and one.seq == link.seq), None
    )
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
    if found.row.contact_number == number:
        return Link(LinkState.CONFIRMED, found, expired)
    if found.change is None or found.change.contact_number != number:
        return Link(LinkState.UNKNOWN)
    return Link(LinkState.EXPIRED if expired else LinkState.PENDING, found, expired)


def own_endorsement(token: str, lang: str, purpose: Purpose = Purpose.ENDORSE_MANAGE) -> EndorsementView:
    """The endorsement whose own page a link opens. Raises BadToken when there is none, or no longer."""
    endorsement_id, contact_number = read_own_token(token, purpose)
    found = find(endorsement_id, lang)
    if found is None or found.row.contact_number != contact_number or found.row.confirmed_at is None:
        raise BadToken
    # An application that nobody has confirmed may be a stranger's.
    return replace(found, versions=tuple(one for one in found.versions if one.applicant is None))


def find(endorsement_id: int, lang: str) -> EndorsementView | None:
    versions = (
        select(EndorsementVersion)
        .where(EndorsementVersion.endorsement_id == endorsement_id)
        .order_by(EndorsementVersion.seq.desc())
    )
    changes = select(ContactChange).where(
        ContactChange.endorsement_id == endorsement_id, ContactChange.done_at.is_(None)
    )
    with Session(db.engine) as session:
        row = session.get(Endorsement, endorsement_id)
        found, change = session.scalars(versions).all(), session.scalar(changes)
        if row is None or not found:
            return None
        scanned = is_scanned(session.connection(), row.contact_email)
        change_scanned = change is not None and is_scanned(session.connection(), change.contact_email)
    campaign = campaigns.find_by_id(row.campaign_id, lang)
    if campaign is None:
        return None
    pledge = campaigns.pledge_text(row.pledge_text_id, lang)
    return EndorsementView(row, campaign, pledge, found, change, scanned, change_scanned)


def _as_applied(found: EndorsementView, version: EndorsementVersion, lang: str) -> EndorsementView:
    """The endorsement as confirming this version will make it."""
    found = replace(found, versions=(version, *(one for one in found.versions if one is not version)))
    if version.applicant is None:
        return found
    Applicant.load(version.applicant).fill(found.row)
    return replace(found, pledge=campaigns.pledge_text(found.row.pledge_text_id, lang))
