"""The staff's first pages: a campaign today, the state of the site, the last recount; the alert about a reached goal."""

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import takewhile

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import load_only

from pledge.abuse.models import AlertKind
from pledge.accounts.staff_alerts import alert
from pledge.audit import queries as audit
from pledge.campaigns.goals import steps_of
from pledge.campaigns.models import Campaign, CampaignState
from pledge.campaigns.queries import slugs
from pledge.core import clock
from pledge.core.db import fetch, load, reading, transaction
from pledge.core.i18n import SEOUL
from pledge.ledger import queries as ledger
from pledge.ledger.counting import Moves
from pledge.ledger.leaves import korean_day
from pledge.ledger.models import Dimension, Kind, LedgerEntry, Reason, Tally
from pledge.ledger.queries import Count
from pledge.ledger.services import hour_of
from pledge.mail import breaker, valve
from pledge.mail import queries as mail
from pledge.mail.queries import Backlog


@dataclass(frozen=True)
class Today:
    """One campaign's count, and what happened since midnight in Seoul; confirmed organisations are published ones."""

    count: Count
    people: Moves
    organizations: Moves


@dataclass(frozen=True)
class LastRecount:
    """The last `flask ledger recount`."""

    at: datetime
    differences: int
    repaired: int


@dataclass(frozen=True)
class SiteState:
    """How the site is doing."""

    outbox: Backlog
    fold_lag: timedelta  #: for how long the oldest entry has not been counted
    recount: LastRecount | None  #: None when it never ran
    valve_closed_since: datetime | None  #: mails to new addresses are held back; None when they are not
    breaker_open_since: datetime | None  #: few of those mails are confirmed; None when all is well
    set_aside: dict[str, int]  #: entries that have no cause, by campaign


def today(campaign_id: int) -> Today:
    """The count of a campaign and what the fold has moved in it since midnight.

    Confirmations are too many on a launch day to be counted: they are computed from what the hours moved.
    """
    midnight = datetime.combine(clock.now().astimezone(SEOUL).date(), time(), SEOUL)
    rare = _rare_since(campaign_id, midnight)

    def moves(kind: Kind) -> Moves:
        others = {
            reason.value: rare.get((kind, reason), 0) for reason in Reason if reason != Reason.CONFIRMED
        }
        # Midnight in Seoul is a full hour of UTC, so the hours of the tallies are enough.
        hours = ledger.breakdown(campaign_id, Dimension.HOUR, kind)
        net = sum(number for hour, number in hours.items() if hour >= hour_of(midnight))
        return Moves(net - Moves(0, **others).count, **others)

    return Today(ledger.count(campaign_id), moves(Kind.PERSON), moves(Kind.ORGANIZATION))


def people_by_day(campaign_ids: Collection[int], days: int = 14) -> dict[int, list[int]]:
    """How many people each of the last Korean days added to these campaigns, the last of which is today."""
    today = clock.now().astimezone(SEOUL).date()
    last = [today - timedelta(days=back) for back in reversed(range(days))]
    query = select(Tally.campaign_id, Tally.key, Tally.count).where(
        *(Tally.campaign_id.in_(campaign_ids), Tally.kind == Kind.PERSON, Tally.dimension == Dimension.HOUR),
        Tally.key >= hour_of(datetime.combine(last[0], time(), SEOUL)),
    )
    moved: Counter[tuple[int, str]] = Counter()
    for campaign_id, hour, number in fetch(query):
        moved[campaign_id, korean_day(hour)] += number
    return {number: [moved[number, day.isoformat()] for day in last] for number in campaign_ids}


def site_state() -> SiteState:
    aside, names = ledger.set_aside_counts(), slugs()
    return SiteState(
        mail.outbox(),
        timedelta(seconds=ledger.lag()),
        last_recount(),
        valve.closed_since(),
        breaker.opened_at(),
        {names.get(number, str(number)): entries for number, entries in aside.items()},
    )


def last_recount() -> LastRecount | None:
    """From the audit log, in which the command records its result."""
    line = audit.last("ledger.recount", "ledger")
    if line is None:
        return None
    details = json.loads(line.details)
    return LastRecount(line.at, details["differences"], details["repaired"])


def _rare_since(campaign_id: int, midnight: datetime) -> dict[tuple[str, str], int]:
    """How many entries of each kind and reason there are, confirmations left out."""
    entries = LedgerEntry.__table__.c
    with reading() as connection:
        # Verbatim the predicate of its index, and without another condition that might lead the planner to another one.
        query = (
            select(
                entries.campaign_id, entries.kind, entries.reason, func.count(entries.number).label("number")
            )
            .where(text("reason <> 'confirmed'"), entries.occurred_at >= midnight)
            .group_by(entries.campaign_id, entries.kind, entries.reason)
        )
        return {
            (row.kind, row.reason): row.number
            for row in connection.execute(query)
            if row.campaign_id == campaign_id
        }


def alert_reached_goals() -> None:
    """Alert about the largest goal step that an open campaign has reached, except at the first look."""
    needed = (Campaign.slug, Campaign.title, Campaign.goal, Campaign.goal_steps, Campaign.alerted_step)
    is_open = Campaign.state == CampaignState.OPEN
    campaigns = load(select(Campaign).where(is_open).options(load_only(*needed, raiseload=True)))
    counts = ledger.counts(campaign.id for campaign in campaigns)
    for campaign in campaigns:
        people = counts[campaign.id].people
        step = _largest_step(campaign, people)
        if campaign.alerted_step is None or campaign.alerted_step < step:
            _alert_once(campaign, people, step)


def _largest_step(campaign: Campaign, people: int) -> int:
    """The largest step that so many people have reached; 0 for none."""
    steps = steps_of(campaign.goal, campaign.goal_steps)  # without end
    return max(takewhile(lambda step: step <= people, steps), default=0)


def _alert_once(campaign: Campaign, people: int, step: int) -> None:
    """Of several workers that reach this at the same moment, only one alerts."""
    mine = (
        Campaign.id == campaign.id,
        Campaign.alerted_step.is_not_distinct_from(campaign.alerted_step),
    )
    with transaction() as session:
        changed = session.execute(
            update(Campaign).where(*mine).values(alerted_step=step).returning(Campaign.id)
        ).one_or_none()
        if changed and campaign.alerted_step is not None:
            about = f"{campaign.slug} {step}"
            alert(session, AlertKind.STEP_REACHED, about, campaign=campaign.title, people=people, step=step)
