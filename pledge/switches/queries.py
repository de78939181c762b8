"""What the switches say. `current()` is for every request: a snapshot of the process, at most two seconds old."""

import json
import threading
from dataclasses import dataclass, field
from datetime import datetime
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from pledge.core import clock
from pledge.core.db import db, reading
from pledge.core.logs import log
from pledge.switches.models import Switch
from pledge.switches.registry import SWITCHES, Switches
from pledge.switches.sample_data import SAMPLE_DATA

#: With what a page is kept before Flask (one second) a turned switch shows within three.
FRESH_SECONDS = 2.0


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
    """Whether a row still counts. One without an end, of a switch that has one, has the usual one: none is for ever."""
    ends_at = _end(name, changed_at, ends_at)
    return ends_at is None or now < ends_at


def _end(name: str, changed_at: datetime, ends_at: datetime | None) -> datetime | None:
    usual = SWITCHES[name].lasting(None)
    return ends_at or (changed_at + usual if usual else None)


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
    found = connection.execute(query.where(table.name.in_((*SWITCHES, SAMPLE_DATA)))).all()
    held = {
        row.name: row
        for row in found
        if row.name in SWITCHES and holds(row.name, row.changed_at, row.ends_at, now)
    }
    values = {name: SWITCHES[name].read(json.loads(row.value)) for name, row in held.items()}
    ends = {name: _end(name, row.changed_at, row.ends_at) for name, row in held.items()}
    return Switches(
        **{SWITCHES[name].field: value for name, value in values.items()},
        sample_data=any(row.name == SAMPLE_DATA for row in found),
        turned_at={name: row.changed_at for name, row in held.items()},
        ends_at={name: end for name, end in ends.items() if end and values[name] != SWITCHES[name].usual},
    )
