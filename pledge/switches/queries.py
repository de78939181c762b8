"""The state of the switches. `current()` is for every request: a snapshot, at most two seconds old."""

import json
from datetime import datetime

from sqlalchemy import select

from pledge.core import clock
from pledge.core.db import fetch
from pledge.core.db.snapshots import Snapshot
from pledge.switches.registry import SWITCHES, Switch, Switches

#: A row among the switches that is written once and that nobody can turn: this database holds sample data. It is stored before
#: the first sample, so that no page ever shows one without saying so.
SAMPLE_DATA = "sample_data"


#: With what a page is kept before Flask (one second) a turned switch shows within three.
FRESH_SECONDS = 2.0

snapshot = Snapshot("switches", Switches, FRESH_SECONDS)


def current() -> Switches:
    """The switches as of at most two seconds ago; the defaults while the database has never answered."""
    return snapshot.current(stored)


def stored() -> Switches:
    """The switches as stored now."""
    table = Switch.__table__.c
    query, now = select(table.name, table.value, table.changed_at, table.ends_at), clock.now()
    rows = fetch(query.where(table.name.in_((*SWITCHES, SAMPLE_DATA)))).all()
    held = {
        row.name: row
        for row in rows
        if row.name in SWITCHES and is_active(row.name, row.changed_at, row.ends_at, now)
    }
    values = {name: SWITCHES[name].read(json.loads(row.value)) for name, row in held.items()}
    turned = {name: row for name, row in held.items() if values[name] != SWITCHES[name].usual}
    return Switches(
        **{SWITCHES[name].field: value for name, value in values.items()},
        sample_data=any(row.name == SAMPLE_DATA for row in rows),
        turned_at={name: row.changed_at for name, row in held.items()},
        ends_at={name: _end(name, row.changed_at, row.ends_at) for name, row in turned.items()},
    )


def is_active(name: str, changed_at: datetime, ends_at: datetime | None, now: datetime) -> bool:
    """Whether a row still counts."""
    return now < _end(name, changed_at, ends_at)


def _end(name: str, changed_at: datetime, ends_at: datetime | None) -> datetime:
    """The end of a switch; a row without one gets the usual duration."""
    return ends_at or changed_at + SWITCHES[name].duration(None)
