"""What staff may do with the organisations behind a campaign: add, correct, put in order, remove."""

from dataclasses import dataclass

from sqlalchemy import func, select

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.campaigns.models import Campaign, CampaignState, Partner, PartnerRole
from pledge.campaigns.moderation import clean_reason, compare, edited, subject
from pledge.campaigns.rules import Checker, stamp
from pledge.campaigns.staff_queries import NoSuchCampaign
from pledge.core import languages
from pledge.core.db import reading
from pledge.core.languages import Texts
from pledge.files import services as files


@dataclass(frozen=True)
class PartnerFields:
    """What the form holds."""

    role: PartnerRole
    name: Texts
    url: str


@dataclass(frozen=True)
class PartnerRow:
    """A partner as its editors see it."""

    id: int
    fields: PartnerFields
    logo: str

    @property
    def stamp(self) -> str:
        return stamp(_content(self.fields, self.logo))


def rows(campaign_id: int) -> list[PartnerRow]:
    """The partners of a campaign in their order."""
    with reading() as connection:
        found = connection.execute(
            select(*Partner.__table__.c).where(Partner.campaign_id == campaign_id).order_by(Partner.position)
        )
        return [
            PartnerRow(row.id, PartnerFields(PartnerRole(row.role), row.name, row.url), row.logo)
            for row in found
        ]


def one(campaign_id: int, partner_id: int) -> PartnerRow:
    """Raises NoSuchCampaign."""
    for row in rows(campaign_id):
        if row.id == partner_id:
            return row
    raise NoSuchCampaign


def add(actor: Actor, slug: str, fields: PartnerFields, logo: str = "") -> int:
    """Add a partner at the end; returns its number. `logo` is the name of a stored picture. Raises BadFields, UnknownFile."""
    with edited(slug) as (session, campaign):
        clean = _clean(fields, CampaignState(campaign.state))
        last = session.scalar(select(func.max(Partner.position)).where(Partner.campaign_id == campaign.id))
        partner = Partner(campaign_id=campaign.id, position=0 if last is None else last + 1, logo=logo)
        _fill(partner, clean)
        session.add(partner)
        session.flush()
        if logo:
            files.keep(session, logo)
        record(session, actor, "campaign.partner.add", subject(slug), partner=partner.id, name=_name(clean))
        return partner.id


def change(
    actor: Actor,
    slug: str,
    partner_id: int,
    seen: str,
    fields: PartnerFields,
    *,
    logo: str = "",
    drop_logo: bool = False,
) -> None:
    """Correct a partner; a new `logo` replaces the old one. Raises BadFields, EditedMeanwhile, UnknownFile, NoSuchCampaign."""
    with edited(slug) as (session, campaign):
        partner = _own(campaign, partner_id)
        clean = _clean(fields, CampaignState(campaign.state))
        compare(seen, _content(_stored(partner), partner.logo))
        _fill(partner, clean)
        if logo or drop_logo:
            files.discard(session, partner.logo)
            partner.logo = logo
        if logo:
            files.keep(session, logo)
        record(
            session, actor, "campaign.partner.change", subject(slug), partner=partner_id, name=_name(clean)
        )


def check(fields: PartnerFields, state: CampaignState) -> None:
    """Raises BadFields for what a campaign in this state could not keep."""
    _clean(fields, state)


def move(actor: Actor, slug: str, partner_id: int, *, up: bool) -> None:
    """One place up or down; at the end of the list nothing happens. Raises NoSuchCampaign."""
    with edited(slug) as (session, campaign):
        partner = _own(campaign, partner_id)
        place = Partner.position < partner.position if up else Partner.position > partner.position
        order = Partner.position.desc() if up else Partner.position
        other = session.scalar(
            select(Partner).where(Partner.campaign_id == campaign.id, place).order_by(order).limit(1)
        )
        if other is None:
            return
        mine, others = partner.position, other.position
        # Two rows may not have one position, not even for a moment.
        partner.position = -1
        session.flush()
        other.position = mine
        session.flush()
        partner.position = others
        record(session, actor, "campaign.partner.move", subject(slug), partner=partner_id, up=up)


def remove(actor: Actor, slug: str, partner_id: int, seen: str, reason: str) -> None:
    """Remove a partner as it was seen, with a reason.

    Raises ReasonMissing, BadFields, EditedMeanwhile, NoSuchCampaign, also when somebody was faster.
    """
    reason = clean_reason(reason)
    with edited(slug) as (session, campaign):
        partner = _own(campaign, partner_id)
        compare(seen, _content(_stored(partner), partner.logo))
        files.discard(session, partner.logo)
        name = partner.name.of(languages.default())
        session.delete(partner)
        record(
            session,
            actor,
            "campaign.partner.remove",
            subject(slug),
            reason=reason,
            partner=partner_id,
            name=name,
        )


def _own(campaign: Campaign, partner_id: int) -> Partner:
    for partner in campaign.partners:
        if partner.id == partner_id:
            return partner
    raise NoSuchCampaign


def _clean(fields: PartnerFields, state: CampaignState) -> PartnerFields:
    check = Checker()
    required = state is not CampaignState.DRAFT
    clean = PartnerFields(
        role=fields.role,
        name=check.lines("name", fields.name, required=required),
        url=check.link("url", fields.url),
    )
    check.any_language("name", clean.name)
    check.finish()
    return clean


def _fill(partner: Partner, fields: PartnerFields) -> None:
    partner.role, partner.url, partner.name = fields.role, fields.url, fields.name


def _stored(partner: Partner) -> PartnerFields:
    return PartnerFields(PartnerRole(partner.role), partner.name, partner.url)


def _content(fields: PartnerFields, logo: str) -> dict[str, object]:
    return {**vars(fields), "logo": logo}


def _name(fields: PartnerFields) -> str:
    return fields.name.of(languages.default())
