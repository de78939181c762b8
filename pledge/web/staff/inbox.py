"""The first page of the staff area: what waits for the signed-in person, with one press to begin, and how the site is doing."""

from collections.abc import Callable

from flask import abort, render_template, request, url_for

from pledge.accounts import queries as accounts
from pledge.accounts.roles import Permission
from pledge.campaigns import staff_queries as campaigns
from pledge.core import i18n
from pledge.core.i18n import format_duration
from pledge.inbox import queries
from pledge.inbox.queries import KIND_LABELS, Inbox, Item, ItemKind
from pledge.statistics import dashboard
from pledge.switches import queries as switches
from pledge.switches.registry import SWITCHES
from pledge.web.staff.auth.access import me, needs
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaign_choice import campaign_titles


@staff.get("/")
@needs(Permission.SEE_DASHBOARD)
def inbox() -> str:
    kind, campaign = request.args.get("kind", ""), request.args.get("campaign", "")
    if kind not in ("", *ItemKind) or campaign not in ("", *campaign_titles()):
        abort(404)
    found = queries.inbox(me())
    kinds, slugs = {item.kind for item in found.items}, {item.campaign for item in found.items}
    return render_template(
        "staff/inbox.html",
        inbox=found.only(kind, campaign),
        kinds=[(one, KIND_LABELS[one].in_language(i18n.language())) for one in ItemKind if one in kinds],
        slugs=[(slug, title) for slug, title in campaign_titles().items() if slug in slugs],
        kind=kind,
        campaign=campaign,
        address=lambda item: _BEGINNINGS[item.kind](item),
        first_steps=_first_steps(found),
        site=dashboard.site_state(),
        switches=switches.stored(),
        switch_kinds=SWITCHES,
        duration=format_duration,
    )


#: Where one begins with what waits, by its kind.
_BEGINNINGS: dict[ItemKind, Callable[[Item], str]] = {
    ItemKind.HELD: lambda item: url_for("staff.watch", campaign=item.campaign),
    ItemKind.INVALIDATION: lambda item: url_for("staff.invalidation", invalidation_id=item.id),
    ItemKind.ORGANIZATIONS: lambda item: url_for(
        "staff.organization_next", campaign=item.campaign, kind=item.kind
    ),
    ItemKind.CORRECTIONS: lambda item: url_for(
        "staff.organization_next", campaign=item.campaign, kind=item.kind
    ),
    ItemKind.NEWS: lambda item: url_for("staff.news_item", slug=item.campaign, news_id=item.id),
    ItemKind.PAPER: lambda item: url_for("staff.paper_batch", slug=item.campaign, batch_id=item.id),
    ItemKind.PAPER_DISPUTED: lambda item: url_for(
        "staff.paper_batch", slug=item.campaign, batch_id=item.id, _anchor="correct"
    ),
    ItemKind.ANSWER: lambda item: url_for("staff.news_new", slug=item.campaign, delivery=item.id),
    ItemKind.TEXTS: lambda item: url_for("staff.campaign_dates", slug=item.campaign),
    ItemKind.MAIL: lambda _: url_for("staff.dead_letters"),
}


def _first_steps(found: Inbox) -> list[str]:
    """What a new site still needs before anything can wait; "" for nobody who can do it."""
    person, steps = me(), []
    if person.can(Permission.MANAGE_STAFF) and sum(other.active for other in accounts.people()) < 2:
        steps.append("people")
    if person.can(Permission.EDIT_CAMPAIGNS) and not campaigns.rows():
        steps.append("campaign")
    return [] if found.mine else steps
