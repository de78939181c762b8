"""Whether people can sign and be counted now: the database answers and takes writes, the worker keeps up. Figures for monitoring."""

import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from config import current_config
from pledge.campaigns.queries import slugs
from pledge.core import clock
from pledge.core.db import (
    MAX_CLOCK_DIFFERENCE,
    NotDurable,
    clock_difference,
    ensure_durable,
    is_postgresql,
    reading,
    snapshot,
    write_autocommit,
)
from pledge.core.db.failures import advise
from pledge.core.db.snapshots import Snapshot
from pledge.diagnosis.database import archive
from pledge.ledger import queries as ledger
from pledge.ledger.queries import LogState
from pledge.mail import breaker, valve
from pledge.mail import queries as mail
from pledge.mail.queries import Backlog
from pledge.signatures.staff_queries import Held, held_by_campaign
from pledge.switches import queries as switches
from pledge.switches.registry import Switches

#: Seconds for which a result is cached: monitoring asks often, and each check writes a little.
WRITE_CHECK_SECONDS = 10.0
#: Bytes that must be free where pictures, and on one machine the database, are stored.
MIN_FREE = 64 * 1024 * 1024

_write_problems = Snapshot[list[str]]("whether it can write", list, WRITE_CHECK_SECONDS)


def write_problems() -> list[str]:
    """What prevents writing, in words for the operator; at most a few seconds old."""
    return list(_write_problems.current(lambda: [*_database(), *_folder()]))


def _database() -> list[str]:
    try:
        _write()
    except NotDurable:
        return ["no standby has what is written: people are told that nothing was recorded"]
    except SQLAlchemyError as error:
        return [f"the database takes no writes: {advise(error)}"]
    return []


def _write() -> None:
    if not is_postgresql():
        # Rewrites the first page, unchanged.
        write_autocommit(lambda connection: connection.exec_driver_sql("PRAGMA user_version = 0"))
        return
    with snapshot() as connection:
        # More than fits into work_mem goes to a file beside the tables: there is room for 1 MB or not.
        connection.execute(text("SELECT set_config('work_mem', '64kB', true)"))
        connection.execute(text("SELECT count(*) FROM generate_series(1, 50000)"))
    ensure_durable()


def _folder() -> list[str]:
    free = shutil.disk_usage(current_config().instance_dir).free
    if free < MIN_FREE:
        return [f"the instance folder has {free // 2**20} MB left"]
    return []


#: Seconds for which figures are kept, also that there are none.
FIGURES_SECONDS = 5.0
#: Seconds that a silent database gets: whoever collects figures gives up after ten.
DEADLINE = 2.0

_PROBE = text("SELECT 1").execution_options(deadline=DEADLINE)


@dataclass(frozen=True)
class SiteFigures:
    """What the database says of the site, for monitoring: the same whichever process is asked. Each is one cheap query."""

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


_figures = Snapshot[SiteFigures | None]("figures", lambda: None, FIGURES_SECONDS)


def figures() -> SiteFigures | None:
    """The figures, a few seconds old at most; None when the database does not answer or refuses."""
    return _figures.current(_read)


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
            outbox=mail.outbox_backlog(),
            dead_mails=mail.dead_mails(),
            requests=mail.request_backlog(),
            is_valve_closed=valve.closed_since() is not None,
            is_breaker_open=breaker.opened_at() is not None,
            archive_age=found.age if (found := archive()) else None,
            paused=switches.stored().paused,
        )
    except SQLAlchemyError:
        return None


#: Seconds that a mail may be overdue, or an entry uncounted, before it is a problem.
OLDEST_MAIL = 600.0
#: Seconds that thanks or news may be overdue before it is a warning: on a busy day they wait for every other mail.
OLDEST_LAST_MAIL = 4 * 3600.0
MAX_LAG = 60.0


@dataclass(frozen=True)
class Readiness:
    database: str  #: "ok", "unreachable" or "refused", as where tables or rights are missing
    #: How long the oldest waiting mail has been due, thanks and news apart.
    outbox_age_seconds: float | None = None
    fold_lag_seconds: float | None = None  #: how long the oldest waiting entry has not been counted
    problems: list[str] = field(default_factory=list)
    #: To be looked at, though people can sign and are counted.
    warnings: list[str] = field(default_factory=list)
    paused: list[str] = field(default_factory=list)  #: "signing", "mail": paused by staff, so no problem
    #: Mails to new addresses are held back at their pace (mail/valve.py): people can sign, but the mail comes later.
    valve_closed: bool = False
    #: Few of those mails are confirmed, so they go out slowly (mail/breaker.py).
    breaker_open: bool = False
    #: Of the warnings, those about thanks and news that are late.
    late: list[str] = field(default_factory=list)

    @property
    def ready(self) -> bool:
        return not self.problems


def readiness() -> Readiness:
    """All of it in one call; never raises because the database is away."""
    try:
        apart = clock_difference()
        with reading() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        return Readiness("unreachable", problems=[f"the database does not answer: {advise(error)}"])
    try:
        turned = switches.stored()
        outbox_age, last_age = _age(mail.oldest_due(), turned), _age(mail.oldest_last_due(), turned)
        lag, held_since, open_since = ledger.lag(), valve.closed_since(), breaker.opened_at()
        warnings = _count_warnings()
    except SQLAlchemyError as error:
        return Readiness("refused", problems=[f"the database refuses what the site reads: {advise(error)}"])
    problems = write_problems()
    if abs(apart) > MAX_CLOCK_DIFFERENCE:
        problems.append(f"this machine's clock is {abs(apart):.0f} seconds from the database's: run NTP")
    if outbox_age >= OLDEST_MAIL and not turned.mail_paused:
        problems.append(
            f"a mail has been due for {outbox_age:.0f} seconds: is `flask worker` running, does the SMTP server answer?"
        )
    late = []
    if last_age >= OLDEST_LAST_MAIL and not turned.mail_paused:
        late.append(
            f"thanks or news have been due for {last_age / 3600:.0f} hours: other mails go first; "
            "does the SMTP server take too few?"
        )
    if lag >= MAX_LAG:
        problems.append(f"an entry has not been counted for {lag:.0f} seconds: is `flask worker` running?")
    return Readiness(
        "ok",
        round(outbox_age, 1),
        round(lag, 1),
        problems,
        warnings + late,
        turned.paused,
        held_since is not None,
        open_since is not None,
        late,
    )


def _count_warnings() -> list[str]:
    """What was set aside, at once, and what the last comparison found."""
    aside, found = ledger.set_aside_counts(), ledger.differences()
    names = slugs() if aside or found else {}
    return [
        f"{entries} entries of the log of {names.get(number, number)} are set aside: see `flask ledger verify`"
        for number, entries in aside.items()
    ] + [f"{names.get(number, number)}: {what}: see `flask ledger recount`" for number, what in found]


def _age(due: datetime | None, turned: Switches) -> float:
    """Seconds since a mail was due."""
    if due is None:
        return 0.0
    # Mails that were held back by a pause are overdue only from its end on.
    since = max(due, turned.turned_at.get("mail", due))
    return max(0.0, (clock.now() - since).total_seconds())
