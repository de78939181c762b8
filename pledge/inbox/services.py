"""Telling staff of what waits: approvals and organisations at once, and everything once a day; who wants what, they choose."""

from pledge.abuse import alerts
from pledge.abuse.models import AlertKind
from pledge.accounts.staff_alerts import alert
from pledge.core import clock
from pledge.core.db import transaction
from pledge.core.i18n import SEOUL
from pledge.inbox import queries
from pledge.inbox.queries import InboxItem, InboxKind

#: The hour of the daily mail, in Seoul.
DAILY_AT = 9

_ALERTS = {
    InboxKind.NEWS: AlertKind.APPROVAL_WAITS,
    InboxKind.PAPER: AlertKind.APPROVAL_WAITS,
    InboxKind.DEMAND: AlertKind.APPROVAL_WAITS,
    InboxKind.INVALIDATION: AlertKind.ACT_PROPOSED,
    InboxKind.ORGANIZATIONS: AlertKind.ORGANIZATION_WAITS,
    InboxKind.CORRECTIONS: AlertKind.ORGANIZATION_WAITS,
    InboxKind.RETURNED: AlertKind.RETURNED,
    InboxKind.ANSWER_DUE: AlertKind.ANSWER_DUE,
    InboxKind.ANSWER_WAITS: AlertKind.ANSWER_DUE,
}


def alert_waiting() -> None:
    """Alert about what has begun to wait; at DAILY_AT about how much waits."""
    items = queries.waiting()
    new = [item for item in items if _is_alerted_at_once(item) and not _was_alerted(item)]
    is_daily = bool(items) and clock.now().astimezone(SEOUL).hour == DAILY_AT
    if not new and not is_daily:
        return
    with transaction() as session:
        for item in new:
            alert(session, _ALERTS[item.kind], _reference(item), to=item.proposed_by if item.of else None)
        if is_daily:
            alert(session, AlertKind.INBOX_DAILY, number=sum(item.number for item in items))


def _is_alerted_at_once(item: InboxItem) -> bool:
    """All but small acts about signatures: their author may decide them alone, and does so next."""
    return item.kind in _ALERTS and (item.takes_two or item.kind is not InboxKind.INVALIDATION)


def _was_alerted(item: InboxItem) -> bool:
    """Whether the oldest item of the queue was already waiting at the last alert about this queue."""
    last = None if item.id else alerts.last_at(_ALERTS[item.kind], f"{item.kind} {item.campaign} ")
    return last is not None and item.since is not None and item.since <= last


def _reference(item: InboxItem) -> str:
    """Names a single item by its id, or the queue of a campaign by its oldest item."""
    since = f"{item.since:%Y-%m-%dT%H:%M:%S}" if item.since else ""
    return f"{item.of or item.kind} {item.id or item.campaign} {since}"[:80]
