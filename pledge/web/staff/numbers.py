"""Numbers: all campaigns in one table; of one every list as a file, growth, the funnel of sign-ups, where signers come from."""

from datetime import date, time, timedelta
from typing import Any

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug import Response as AnyResponse

from pledge.accounts.roles import Permission
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.models import Campaign
from pledge.core import clock, i18n
from pledge.core.i18n import format_duration
from pledge.deliveries import tables
from pledge.exports import services as exports
from pledge.exports.rows import KINDS
from pledge.exports.services import UnknownExport
from pledge.jobs import services as jobs
from pledge.ledger import log_queries
from pledge.ledger import queries as ledger
from pledge.ledger.models import Kind
from pledge.mail import contact
from pledge.statistics import dashboard, funnel, referrals
from pledge.statistics.cells import MIN_CELL
from pledge.statistics.charts import chart
from pledge.statistics.history import Interval, growth
from pledge.statistics.places import published_places
from pledge.statistics.totals import DoesNotAddUp, NoSuchCheckpoint, UnknownCampaign
from pledge.web.downloads import archive, attachment
from pledge.web.routes import Ask
from pledge.web.staff import campaign_choice
from pledge.web.staff.auth.access import actor, me
from pledge.web.staff.blueprint import staff
from pledge.web.staff.forms import in_seoul

#: How far back the funnel goes; see statistics/funnel.py.
WINDOWS = {"day": timedelta(hours=24), "week": timedelta(days=7)}


TOTALS_FORMATS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}


@staff.page("/numbers", needs=Permission.SEE_DASHBOARD)
def numbers() -> Response:
    return _page(200)


@staff.act("/numbers/<slug>/totals/<any(xlsx, csv):form>", needs=Permission.EXPORT, asks=Ask.NOTHING)
def export_totals(slug: str, form: str) -> AnyResponse:
    """The totals at the end of a `day`, of today without one, in the language of who asks. They are public: no reason is asked."""
    day = request.form.get("day", type=date.fromisoformat) or clock.now().astimezone(i18n.SEOUL).date()
    try:
        file = tables.totals_file(actor(), slug, form, i18n.language(), before=in_seoul(day, time.max))
    except UnknownCampaign:
        abort(404)
    except NoSuchCheckpoint:
        return _page(409, refused="nothing")
    except DoesNotAddUp:
        return _page(409, refused="sum")
    return attachment(file.content, TOTALS_FORMATS[form], file.name)


@staff.act(
    "/numbers/<slug>/<any(ledger, organizations, links, paper, news):kind>/<any(csv, xlsx):form>",
    needs=Permission.EXPORT,
    asks=Ask.NOTHING,
)
def export(slug: str, kind: str, form: str) -> AnyResponse:
    """Have a file made in the language of who asks. All of it is public or names nobody: no reason is asked for."""
    try:
        exports.request(actor(), slug, kind, form, lang=i18n.language())
    except UnknownExport:
        abort(404)
    return redirect(url_for("staff.numbers", campaign=slug, _anchor="files-title"), 303)


@staff.act("/numbers/files/<int32:export_id>", needs=Permission.EXPORT, asks=Ask.NOTHING)
def export_download(export_id: int) -> AnyResponse:
    """The file, if it is still there. The download is recorded before its first byte is sent."""
    record = exports.find(export_id)
    parts = None if record is None else jobs.chunks(record.job.id)
    if record is None or parts is None:
        abort(404)
    response = archive(record.job.size, parts, record.file_name)
    exports.note_download(actor(), record)
    return response


def _page(status: int, refused: str = "") -> Response:
    """`refused`: why there are no totals."""
    rows = campaigns.rows()
    chosen = campaign_choice.chosen(rows)
    ids = [row.id for row in rows]
    counts, days = ledger.counts(ids), dashboard.people_by_day(ids)
    page = render_template(
        "staff/numbers.html",
        lines=[(row, counts[row.id], days[row.id]) for row in rows],
        campaign=chosen,
        duration=format_duration,
        kinds=KINDS,
        formats=TOTALS_FORMATS,
        export_hours=exports.DELETE_AFTER // timedelta(hours=1),
        exports=exports.newest() if me().can(Permission.EXPORT) else [],
        refused=refused,
        **({} if chosen is None else _numbers(chosen)),
    )
    return make_response(page, status)


def _numbers(campaign: Campaign) -> dict[str, Any]:
    """The numbers of one campaign on the page."""
    interval = Interval.WEEK if request.args.get("by") == Interval.WEEK else Interval.DAY
    window = "week" if request.args.get("within") == "week" else "day"
    return {
        "today": dashboard.today(campaign.id),
        "yesterday": clock.now().astimezone(i18n.SEOUL).date() - timedelta(days=1),
        "step": interval,
        "people": growth(campaign.id, Kind.PERSON, interval),
        "organizations": growth(campaign.id, Kind.ORGANIZATION, interval),
        "chart": chart,
        "window": window,
        "funnel": funnel.funnel(campaign.id, WINDOWS[window]),
        "most": funnel.MAX_MAILS,
        "links": [line for line in referrals.lines(campaign.id) if line.people][:10],
        "smallest": MIN_CELL,
        "places": published_places(campaign.id),
        "letters": contact.written(campaign.id, clock.now() - timedelta(days=7)),
        "checkpoint": log_queries.newest(campaign.id),
    }
