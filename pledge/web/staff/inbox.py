"""The first page of the staff area: what waits for the signed-in person, with one press to begin, and how the site is doing."""

from flask import abort, make_response, redirect, render_template, request, url_for
from werkzeug import Response as AnyResponse

from pledge.accounts import queries as accounts
from pledge.accounts.roles import Permission
from pledge.campaigns import staff_queries as campaigns
from pledge.core import i18n
from pledge.core.i18n import format_duration
from pledge.inbox import queries
from pledge.inbox.queries import KIND_LABELS, Inbox, InboxItem, InboxKind
from pledge.statistics import dashboard
from pledge.switches import queries as switches
from pledge.switches.registry import SWITCHES
from pledge.web.staff.auth.access import me
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaign_choice import campaign_titles
from pledge.web.staff.navigation import my_inbox


@staff.page("/", needs=Permission.SEE_DASHBOARD)
def inbox() -> AnyResponse:
    """For whom nothing can ever wait, the numbers instead."""
    if not queries.has_inbox(me()):
        return redirect(url_for("staff.numbers"), 303)
    kind, campaign = request.args.get("kind", ""), request.args.get("campaign", "")
    if kind not in ("", *InboxKind) or campaign not in ("", *campaign_titles()):
        abort(404)
    waiting = my_inbox()
    kinds, slugs = {item.kind for item in waiting.items}, {item.campaign for item in waiting.items}
    page = render_template(
        "staff/inbox.html",
        inbox=waiting.only(kind, campaign),
        kinds=[
            (item_kind, KIND_LABELS[item_kind].in_language(i18n.language()))
            for item_kind in InboxKind
            if item_kind in kinds
        ],
        slugs=[(slug, title) for slug, title in campaign_titles().items() if slug in slugs],
        kind=kind,
        campaign=campaign,
        address=_address,
        first_steps=_first_steps(waiting),
        site=dashboard.site_state(),
        switches=switches.stored(),
        switch_kinds=SWITCHES,
        duration=format_duration,
    )
    return make_response(page)


#: The page on which each kind is handled: its endpoint, and which attribute of the item is which part of its address.
_PAGES = {
    InboxKind.HELD: ("watch", {"campaign": "campaign"}),
    InboxKind.INVALIDATION: ("invalidation", {"invalidation_id": "id"}),
    InboxKind.ORGANIZATIONS: ("organization_next", {"campaign": "campaign", "kind": "kind"}),
    InboxKind.CORRECTIONS: ("organization_next", {"campaign": "campaign", "kind": "kind"}),
    InboxKind.NEWS: ("news_item", {"slug": "campaign", "news_id": "id"}),
    InboxKind.PAPER: ("paper_batch", {"slug": "campaign", "batch_id": "id"}),
    InboxKind.PACK: ("delivery", {"delivery_id": "id"}),
    InboxKind.HAND_OVER: ("delivery", {"delivery_id": "id"}),
    InboxKind.UNDELIVERED: ("delivery_draft", {"slug": "campaign"}),
    InboxKind.ANSWER_DUE: ("delivery", {"delivery_id": "id"}),
    InboxKind.ANSWER_WAITS: ("delivery", {"delivery_id": "id"}),
    InboxKind.DEMAND: ("demand", {"demand_id": "id"}),
    InboxKind.ANSWER: ("news_new", {"slug": "campaign", "delivery": "id"}),
    InboxKind.DELETION: ("campaign_dates", {"slug": "campaign"}),
    InboxKind.TEXTS: ("campaign_dates", {"slug": "campaign"}),
    InboxKind.MAIL: ("dead_letters", {}),
}


def _address(item: InboxItem) -> str:
    page, parts = _PAGES[item.of or item.kind]
    anchor = "correct" if item.of is InboxKind.PAPER else None
    return url_for(
        f"staff.{page}", _anchor=anchor, **{name: getattr(item, part) for name, part in parts.items()}
    )


def _first_steps(waiting: Inbox) -> list[str]:
    """What a new site still needs before anything can wait; "" for nobody who can do it."""
    person, steps = me(), []
    if person.can(Permission.MANAGE_STAFF) and sum(other.active for other in accounts.people()) < 2:
        steps.append("people")
    if person.can(Permission.EDIT_CAMPAIGNS) and not campaigns.rows():
        steps.append("campaign")
    return [] if waiting.mine else steps
