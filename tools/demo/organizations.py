"""Sample organisations, their rows as applying and review would leave them, and partners; from content/*.toml."""

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pledge.audit.models import COMMAND_LINE
from pledge.campaigns import items
from pledge.campaigns.models import PartnerRole
from pledge.campaigns.partners import PARTNER, PartnerFields
from pledge.core import clock, languages
from pledge.core.languages import Texts
from pledge.core.text import markdown
from pledge.endorsements import counting
from pledge.endorsements.models import (
    Endorsement,
    EndorsementState,
    EndorsementVersion,
    ReasonKind,
    VersionState,
)
from pledge.endorsements.review.reasons import BUILT_IN
from pledge.endorsements.rules import Content, clean
from pledge.endorsements.verification.names import name_key
from pledge.endorsements.versions import propose
from pledge.files import services as files
from pledge.ledger.models import Reason
from pledge.mail.addresses import address_hash, parse
from pledge.mail.services import SAMPLE_DOMAIN
from pledge.mailed_links.links import new_id
from pledge.signatures.models import Signature, SignatureState
from pledge.statistics.referrals import organization_code
from tools.demo.content import read, store_logo

#: Review takes some days; who left did so some days later.
_REVIEW = timedelta(days=2)
_STAYED = timedelta(days=20)
#: Those that wait for review came in this time.
_WAITING = timedelta(days=5)
#: Of all organisations, how many have a logo, and how many show who speaks for them.
_WITH_LOGO, _WITH_SPOKESPERSON = 0.85, 0.5
#: States of those that were on the wall and left it: by themselves, or as staff took them off.
_LEFT = (EndorsementState.WITHDRAWN, EndorsementState.REMOVED)
#: The logo of the first partner; the organisations have those below.
_FIRST_PARTNER_LOGO = 46

_VERSION_STATES = {
    EndorsementState.PUBLISHED: VersionState.PUBLISHED,
    EndorsementState.WITHDRAWN: VersionState.PUBLISHED,
    EndorsementState.REMOVED: VersionState.PUBLISHED,
    EndorsementState.DECLINED: VersionState.DECLINED,
}


@dataclass(frozen=True)
class SampleOrganization:
    """One that applied; moments in UTC."""

    number: int
    content: Content
    correction: Texts  #: the statement that it would like to have now; empty where it asked for nothing
    state: EndorsementState
    level: str
    spokesperson: tuple[str, str]  #: name and title
    shows_spokesperson: bool
    submitted_at: datetime
    published_at: datetime | None
    left_at: datetime | None
    goal: int | None  #: of its link
    through_link: int  #: how many people of the campaign signed through it


def invent(chance: random.Random, begins: datetime, ends: datetime) -> list[SampleOrganization]:
    """The organisations of the file, in the order in which they applied between two moments; their logos are stored."""
    facts = read("organizations")
    suffix = languages.texts(facts["suffix"])
    organizations = [
        _organization(chance, number, organization, suffix, (begins, ends))
        for number, organization in enumerate(facts["organizations"], 1)
    ]
    return sorted(organizations, key=lambda organization: organization.submitted_at)


class Register:
    """Writes organisations into a campaign, with their entries in the ledger."""

    def __init__(self, campaign_id: int, pledge_text_id: int) -> None:
        self._campaign_id, self._pledge_text_id = campaign_id, pledge_text_id
        self._privacy_version = markdown.privacy_version()
        self._ids: dict[int, int] = {}

    def apply(self, session: Session, organization: SampleOrganization) -> None:
        """Store what was applied for; one that will be published is counted."""
        mailbox = parse(f"contact-{organization.number:02d}@{SAMPLE_DOMAIN}")
        is_public = organization.published_at is not None
        state = EndorsementState.PUBLISHED if is_public else organization.state
        is_confirmed = state is not EndorsementState.PENDING
        at = organization.submitted_at
        row = Endorsement(
            id=new_id(),
            campaign_id=self._campaign_id,
            state=state,
            seq=1,
            contact_name=organization.spokesperson[0],
            contact_title=organization.spokesperson[1],
            contact_email=mailbox.mailed,
            address_hash=address_hash(mailbox),
            mail_domain=SAMPLE_DOMAIN,
            show_contact=organization.shows_spokesperson,
            name_key=name_key(organization.content.name),
            level=organization.level,
            lang=languages.default(),
            pledge_text_id=self._pledge_text_id,
            privacy_version=self._privacy_version,
            submitted_at=at,
            confirmed_at=at if is_confirmed else None,
            published_at=organization.published_at,
            group_goal=organization.goal,
            ended_at=at + _REVIEW if state is EndorsementState.DECLINED else None,
        )
        self._ids[organization.number] = row.id
        session.add(row)
        session.flush()
        if organization.content.logo:
            files.keep(session, organization.content.logo)
        version = EndorsementVersion(
            endorsement_id=row.id,
            seq=1,
            state=_VERSION_STATES.get(state, VersionState.PROPOSED),
            submitted_at=at,
            reviewed_at=organization.published_at,
            spokesperson=", ".join(organization.spokesperson) if organization.shows_spokesperson else "",
            **vars(organization.content),
        )
        session.add(version)
        session.flush()
        if organization.published_at is not None:
            counting.count_in(session, row, version, Reason.CONFIRMED, organization.published_at)

    def leave(self, session: Session, organization: SampleOrganization) -> None:
        """One that was public withdraws or is removed."""
        row = self._row(session, organization)
        row.state, row.ended_at = organization.state, organization.left_at
        is_removed = organization.state is EndorsementState.REMOVED
        if is_removed:
            row.public_reason = BUILT_IN[ReasonKind.REMOVE]["closed-down"].in_each()
        reason = Reason.INVALIDATED if is_removed else Reason.WITHDRAWN
        counting.count_out(session, row, reason, organization.left_at or clock.now())

    def gather(self, session: Session, organization: SampleOrganization) -> None:
        """Let people who followed no link have followed that of this organisation."""
        row = self._row(session, organization)
        some = (
            select(Signature.id)
            .where(
                Signature.campaign_id == self._campaign_id,
                Signature.state == SignatureState.CONFIRMED,
                Signature.confirmed_at > row.published_at,
                Signature.via.is_(None),
            )
            .limit(organization.through_link)
        )
        code = organization_code(row.id)
        session.execute(update(Signature).where(Signature.id.in_(some)).values(via=code))

    def correct(self, session: Session, organization: SampleOrganization) -> None:
        """One that is public asks for another statement, which waits for staff."""
        shown = replace(organization.content, statement=organization.correction)
        spokesperson = ", ".join(organization.spokesperson) if organization.shows_spokesperson else ""
        propose(session, self._row(session, organization), shown, spokesperson)

    def _row(self, session: Session, organization: SampleOrganization) -> Endorsement:
        return session.get_one(Endorsement, self._ids[organization.number])


def _organization(
    chance: random.Random,
    number: int,
    facts: dict[str, Any],
    suffix: Texts,
    period: tuple[datetime, datetime],
) -> SampleOrganization:
    begins, ends = period
    state = EndorsementState(facts.get("state", EndorsementState.PUBLISHED))
    was_public = state in (EndorsementState.PUBLISHED, *_LEFT)
    # Most come in the first weeks, and those that have left long ago.
    first, last = begins, ends - 2 * _REVIEW
    if state in _LEFT:
        last = ends - 2 * _STAYED
    elif not was_public and state is not EndorsementState.DECLINED:
        first, last = ends - _WAITING, ends - _REVIEW / 4
    submitted_at = first + (last - first) * chance.random() ** 1.6
    published_at = submitted_at + _REVIEW * (0.2 + 0.8 * chance.random()) if was_public else None
    return SampleOrganization(
        number=number,
        content=_content(chance, number, facts, suffix),
        correction=languages.texts(facts.get("correction", {})),
        state=state,
        level=facts.get("level", "mail"),
        spokesperson=_spokesperson(chance),
        shows_spokesperson=was_public and chance.random() < _WITH_SPOKESPERSON,
        submitted_at=submitted_at,
        published_at=published_at,
        left_at=published_at + _STAYED if published_at and state in _LEFT else None,
        goal=facts.get("goal"),
        through_link=facts.get("through_link", 0),
    )


def _content(chance: random.Random, number: int, facts: dict[str, Any], suffix: Texts) -> Content:
    name = languages.texts(facts["name"])
    has_logo = chance.random() < _WITH_LOGO
    content = Content(
        name=languages.texts({lang: f"{text} {suffix.in_language(lang)}" for lang, text in name.items()}),
        type=facts["type"],
        country=facts.get("country", "KR"),
        region=facts.get("region"),
        website="https://example.org",  # IANA keeps it for examples
        target_year=facts.get("target_year"),
        interim_year=facts.get("interim_year"),
        interim_percent=facts.get("interim_percent"),
        base_year=facts.get("base_year"),
        scope=facts.get("scope"),
        plan_url=facts.get("plan_url", ""),
        report_url=facts.get("report_url", ""),
        statement=languages.texts(facts.get("statement", {})),
        logo=store_logo(f"{number:02d}") if has_logo else "",
    )
    return clean(content)


def _spokesperson(chance: random.Random) -> tuple[str, str]:
    """Name and title, in the first language of the site that the file has any in."""
    people = read("people")
    names = people["names"].get(languages.default()) or next(iter(people["names"].values()))
    drawn = {part: chance.choice(names[part]) for part in ("family", "given")}
    return names["pattern"].format(**drawn), chance.choice(names["titles"])


def add_partners(slug: str) -> None:
    """Add the partners of the file after those that the campaign has."""
    facts = read("partners")
    suffix = languages.texts(facts["suffix"])
    for number, partner in enumerate(facts["partners"], _FIRST_PARTNER_LOGO):
        name = languages.texts(partner["name"])
        fields = PartnerFields(
            role=PartnerRole.PARTNER,
            type=partner["type"],
            name=languages.texts({lang: f"{text} {suffix.in_language(lang)}" for lang, text in name.items()}),
            url="https://example.org",  # IANA keeps it for examples
            group_goal=partner.get("goal"),
        )
        items.add(PARTNER, COMMAND_LINE, slug, fields, store_logo(f"{number:02d}"))
