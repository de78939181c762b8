"""Numbers of a campaign: today, growth, and the funnel of sign-ups."""

from datetime import timedelta
from typing import Any

from flask import render_template, request

from pledge.accounts.roles import Permission
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.models import Campaign
from pledge.core.i18n import format_duration
from pledge.ledger.models import Kind
from pledge.statistics import dashboard, funnel
from pledge.statistics.charts import chart
from pledge.statistics.history import Step, growth
from pledge.web.staff import campaign_choice
from pledge.web.staff.auth.access import needs
from pledge.web.staff.blueprint import staff

#: How far back the funnel goes; see statistics/funnel.py.
WINDOWS = {"day": timedelta(hours=24), "week": timedelta(days=7)}


@staff.get("/numbers")
@needs(Permission.SEE_DASHBOARD)
def numbers() -> str:
    rows = campaigns.rows()
    chosen = campaign_choice.chosen(rows)
    return render_template(
        "staff/numbers.html",
        campaigns=rows,
        campaign=chosen,
        duration=format_duration,
        **({} if chosen is None else _numbers(chosen)),
    )


def _numbers(campaign: Campaign) -> dict[str, Any]:
    """The numbers of one campaign on the page."""
    number = campaign.id
    step = Step.WEEK if request.args.get("by") == Step.WEEK else Step.DAY
    window = "week" if request.args.get("within") == "week" else "day"
    return {
        "today": dashboard.today(number),
        "step": step,
        "people": growth(number, Kind.PERSON, step),
        "organizations": growth(number, Kind.ORGANIZATION, step),
        "chart": chart,
        "window": window,
        "funnel": funnel.funnel(number, WINDOWS[window]),
        "most": funnel.MOST,
    }
