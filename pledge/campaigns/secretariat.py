"""Who runs a campaign, in one line and read together with the campaign itself: it stands at the foot of each of its pages."""

from typing import Any

from sqlalchemy import Label, String, cast, func, select
from sqlalchemy.orm import aliased

from pledge.campaigns.models import Campaign, Partner, PartnerRole


def column(lang: str) -> Label[Any]:
    """The names of the secretariat, each on a line behind its position, as an aggregate keeps no order."""
    member = aliased(Partner)
    name = member.name_ko if lang == "ko" else member.name_en
    return (
        select(func.aggregate_strings(cast(member.position, String) + "\t" + name, "\n"))
        .where(member.campaign_id == Campaign.id, member.role == PartnerRole.SECRETARIAT, name != "")
        .scalar_subquery()
        .label("secretariat")
    )


def line(members: str | None) -> str:
    """The names in their order; "" where nobody is named."""
    pairs = [member.partition("\t") for member in (members or "").split("\n") if member]
    return ", ".join(name for _, _, name in sorted(pairs, key=lambda pair: int(pair[0])))
