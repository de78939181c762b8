"""Who runs a campaign, in one line, read together with the campaign: it is at the foot of each of its pages."""

import json
from typing import Any

from sqlalchemy import Label, String, cast, func, select
from sqlalchemy.orm import aliased

from pledge.campaigns.models import Campaign, Partner, PartnerRole
from pledge.core.languages import Texts


def column() -> Label[Any]:
    """The names of the secretariat as JSON, each with its position, as an aggregate keeps no order."""
    member = aliased(Partner)
    return (
        select(func.aggregate_strings(cast(member.position, String) + "\t" + cast(member.name, String), "\n"))
        .where(member.campaign_id == Campaign.id, member.role == PartnerRole.SECRETARIAT)
        .scalar_subquery()
        .label("secretariat")
    )


def line(members: str | None, lang: str) -> str:
    """The names in their order and in a language; "" where nobody is named."""
    pairs = [member.partition("\t") for member in (members or "").split("\n") if member]
    names = [Texts(json.loads(name)) for _, _, name in sorted(pairs, key=lambda pair: int(pair[0]))]
    return ", ".join(name.of(lang) for name in names)
