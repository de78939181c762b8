"""What staff may do with the state of a demand: enter it with its source, and publish it as a second person.

Every use case is recorded in the audit log in the same transaction.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from pledge.accounts import two_people
from pledge.accounts.two_people import NoSuchProposal, WrongState
from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.campaigns import rules
from pledge.campaigns.models import Campaign, CampaignState, Demand
from pledge.campaigns.rules import Checker, FieldFault
from pledge.core import clock
from pledge.core.db import transaction
from pledge.core.i18n import SEOUL
from pledge.core.languages import Texts
from pledge.demands.models import DemandEvent, EventKind, EventState

MAX_WORDS = 5_000


@dataclass(frozen=True)
class DemandEntry:
    """What the form holds."""

    kind: str
    day: date | None
    until: date | None
    words: Texts
    source: str


def enter(actor: Actor, demand_id: int, entry: DemandEntry, seen: str = "") -> None:
    """Enter what became of a demand, or change what waits, of which `seen` is the stamp; a second person publishes it.

    Raises NoSuchProposal (of a draft too: it asks nobody yet), WrongState, BadFields, NeedsSecondPerson (who enters it must be known).
    """
    with transaction() as session:
        query = select(Demand).join(Campaign).where(Demand.id == demand_id)
        query = query.where(Campaign.state != CampaignState.DRAFT).with_for_update(of=Demand)
        demand = session.scalar(query)
        if demand is None:
            raise NoSuchProposal
        row = session.scalar(_newest(demand_id))
        if row is None or row.state == EventState.PUBLISHED:
            row = DemandEvent(demand_id=demand_id)
        if seen != (row.stamp if row.id else ""):
            raise WrongState
        for name, value in vars(_clean(entry, demand.asked_on)).items():
            setattr(row, name, value)
        row.propose(actor, EventState.PROPOSED)
        session.add(row)
        _record(session, actor, row, "enter")


def publish(actor: Actor, demand_id: int, seen: str) -> None:
    """Publish what waits, as a second person. Raises NoSuchProposal, WrongState, NeedsSecondPerson, InvitedLately."""
    query = _newest(demand_id).with_for_update(of=DemandEvent)
    with two_people.locked(query, EventState.PROPOSED, seen=seen) as (session, row):
        row.decide(session, actor, EventState.PUBLISHED)
        _record(session, actor, row, "publish")


def send_back(actor: Actor, demand_id: int, seen: str, reason: str) -> None:
    """Return what waits to whoever entered it, or as its author delete it. Raises NoSuchProposal, WrongState, NoReason."""
    query = _newest(demand_id).with_for_update(of=DemandEvent)
    with two_people.locked(query, EventState.PROPOSED, EventState.RETURNED, seen=seen) as (session, row):
        if row.proposed_by == actor.staff_id:
            session.delete(row)
        else:
            row.send_back(actor, EventState.RETURNED, reason)
        _record(session, actor, row, "send_back", reason=reason)


def _newest(demand_id: int) -> Select[DemandEvent]:
    """Nothing is entered while something waits, so what waits is the last."""
    query = select(DemandEvent).where(DemandEvent.demand_id == demand_id)
    return query.order_by(DemandEvent.id.desc()).limit(1)


def _clean(entry: DemandEntry, asked_on: date) -> DemandEntry:
    """The entry as it will be kept. Raises BadFields."""
    check = Checker()
    is_link = entry.source.strip().startswith(("http://", "https://"))
    source = (
        check.link("source", entry.source) if is_link else check.line("source", entry.source, required=True)
    )
    words = check.texts("words", entry.words, MAX_WORDS)
    until = entry.until if entry.kind == EventKind.PROMISED else None
    if entry.kind not in set(EventKind):
        check.add("kind", FieldFault.CHOICE)
    elif entry.kind not in (EventKind.ASKED_AGAIN, EventKind.DONE):
        check.any_language("words", words)
    if entry.day is None:
        check.add("day", FieldFault.MISSING)
    elif entry.day > clock.now().astimezone(SEOUL).date():
        check.add("day", FieldFault.FUTURE)
    elif entry.day < asked_on:
        check.add("day", FieldFault.BEFORE_ASKING)
    if entry.kind == EventKind.PROMISED and until is None:
        check.add("until", FieldFault.MISSING)
    elif until and entry.day and until < entry.day:
        check.add("until", FieldFault.ORDER)
    check.finish()
    kept = Texts({lang: text.strip() for lang, text in words.items()})
    return DemandEntry(entry.kind, entry.day, until, kept, source)


def _record(session: Session, actor: Actor, row: DemandEvent, verb: str, reason: str = "") -> None:
    facts = rules.changed({}, row.content)["after"]
    record(session, actor, f"demand.{verb}", f"demand:{row.demand_id}", reason=reason, **facts)
