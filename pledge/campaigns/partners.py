"""The organisations behind a campaign, in the order that staff choose, and its sister campaigns around the world."""

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from pledge.campaigns import goals, items
from pledge.campaigns.items import ItemKind
from pledge.campaigns.models import Campaign, CampaignState, Partner, PartnerRole, SisterCampaign
from pledge.campaigns.rules import BadFields, Checker, FieldFault, shown_link
from pledge.campaigns.staff_queries import has_secretariat
from pledge.core.languages import Texts
from pledge.core.organization_types import OrganizationType

#: Partners shown without a click: one row on a desk, two on a phone.
MAX_AT_ONCE = 6


@dataclass(frozen=True)
class PartnerFields:
    """What the form holds."""

    role: PartnerRole
    name: Texts
    url: str
    type: str = ""  #: as core.organization_types.OrganizationType, or ""
    group_goal: int | None = None  #: how many people are to sign through its link


@dataclass(frozen=True)
class PartnerView:
    """A partner as a page shows it, in one language."""

    name: str
    url: str
    logo: str = ""  #: a name in `files`
    type: str = ""


@dataclass(frozen=True)
class PartnerWall:
    """Partners as the campaign's page has them."""

    first: list[PartnerView]
    more: list[tuple[str, list[PartnerView]]]  #: one click below, by kind; of kind "" where no kind is known

    @property
    def number_of_more(self) -> int:
        return sum(len(group) for _, group in self.more)


def shown_partners(campaign_id: int, lang: str) -> dict[PartnerRole, list[PartnerView]]:
    """The partners of a campaign by role, in their order."""
    by_role: dict[PartnerRole, list[PartnerView]] = {role: [] for role in PartnerRole}
    for row in items.rows(PARTNER, campaign_id):
        view = PartnerView(
            row.fields.name.in_language(lang), shown_link(row.fields.url), row.logo, row.fields.type
        )
        by_role[row.fields.role].append(view)
    return by_role


def wall(partners: list[PartnerView]) -> PartnerWall:
    """The first partners in the order of staff; the others by kind, those without a kind under "other"."""
    first, others = partners[:MAX_AT_ONCE], partners[MAX_AT_ONCE:]
    if not any(partner.type for partner in others):
        return PartnerWall(first, [("", others)] if others else [])
    groups: dict[str, list[PartnerView]] = {kind.value: [] for kind in OrganizationType}
    for partner in others:
        groups[partner.type or OrganizationType.OTHER].append(partner)
    return PartnerWall(first, [(kind, group) for kind, group in groups.items() if group])


def clean_partner(fields: PartnerFields, *, required: bool) -> PartnerFields:
    """The fields as they will be kept; `required`: the name is needed in every language. Raises BadFields."""
    check = Checker()
    name = check.lines("name", fields.name, required=required)
    kept = replace(fields, name=name, url=check.link("url", fields.url))
    goals.check_group_goal(check, fields.group_goal)
    if fields.type and fields.type not in set(OrganizationType):
        check.add("type", FieldFault.CHOICE)
    check.any_language("name", kept.name)
    check.finish()
    return kept


def check_secretariat(session: Session, campaign: Campaign, before: PartnerFields) -> None:
    """Refuse to take the last one who speaks for a public campaign away. Raises BadFields."""
    is_public = campaign.state != CampaignState.DRAFT
    session.flush()
    if is_public and before.role is PartnerRole.SECRETARIAT and not has_secretariat(session, campaign.id):
        raise BadFields({"role": FieldFault.SECRETARIAT})


PARTNER = ItemKind(
    name="partner",
    title="name",
    table=Partner,
    order=(Partner.position,),
    read=lambda row: PartnerFields(PartnerRole(row.role), row.name, row.url, row.type, row.group_goal),
    clean=clean_partner,
    check_rest=check_secretariat,
    has_logo=True,
    has_position=True,
)


MAX_SENTENCE = 300


@dataclass(frozen=True)
class SisterFields:
    """What the form holds."""

    name: Texts
    place: Texts
    sentence: Texts
    url: str


def clean_sister(fields: SisterFields, *, required: bool) -> SisterFields:
    """The fields as they will be kept; `required`: the name is needed in every language. Raises BadFields."""
    check = Checker()
    kept = SisterFields(
        name=check.lines("name", fields.name, required=required),
        place=check.lines("place", fields.place),
        sentence=check.lines("sentence", fields.sentence, MAX_SENTENCE),
        url=check.link("url", fields.url),
    )
    check.any_language("name", kept.name)
    check.all_or_none("place", kept.place, kept.name)
    check.all_or_none("sentence", kept.sentence, kept.name)
    if not kept.url:
        check.add("url", FieldFault.MISSING)
    check.finish()
    return kept


SISTER = ItemKind(
    name="sister",
    title="name",
    table=SisterCampaign,
    order=(SisterCampaign.id,),
    read=lambda row: SisterFields(row.name, row.place, row.sentence, row.url),
    clean=clean_sister,
    has_logo=True,
)
