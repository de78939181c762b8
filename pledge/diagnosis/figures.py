"""The figures of the site that its database has, for monitoring: the same whichever process is asked.

Each is one cheap query, and all are read again after some seconds at the earliest, however many ask.
"""

import threading
from collections import Counter
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from pledge.campaigns.queries import slugs
from pledge.core import clock
from pledge.core.db import clock_difference, db, reading
from pledge.diagnosis.archive import archive
from pledge.ledger import queries as ledger
from pledge.ledger.queries import LogState
from pledge.mail import backlog, breaker, valve
from pledge.mail.backlog import Backlog
from pledge.signatures.queries import Held, held_by_campaign
from pledge.switches import queries as switches

#: Seconds for which figures are kept, also that there are none.
KEPT_FOR = 5.0
#: Seconds that a silent database gets: whoever collects figures gives up after ten.
DEADLINE = 2.0

_PROBE = text("SELECT 1").execution_options(deadline=DEADLINE)


@dataclass(frozen=True)
class SiteFigures:
    clock_difference: float  #: seconds by which the database's clock is ahead of this machine's
    logs: dict[str, LogState]  #: by slug
    set_aside: dict[str, int]  #: entries, by slug
    differences: Counter[str]  #: what the last comparison found, by slug
    held: dict[str, Held]  #: by slug
    waiting_entries: int
    fold_lag: float  #: seconds for which the oldest of them has waited
    outbox: list[Backlog]
    dead_mails: int
    requests: Backlog
    is_valve_closed: bool
    is_breaker_open: bool
    #: Seconds for which WAL has waited to be archived; None on SQLite.
    archive_age: float | None
    paused: list[str]  #: what staff have paused: "signing", "mail"


_kept: "WeakKeyDictionary[Engine, tuple[float, SiteFigures | None]]" = WeakKeyDictionary()
_reading = threading.Lock()


def figures() -> SiteFigures | None:
    """The figures, a few seconds old at most; None when the database does not answer or refuses."""
    with _reading:
        until, found = _kept.get(db.engine, (0.0, None))
        if clock.monotonic() >= until:
            found = _read()
            _kept[db.engine] = (clock.monotonic() + KEPT_FOR, found)
        return found


def forget() -> None:
    """Drop what is kept."""
    _kept.clear()


def _read() -> SiteFigures | None:
    try:
        with reading() as connection:
            connection.execute(_PROBE)
        states, aside, held = ledger.log_states(), ledger.set_aside_counts(), held_by_campaign()
        names = slugs()  # read last: it has every campaign of the three
        return SiteFigures(
            clock_difference=clock_difference(),
            logs={names[state.campaign_id]: state for state in states},
            set_aside={names.get(number, ""): entries for number, entries in aside.items()},
            differences=Counter(names.get(number, "") for number, _ in ledger.differences()),
            held={names[number]: found for number, found in held.items()},
            waiting_entries=ledger.waiting_entries(),
            fold_lag=ledger.lag(),
            outbox=backlog.outbox_backlog(),
            dead_mails=backlog.dead_mails(),
            requests=backlog.request_backlog(),
            is_valve_closed=valve.closed_since() is not None,
            is_breaker_open=breaker.opened_at() is not None,
            archive_age=found.age if (found := archive()) else None,
            paused=switches.stored().paused,
        )
    except SQLAlchemyError:
        return None
