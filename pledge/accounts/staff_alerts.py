"""Alerts to staff: who is told of what by mail, and what the worker watches for them.

`alert()` is called in the transaction of what the alert is about.
"""

from collections.abc import Collection, Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from pledge.abuse import alerts
from pledge.abuse.models import AlertKind
from pledge.accounts.mails import enqueue_to
from pledge.accounts.models import StaffMember
from pledge.accounts.roles import Permission, Role
from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.core.db import transaction
from pledge.core.logs import log
from pledge.mail import breaker, queries, valve
from pledge.mail.models import MailKind

#: The permission that receiving a kind of alert needs.
NEEDS = {
    AlertKind.VALVE_CLOSED: Permission.SEE_DASHBOARD,
    AlertKind.BREAKER_OPEN: Permission.SEE_DASHBOARD,
    AlertKind.SIGN_UPS_HELD: Permission.INVALIDATE,
    AlertKind.DOMAIN_HELD: Permission.INVALIDATE,
    AlertKind.DELIVERY_FELL: Permission.SEE_DASHBOARD,
    AlertKind.STEP_REACHED: Permission.SEE_DASHBOARD,
    AlertKind.APPROVAL_WAITS: Permission.EDIT_CAMPAIGNS,
    AlertKind.PAPER_AGREED: Permission.EDIT_CAMPAIGNS,
    AlertKind.ACT_PROPOSED: Permission.INVALIDATE,
    AlertKind.ORGANIZATION_WAITS: Permission.REVIEW_ORGANIZATIONS,
    AlertKind.ANSWER_DUE: Permission.EXPORT,
    AlertKind.INBOX_DAILY: Permission.SEE_DASHBOARD,
    AlertKind.COUNT_DIFFERS: Permission.SEE_DASHBOARD,
}

#: The default choice of each role.
_USUAL = {
    Role.ADMIN: frozenset(NEEDS) - {AlertKind.STEP_REACHED, AlertKind.INBOX_DAILY},
    Role.MODERATOR: frozenset(
        {
            AlertKind.SIGN_UPS_HELD,
            AlertKind.DOMAIN_HELD,
            AlertKind.ACT_PROPOSED,
            AlertKind.ORGANIZATION_WAITS,
        }
    ),
    Role.EDITOR: frozenset({AlertKind.APPROVAL_WAITS}),
    Role.EXPORTER: frozenset({AlertKind.ANSWER_DUE}),
}


#: What administrators hear of whatever they chose: an intruder could choose for them.
_ALWAYS = frozenset({AlertKind.PAPER_AGREED, AlertKind.STAFF_CHANGED})


def offered(person: StaffMember) -> list[AlertKind]:
    """The kinds that the person may receive."""
    return [kind for kind, permission in NEEDS.items() if person.can(permission)]


def chosen(person: StaffMember) -> frozenset[AlertKind]:
    """The kinds that the person receives."""
    kept = _ALWAYS if Role.ADMIN in person.role_set else frozenset()
    if person.alerts is None:
        return kept.union(*(_USUAL.get(role, frozenset()) for role in person.role_set))
    return kept.union(kind for kind in offered(person) if kind in person.alerts)


def choose(actor: Actor, kinds: Iterable[AlertKind]) -> None:
    """Store which kinds the acting person wants to receive."""
    with transaction() as session:
        person = session.get_one(StaffMember, actor.staff_id)
        person.alerts = sorted(set(kinds))
        record(session, actor, "staff.choose_alerts", f"staff:{person.id}", alerts=person.alerts)


def alert(
    session: Session,
    kind: AlertKind,
    about: str = "",
    to: int | None = None,
    also: Collection[int | None] = (),
    **facts: str | int | dict[str, str],
) -> bool:
    """Alert the subscribers and the webhook, at most once in the kind's quiet period (abuse/alerts.py); False when suppressed.

    `about` distinguishes alerts of one kind. `to` restricts it to one person; `also`: accounts that get it whatever they chose. `facts` fill in its text, and never hold an address,
    a name, a network or a domain.
    """
    row = alerts.record(session, kind, about, facts)
    if row is None:
        return False
    people = select(StaffMember).where(StaffMember.active, StaffMember.password.is_not(None))
    for person in session.scalars(people.order_by(StaffMember.id)):
        if person.id == to or person.id in also or (to is None and kind in chosen(person)):
            enqueue_to(session, person, MailKind.STAFF_ALERT, row.id)
    log.warning("alert", kind=kind.value)
    return True


def watch_valve() -> bool:
    """Record whether mails to new addresses are held back; alert once for each closing of the valve.

    True when the valve has just closed. Of several workers only one sends the alert.
    """
    if not queries.is_first_due() or valve.is_recorded():
        return False
    with transaction() as session:
        return valve.record_throttled(session) and alert(session, AlertKind.VALVE_CLOSED)


def watch_breaker() -> None:
    """Alert while the breaker is open (mail/breaker.py)."""
    if breaker.opened_at() is not None:
        with transaction() as session:
            alert(session, AlertKind.BREAKER_OPEN)
