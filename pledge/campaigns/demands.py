"""What a campaign asks of its recipient, one thing at a time, in the order that staff choose."""

from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.orm import Session

from pledge.campaigns.items import ItemKind
from pledge.campaigns.models import MAX_DEMAND, Campaign, CampaignState, Demand
from pledge.campaigns.rules import BadFields, Checker, FieldFault
from pledge.core.languages import Texts


@dataclass(frozen=True)
class DemandFields:
    """What the form holds."""

    words: Texts
    asked_on: date  #: in Korea


def clean_demand(fields: DemandFields, *, required: bool) -> DemandFields:
    """The fields as they will be kept; `required`: the words are needed in every language. Raises BadFields."""
    check = Checker()
    kept = replace(fields, words=check.lines("words", fields.words, MAX_DEMAND, required=required))
    check.any_language("words", kept.words)
    check.finish()
    return kept


def check_draft(session: Session, campaign: Campaign, before: DemandFields) -> None:
    """Refuse to change or remove what a public campaign asks: people have signed it. Raises BadFields."""
    if campaign.state != CampaignState.DRAFT:
        raise BadFields({"kept": FieldFault.DEMAND_STAYS})


DEMAND = ItemKind(
    name="demand",
    title="words",
    table=Demand,
    order=(Demand.position,),
    read=lambda row: DemandFields(row.words, row.asked_on),
    clean=clean_demand,
    check_rest=check_draft,
    has_position=True,
)
