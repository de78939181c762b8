"""The progress of a campaign, how it is counted, and how to check it: the same for everybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import Response
from flask_babel import gettext as _

from pledge.campaigns.events import campaign_events
from pledge.core import i18n
from pledge.deliveries import open_data
from pledge.deliveries.models import Delivery
from pledge.deliveries.queries import public_deliveries
from pledge.endorsements import queries as endorsements
from pledge.ledger.log_queries import losses
from pledge.paper import queries as paper_signatures
from pledge.statistics import history, integrity
from pledge.statistics.cells import MIN_CELL
from pledge.statistics.charts import Chart, chart, region_map
from pledge.statistics.history import Point
from pledge.statistics.history import progress as read_progress
from pledge.statistics.places import published_places
from pledge.statistics.rates import population, rates
from pledge.web.public import structured_data
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import (
    PAGE_CACHE,
    VERIFY_PARTS,
    campaign_or_404,
    goal_step,
    signing_since,
)
from pledge.web.templating import render_page

#: Countries in the first table; the others are in a disclosure.
FIRST_COUNTRIES = 10


#: What may have moved the number, on a Korean day.
Milestone = tuple[date, str]


@dataclass(frozen=True)
class Growth:
    """The growth chart of one kind."""

    points: list[Point]
    drawn: Chart


@public.page("/c/<slug>/progress", cache=PAGE_CACHE)
def progress(slug: str) -> Response:
    campaign = campaign_or_404(slug)
    shown = read_progress(slug)
    totals, grown = shown.totals, shown.history
    opened = campaign.row.opens_at.astimezone(i18n.SEOUL).date() if campaign.row.opens_at else None
    places = published_places(campaign.id)
    people, organizations = history.people_points(grown, opened), history.organization_points(grown, opened)
    handed_over = public_deliveries(campaign.id)
    happened = _milestones(campaign.id, handed_over, people or organizations)
    by_rate = rates(places.by_region)
    file = open_data.newest_address(campaign.id)
    return render_page(
        "public/campaign/progress.html",
        campaign=campaign,
        facts=structured_data.data_facts(campaign, shown, file),
        data_file=file,
        totals=totals,
        delivered=next(iter(handed_over), None),
        goal_step=goal_step(campaign, totals.people),
        history=grown,
        step=history.step_of(grown, opened),
        people=_growth(people, happened),
        organizations=_growth(organizations, happened),
        happened=happened,
        places=places,
        map=region_map(by_rate),
        rates=by_rate,
        population=population(),
        regions=sorted(
            places.by_region,
            key=lambda cell: by_rate[cell.key].rank if cell.key in by_rate else len(by_rate) + 1,
        ),
        first_countries=FIRST_COUNTRIES,
        kinds=endorsements.types(campaign.id),
        log_size=shown.log_size,
        paper=paper_signatures.public(campaign.id, shown.log_size),
        integrity=integrity.recent(campaign.id),
        checkpoint=shown.checkpoint,
        since=signing_since(campaign.id),
        losses=losses(campaign.id),
        parts=VERIFY_PARTS,
        smallest=MIN_CELL,
    )


def _milestones(
    campaign_id: int, handed_over: Sequence[Delivery], points: Sequence[Point]
) -> list[Milestone]:
    """The events that are over, the handing-over of totals and the answers, from the first point on."""
    lang = i18n.language()
    moments = [
        (event.starts_at, event.title.in_language(lang))
        for event in campaign_events(campaign_id)
        if event.is_over
    ]
    for delivery in handed_over:
        recipient = delivery.recipient.in_language(lang)
        if delivery.handed_over_at:
            moments.append((delivery.handed_over_at, _("Handed over: %(recipient)s", recipient=recipient)))
        if delivery.answered_at:
            moments.append((delivery.answered_at, _("Answer: %(recipient)s", recipient=recipient)))
    days = [(moment.astimezone(i18n.SEOUL).date(), words) for moment, words in sorted(moments)]
    return [(day, words) for day, words in days if points and points[0].begins <= day]


def _growth(points: list[Point], happened: Sequence[Milestone]) -> Growth | None:
    return Growth(points, chart(points, [day for day, _words in happened])) if points else None
