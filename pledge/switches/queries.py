"""What the switches say. `current()` is for every request: a snapshot of the process, at most two seconds old."""

import json
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from pledge.core import clock, languages
from pledge.core.db import db, reading
from pledge.core.languages import Texts
from pledge.core.logs import log
from pledge.switches.models import BANNER, HOURS, LIMITS, MAIL, SIGNING, Switch

#: With what a page is kept before Flask (one second) a turned switch shows within three.
FRESH_SECONDS = 2.0


@dataclass(frozen=True)
class Switches:
    signing_paused: bool = False
    mail_paused: bool = False
    banner: Texts = field(default_factory=Texts)  #: plain text; empty when there is no banner
    limit_factor: int = 1  #: how many times as many sign-ups a network or mail domain may send
    mail_turned_at: datetime | None = None  #: when mail was last paused or let go
    banner_ends_at: datetime | None = field(default=None, compare=False)
    limits_end_at: datetime | None = field(default=None, compare=False)


@dataclass
class _Snapshot:
    """What one process last read of one database."""

    switches: Switches | None = None
    read_at: float = 0.0
    reading: threading.Lock = field(default_factory=threading.Lock)


_snapshots: WeakKeyDictionary[Engine, _Snapshot] = WeakKeyDictionary()


def current() -> Switches:
    """The switches as of at most two seconds ago; no query while that lasts.

    One caller reads anew while the others go on with what is there. When the database does not answer, the last word
    holds; a process that never had one goes by the defaults.
    """
    snapshot = _snapshots.setdefault(db.engine, _Snapshot())
    if snapshot.switches is not None and clock.monotonic() - snapshot.read_at < FRESH_SECONDS:
        return snapshot.switches
    if snapshot.reading.acquire(blocking=snapshot.switches is None):
        try:
            _refresh(snapshot)
        finally:
            snapshot.reading.release()
    return snapshot.switches or Switches()


def forget() -> None:
    """Drop the cached values of this process."""
    _snapshots.clear()


def stored() -> Switches:
    """What the database says now."""
    with reading() as connection:
        return _read(connection)


def holds(name: str, changed_at: datetime, ends_at: datetime | None, now: datetime) -> bool:
    """Whether a row still counts. A banner or limit without an end has the usual one: none is for ever."""
    ends_at = _end(name, changed_at, ends_at)
    return ends_at is None or now < ends_at


def _end(name: str, changed_at: datetime, ends_at: datetime | None) -> datetime | None:
    return ends_at or (changed_at + timedelta(hours=HOURS[name][0]) if name in HOURS else None)


def _refresh(snapshot: _Snapshot) -> None:
    now = clock.monotonic()
    if snapshot.switches is not None and now - snapshot.read_at < FRESH_SECONDS:
        return  # somebody else did while we waited
    try:
        snapshot.switches = stored()
    except SQLAlchemyError as error:
        log.warning("switches not read", kind=type(error).__name__)
        snapshot.switches = snapshot.switches or Switches()
    # Also after a failure: the next try may wait, each costs its caller the time that the database lets us hang.
    snapshot.read_at = clock.monotonic()


def _read(connection: Connection) -> Switches:
    table = Switch.__table__.c
    query, now = select(table.name, table.value, table.changed_at, table.ends_at), clock.now()
    rows = [row for row in connection.execute(query) if holds(row.name, row.changed_at, row.ends_at, now)]
    values: dict[str, Any] = {row.name: json.loads(row.value) for row in rows}
    ends = {row.name: _end(row.name, row.changed_at, row.ends_at) for row in rows}
    banner = languages.texts(values.get(BANNER, {}))
    return Switches(
        signing_paused=values.get(SIGNING, False),
        mail_paused=values.get(MAIL, False),
        banner=banner,
        limit_factor=values.get(LIMITS, 1),
        mail_turned_at=next((row.changed_at for row in rows if row.name == MAIL), None),
        banner_ends_at=ends.get(BANNER) if banner else None,
        limits_end_at=ends.get(LIMITS) if values.get(LIMITS, 1) > 1 else None,
    )
