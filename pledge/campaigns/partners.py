"""The organisations behind a campaign, in the order that staff choose."""

from dataclasses import dataclass

from pledge.campaigns import items
from pledge.campaigns.items import ItemKind
from pledge.campaigns.models import Partner, PartnerRole
from pledge.campaigns.rules import Checker, FieldFault, shown_link
from pledge.core.languages import Texts
from pledge.core.organization_types import OrganizationType

#: So many partners are shown without groups.
MAX_IN_ONE_GROUP = 12


@dataclass(frozen=True)
class PartnerFields:
    """What the form holds."""

    role: PartnerRole
    name: Texts
    url: str
    type: str = ""  #: as core.organization_types.OrganizationType, or ""


@dataclass(frozen=True)
class PartnerView:
    """A partner as a page shows it, in one language."""

    name: str
    url: str
    logo: str = ""  #: a name in `files`
    type: str = ""


def shown(campaign_id: int, lang: str) -> dict[PartnerRole, list[PartnerView]]:
    """The partners of a campaign by role, in their order."""
    found: dict[PartnerRole, list[PartnerView]] = {role: [] for role in PartnerRole}
    for row in items.rows(PARTNER, campaign_id):
        view = PartnerView(row.fields.name.of(lang), shown_link(row.fields.url), row.logo, row.fields.type)
        found[row.fields.role].append(view)
    return found


def by_type(partners: list[PartnerView]) -> list[tuple[str, list[PartnerView]]]:
    """Many partners in groups of one kind, those of no kind among the others; a few are one group, of kind ""."""
    if len(partners) <= MAX_IN_ONE_GROUP or not any(partner.type for partner in partners):
        return [("", partners)] if partners else []
    groups: dict[str, list[PartnerView]] = {kind.value: [] for kind in OrganizationType}
    for partner in partners:
        groups[partner.type or OrganizationType.OTHER].append(partner)
    return [(kind, group) for kind, group in groups.items() if group]


def clean(fields: PartnerFields, *, required: bool) -> PartnerFields:
    """The fields as they will be kept; `required`: the name is needed in every language. Raises BadFields."""
    check = Checker()
    kept = PartnerFields(
        role=fields.role,
        name=check.lines("name", fields.name, required=required),
        url=check.link("url", fields.url),
        type=fields.type,
    )
    if fields.type and fields.type not in set(OrganizationType):
        check.add("type", FieldFault.CHOICE)
    check.any_language("name", kept.name)
    check.finish()
    return kept


PARTNER = ItemKind(
    name="partner",
    title="name",
    table=Partner,
    order=(Partner.position,),
    read=lambda row: PartnerFields(PartnerRole(row.role), row.name, row.url, row.type),
    clean=clean,
    has_logo=True,
    has_position=True,
)
