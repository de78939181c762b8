"""The timeline of a campaign: what is still to come, and what has been. It has no table of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import takewhile

from pledge.campaigns.goals import next_step, steps_of
from pledge.campaigns.queries import CampaignView
from pledge.core import clock
from pledge.core.i18n import SEOUL
from pledge.core.languages import fingerprint
from pledge.deliveries.models import Delivery, DeliveryAnswer
from pledge.deliveries.queries import public_deliveries
from pledge.demands.models import DemandEvent
from pledge.demands.queries import PublicDemand
from pledge.ledger.models import StatementKind
from pledge.ledger.queries import StatementEntry, statements
from pledge.news.models import NewsItem
from pledge.news.queries import sent
from pledge.statistics.history import days_reached

#: How many of the newest pieces of news it has; the archive has them all.
MAX_NEWS = 12
#: What stands in it, in the order in which things of one day happen.
KINDS = ("opening", "step", "news", "handed_over", "answered", "demand", "answer_due", "closing")


@dataclass(frozen=True)
class TimelineEntry:
    """One thing, with what it is about."""

    kind: str  #: one of KINDS
    day: date | None  #: in Korea; None of a step that is still to be reached
    step: int = 0  #: a number of people
    sentence: str = ""  #: what is done at that step
    news: NewsItem | None = None
    delivery: Delivery | None = None
    demand: PublicDemand | None = None
    event: DemandEvent | None = None  #: what became of that demand
    #: Of an answer that was corrected, what it said before, the newest first, with its version where that was kept.
    former: Sequence[tuple[StatementEntry, DeliveryAnswer | None]] = ()
    is_next: bool = False  #: of the steps that are still to be reached, the nearest


@dataclass(frozen=True)
class Timeline:
    """What a campaign has before it, the nearest first, and behind it, the newest first."""

    ahead: list[TimelineEntry]
    past: list[TimelineEntry]


def timeline(campaign: CampaignView, people: int, demands: Sequence[PublicDemand] = ()) -> Timeline:
    """The story of a campaign with so many people and these demands, in three statements, and one for each answer. An answer that is overdue stays the newest of what was."""
    now, steps, ahead = clock.now(), _next_steps(campaign, people), list[TimelineEntry]()
    news = sent(campaign.id, MAX_NEWS)
    past = [TimelineEntry("news", _day(item.begun_at or item.changed_at), news=item) for item in news]
    past += _reached_steps(campaign, people)
    past += [
        TimelineEntry("demand", event.day, demand=demand, event=event)
        for demand in demands
        for event in demand.events
    ]
    for row in public_deliveries(campaign.id):
        if row.handed_over_at:
            past.append(TimelineEntry("handed_over", _day(row.handed_over_at), delivery=row))
        if row.answered_at:
            former = _former_answers(row)
            past.append(TimelineEntry("answered", _day(row.answered_at), delivery=row, former=former))
        elif row.answer_due:
            part = past if row.days_late else ahead
            part.append(TimelineEntry("answer_due", row.answer_due, delivery=row))
    if campaign.row.opens_at:
        opening = TimelineEntry("opening", _day(campaign.row.opens_at))
        (past if campaign.row.opens_at <= now else ahead).append(opening)
    if campaign.last_day:
        (past if campaign.has_ended else ahead).append(TimelineEntry("closing", campaign.last_day))
    past.sort(key=lambda entry: (entry.kind == "answer_due", _place(entry)), reverse=True)
    ahead.sort(key=_place)
    first = 0 if campaign.is_running else 1  # nothing is nearer than the opening
    return Timeline([*ahead[:first], *steps[:1], *ahead[first:], *steps[1:]], past)


def _former_answers(delivery: Delivery) -> list[tuple[StatementEntry, DeliveryAnswer | None]]:
    """The published versions of an answer that another one has replaced, the newest first."""
    now = delivery.published_answer
    kept = {fingerprint(answer.statement).hex(): answer for answer in delivery.published_answers}
    stated = statements(delivery.campaign_id, StatementKind.ANSWER, delivery.id)
    former = [entry for entry in stated if now and entry.words != now.statement]
    return [(entry, kept.get(entry.sha256)) for entry in reversed(former)]


def _reached_steps(campaign: CampaignView, people: int) -> list[TimelineEntry]:
    passed = list(
        takewhile(lambda step: step <= people, steps_of(campaign.row.goal, campaign.row.goal_steps))
    )
    days = days_reached(campaign.id, passed).items()
    return [TimelineEntry("step", day, step, campaign.step_sentences.get(step, "")) for step, day in days]


def _next_steps(campaign: CampaignView, people: int) -> list[TimelineEntry]:
    """The next one, then those with a sentence, and the goal; none once the campaign is over."""
    if campaign.has_ended:
        return []
    nearest = next_step(people, campaign.row.goal, campaign.row.goal_steps).target
    steps = {nearest} | {step for step in (*campaign.step_sentences, campaign.row.goal) if step > nearest}
    return [
        TimelineEntry("step", None, step, campaign.step_sentences.get(step, ""), is_next=step == nearest)
        for step in sorted(steps)
    ]


def _place(entry: TimelineEntry) -> tuple[date, int, int]:
    return entry.day or date.max, KINDS.index(entry.kind), entry.step


def _day(moment: datetime) -> date:
    return moment.astimezone(SEOUL).date()
