"""The organisations behind a campaign, in the order that staff choose."""

from dataclasses import dataclass

from pledge.campaigns.items import ItemKind
from pledge.campaigns.models import Partner, PartnerRole
from pledge.campaigns.rules import Checker
from pledge.core.languages import Texts


@dataclass(frozen=True)
class PartnerFields:
    """What the form holds."""

    role: PartnerRole
    name: Texts
    url: str


def clean(fields: PartnerFields, *, required: bool) -> PartnerFields:
    """The fields as they will be kept; `required`: the name is needed in every language. Raises BadFields."""
    check = Checker()
    kept = PartnerFields(
        role=fields.role,
        name=check.lines("name", fields.name, required=required),
        url=check.link("url", fields.url),
    )
    check.any_language("name", kept.name)
    check.finish()
    return kept


PARTNER = ItemKind(
    name="partner",
    title="name",
    table=Partner,
    order=(Partner.position,),
    read=lambda row: PartnerFields(PartnerRole(row.role), row.name, row.url),
    clean=clean,
    has_logo=True,
    has_position=True,
)
