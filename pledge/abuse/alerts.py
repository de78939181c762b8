"""Recording alerts: at most one about the same thing in a stated time, over all workers.

Who is told by mail is known to accounts (accounts/alarms.py), which is what others call. The webhook is called by the worker
(webhook.py).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select, text
from sqlalchemy.orm import Session

from config import current_config
from pledge.abuse.models import Alert, AlertKind, CallState, Facts
from pledge.core import clock
from pledge.core.db import reading

#: How long nothing more is said about the same thing; None: it is said once.
QUIET: dict[AlertKind, timedelta | None] = {
    # The valve counts as open again after ten minutes; what is held back later is another closing.
    AlertKind.VALVE_CLOSED: timedelta(minutes=10),
    AlertKind.BREAKER_OPEN: timedelta(hours=1),
    AlertKind.SIGN_UPS_HELD: timedelta(hours=1),
    AlertKind.DELIVERY_FELL: timedelta(hours=6),
    AlertKind.STEP_REACHED: None,
    AlertKind.COUNT_DIFFERS: timedelta(minutes=50),  # the worker compares once an hour
}

#: The key of the advisory lock under which alerts are recorded; nothing else here uses this number.
ALERT_LOCK = 0x616C7274


@dataclass(frozen=True)
class AlertView:
    """An alert as staff see it."""

    kind: AlertKind
    facts: Facts
    at: datetime
    call_state: CallState


def record(session: Session, kind: AlertKind, about: str, facts: Facts) -> Alert | None:
    """The new row; None when the same was said within the kind's time of quiet."""
    if _was_said(session, kind, about):
        return None
    if session.get_bind().dialect.name == "postgresql":  # SQLite's BEGIN IMMEDIATE does the same
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ALERT_LOCK})
        if _was_said(session, kind, about):
            return None
    now = clock.now()
    state = CallState.QUEUED if current_config().alert_webhook else CallState.NONE
    row = Alert(kind=kind, about=about, facts=facts, at=now, call_state=state, call_due_at=now)
    session.add(row)
    session.flush()
    return row


def newest(within: timedelta, limit: int = 20) -> list[AlertView]:
    """The alerts of this time, the newest first."""
    table = Alert.__table__.c
    query = (
        select(table.kind, table.facts, table.at, table.call_state)
        .where(table.at >= clock.now() - within)
        .order_by(table.at.desc())
        .limit(limit)
    )
    with reading() as connection:
        rows = connection.execute(query)
        return [AlertView(AlertKind(row.kind), row.facts, row.at, CallState(row.call_state)) for row in rows]


def last_at(kind: AlertKind) -> datetime | None:
    """When the newest alert of this kind was told."""
    table = Alert.__table__.c
    with reading() as connection:
        return connection.execute(select(func.max(table.at)).where(table.kind == kind)).scalar()


def _was_said(session: Session, kind: AlertKind, about: str) -> bool:
    said = exists().where(Alert.kind == kind, Alert.about == about)
    if (quiet := QUIET[kind]) is not None:
        said = said.where(Alert.at > clock.now() - quiet)
    return bool(session.scalar(select(said)))
