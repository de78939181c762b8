"""The first page of the staff area: what waits for somebody or something."""

from flask import render_template

from pledge.accounts.roles import Permission
from pledge.core.i18n import format_duration
from pledge.news import queries as news
from pledge.paper import queries as paper_signatures
from pledge.signatures.invalidation import queries as invalidations
from pledge.statistics import dashboard
from pledge.switches import queries as switches
from pledge.web.staff.auth.access import needs
from pledge.web.staff.blueprint import staff
from pledge.web.staff.system.labels import SWITCH_LABELS


@staff.get("/")
@needs(Permission.SEE_DASHBOARD)
def inbox() -> str:
    return render_template(
        "staff/inbox.html",
        waiting=dashboard.waiting(),
        proposed_acts=invalidations.proposed(),
        proposed_news=news.proposed(),
        paper_batches=paper_signatures.proposed(),
        switches=switches.stored(),
        switch_labels=SWITCH_LABELS,
        age=dashboard.age,
        duration=format_duration,
    )
