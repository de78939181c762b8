"""Reads of demands: in which state each is, for everybody, and what staff have entered of it."""

from dataclasses import dataclass
from datetime import date
from itertools import takewhile

from sqlalchemy import select

from pledge.accounts.two_people import NoSuchProposal
from pledge.campaigns import items
from pledge.campaigns.demands import DEMAND
from pledge.campaigns.models import Demand
from pledge.core import clock
from pledge.core.db import load
from pledge.core.i18n import SEOUL
from pledge.core.languages import Texts
from pledge.demands.models import DemandEvent, EventKind, EventState


@dataclass(frozen=True)
class PublicDemand:
    """A demand with what became of it."""

    words: Texts
    asked_on: date  #: in Korea
    events: list[DemandEvent]  #: those that are published, by their day, the newest first

    @property
    def state(self) -> str:
        """The kind of the newest event, or "asked"."""
        return self.events[0].kind if self.events else "asked"

    @property
    def days_silent(self) -> int:
        """For how many Korean days it, or the first asking since the last answer, has had no answer; 0 once there is one."""
        askings = list(takewhile(lambda event: event.kind == EventKind.ASKED_AGAIN, self.events))
        if self.events and not askings:
            return 0
        since = self.asked_on if askings == self.events else askings[-1].day
        return max((clock.now().astimezone(SEOUL).date() - since).days, 0)


def public(campaign_id: int) -> list[PublicDemand]:
    """The demands of a campaign in their order."""
    query = select(DemandEvent).join(Demand).where(Demand.campaign_id == campaign_id)
    query = query.where(DemandEvent.state == EventState.PUBLISHED)
    events = load(query.order_by(DemandEvent.day.desc(), DemandEvent.id.desc()))
    return [
        PublicDemand(**vars(row.fields), events=[event for event in events if event.demand_id == row.id])
        for row in items.rows(DEMAND, campaign_id)
    ]


def find(demand_id: int) -> Demand:
    """Raises NoSuchProposal."""
    for row in load(select(Demand).where(Demand.id == demand_id)):
        return row
    raise NoSuchProposal


def history(demand_id: int) -> list[DemandEvent]:
    """All that was entered of a demand, the last entry first."""
    query = select(DemandEvent).where(DemandEvent.demand_id == demand_id)
    return load(query.order_by(DemandEvent.id.desc()))


def proposed() -> list[DemandEvent]:
    """What waits for a second person or came back, of all campaigns."""
    query = select(DemandEvent).where(DemandEvent.state != EventState.PUBLISHED)
    return load(query.order_by(DemandEvent.proposed_at))
