"""Whether people can sign and be counted now (readiness), and figures for monitoring."""

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

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
    fetch,
    is_postgresql,
    reading,
    snapshot,
    write_autocommit,
)
from pledge.core.db.failures import advise
from pledge.core.db.snapshots import Snapshot
from pledge.diagnosis.database import read_archive
from pledge.ledger import queries as ledger
from pledge.ledger import witnesses
from pledge.mail import breaker, valve
from pledge.mail import queries as mail
from pledge.signatures.queries import held_by_campaign
from pledge.switches import queries as switches
from pledge.switches.registry import Switches

#: Seconds that a result is cached: monitoring asks often, and each check writes a little.
WRITE_CHECK_SECONDS = 10.0
#: Bytes that must be free for pictures and, on one machine, the database.
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
        # What exceeds work_mem is written to a file beside the tables, so this needs 1 MB of free disk.
        connection.execute(text("SELECT set_config('work_mem', '64kB', true)"))
        connection.execute(text("SELECT count(*) FROM generate_series(1, 50000)"))
    ensure_durable()


def _folder() -> list[str]:
    free = shutil.disk_usage(current_config().instance_dir).free
    if free < MIN_FREE:
        return [f"the instance folder has {free // 2**20} MB left"]
    return []


#: Seconds that figures are cached, also their absence.
FIGURES_SECONDS = 5.0
#: Seconds that a silent database may take: collectors give up after ten.
DEADLINE = 2.0

_PROBE = text("SELECT 1").execution_options(deadline=DEADLINE)


@dataclass(frozen=True)
class Figure:
    """A metric from the database."""

    name: str  #: without `pledge_`
    text: str  #: its description
    #: A number, or numbers by the tuple of label values.
    value: float | Mapping[Any, float]
    labels: tuple[str, ...] = ()
    only_grows: bool = False


_figures = Snapshot[list[Figure] | None]("figures", lambda: None, FIGURES_SECONDS)


def figures() -> list[Figure] | None:
    """Metrics from the database, a few seconds old at most and the same from every process.

    None if the database does not answer or refuses.
    """
    return _figures.current(_read)


def _read() -> list[Figure] | None:
    """Each figure is one cheap query."""
    try:
        fetch(_PROBE)
        return [*_campaign_figures(), *_mail_figures(), *_installation_figures()]
    except SQLAlchemyError:
        return None


def _campaign_figures() -> Iterator[Figure]:
    logs, aside, held = ledger.log_states(), ledger.set_aside_counts(), held_by_campaign()
    differences = Counter(number for number, _ in ledger.differences())
    names = slugs()  # read last, so that it includes every campaign of the other figures
    now = clock.now()
    by_campaign: dict[str, tuple[str, dict[int, float]]] = {
        "people": ("People who are counted.", {log.campaign_id: log.people for log in logs}),
        "organizations": (
            "Organisations that are counted, apart from people.",
            {log.campaign_id: log.organizations for log in logs},
        ),
        "log_additions": (
            "Entries of the public log that add something.",
            {log.campaign_id: log.additions for log in logs},
        ),
        "log_removals": (
            "Entries of the public log that take something away.",
            {log.campaign_id: log.removals for log in logs},
        ),
        "log_unsigned_entries": (
            "Numbered entries that no published checkpoint covers yet.",
            {log.campaign_id: log.size - log.signed_size for log in logs},
        ),
        "log_set_aside_entries": (
            "Entries that were set aside and are not dismissed.",
            {log.campaign_id: aside.get(log.campaign_id, 0) for log in logs},
        ),
        "ledger_differences": (
            "What the last comparison of log, signatures, wall and places found.",
            {log.campaign_id: differences[log.campaign_id] for log in logs},
        ),
        "checkpoint_timestamp_seconds": (
            "When the newest checkpoint was signed, in Unix seconds.",
            {log.campaign_id: log.signed_at.timestamp() for log in logs if log.signed_at},
        ),
        "held_signatures": (
            "Confirmed signatures that wait for staff to release them.",
            {number: counts.signatures for number, counts in held.items()},
        ),
        "held_oldest_seconds": (
            "For how long the first of them has waited.",
            {number: max(0.0, (now - counts.since).total_seconds()) for number, counts in held.items()},
        ),
    }
    for name, (meaning, counts) in by_campaign.items():
        values = {(names[number],): value for number, value in counts.items()}
        only_grows = name in ("log_additions", "log_removals")
        yield Figure(name, meaning, values, ("campaign",), only_grows=only_grows)
    other = {
        (names[witness.campaign_id], witness.name): witness.other_size or 0 for witness in witnesses.latest()
    }
    meaning = "Size of a log that a witness has seen and that ours does not continue; 0 if there is none."
    yield Figure("witness_other_size", meaning, other, ("campaign", "witness"))
    yield Figure("fold_waiting_entries", "Entries that are not counted yet.", ledger.waiting_entries())
    yield Figure("fold_lag_seconds", "For how long the oldest of them has waited.", ledger.lag())


def _mail_figures() -> Iterator[Figure]:
    outbox, asked = mail.outbox_backlog(), mail.request_backlog()
    waiting = {(queue.name, "due"): queue.due for queue in outbox}
    waiting |= {(queue.name, "later"): queue.later for queue in outbox}
    yield Figure("outbox_mails", "Mails that wait: due, or for later.", waiting, ("class", "state"))
    yield Figure(
        "outbox_oldest_due_seconds",
        "For how long the oldest mail of a class has been due.",
        {(queue.name,): queue.age for queue in outbox},
        ("class",),
    )
    yield Figure("outbox_dead_mails", "Mails that were given up.", mail.given_up().mails)
    yield Figure(
        "mail_requests_waiting", "Sent forms whose mail is not decided yet.", asked.due + asked.later
    )
    yield Figure("mail_requests_oldest_seconds", "For how long the oldest of them has been due.", asked.age)
    yield Figure(
        "mail_valve_closed",
        "1 while mails to new addresses are held back at their pace.",
        valve.closed_since() is not None,
    )
    pace = valve.pace(valve.current())
    yield Figure("mail_first_pace", "Mails a minute that may go to new addresses now.", pace)
    yield Figure(
        "mail_breaker_open",
        "1 while few mails to new addresses are confirmed, so that they go out slowly.",
        breaker.opened_at() is not None,
    )


def _installation_figures() -> Iterator[Figure]:
    paused = switches.stored().paused
    pauses = {(what,): what in paused for what in ("signing", "mail")}
    yield Figure("paused", "1 while staff have paused it.", pauses, ("what",))
    if is_postgresql():
        with reading() as connection:
            age = read_archive(connection).age
        yield Figure(
            "archive_age_seconds",
            "For how long WAL has waited to be archived; infinite while PostgreSQL archives nothing.",
            age,
        )
    yield Figure(
        "clock_difference_seconds",
        "Seconds by which the database's clock is ahead of this machine's.",
        clock_difference(),
    )


#: Seconds that a mail may be overdue, or an entry uncounted, before it is a problem.
OLDEST_MAIL = 600.0
#: Seconds that thanks or news may be overdue before it is a warning: on a busy day all other mails go first.
OLDEST_LAST_MAIL = 4 * 3600.0
MAX_LAG = 60.0


@dataclass(frozen=True)
class Readiness:
    database: str  #: "ok", "unreachable" or "refused", as where tables or rights are missing
    #: How long the oldest waiting mail has been overdue, except thanks and news.
    outbox_age_seconds: float | None = None
    fold_lag_seconds: float | None = None  #: how long the oldest uncounted entry has waited
    problems: list[str] = field(default_factory=list)
    #: Worth a look, although people can sign and are counted.
    warnings: list[str] = field(default_factory=list)
    paused: list[str] = field(default_factory=list)  #: "signing", "mail": paused by staff, so not a problem
    #: Mails to new addresses are slowed down (mail/valve.py): people can sign, but their mail comes later.
    valve_closed: bool = False
    #: Few of those mails are confirmed, so they go out slowly (mail/breaker.py).
    breaker_open: bool = False
    #: Of the warnings, those about thanks and news that are late.
    late: list[str] = field(default_factory=list)

    @property
    def ready(self) -> bool:
        return not self.problems


def readiness() -> Readiness:
    """The state in one call. Never raises if the database is away."""
    try:
        apart = clock_difference()
        fetch(text("SELECT 1"))
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
        problems.append(
            f"this machine's clock is {abs(apart):.0f} seconds from the database's: run NTP; `flask worker` does nothing here"
        )
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
    """Warnings for entries set aside now, and for the differences of the last comparison."""
    aside, drifts = ledger.set_aside_counts(), ledger.differences()
    refusals = [witness for witness in witnesses.latest() if witness.refusal]
    names = slugs() if aside or drifts or refusals else {}
    return (
        [
            f"{entries} entries of the log of {names.get(number, number)} are set aside: see `flask ledger verify`"
            for number, entries in aside.items()
        ]
        + [
            f"{names.get(number, number)}: {what}: see `flask ledger recount` and `flask doctor`"
            for number, what in drifts
        ]
        + [
            f"the witness {witness.name} does not cosign the log of {names.get(witness.campaign_id)}: {witness.refusal}"
            for witness in refusals
        ]
    )


def _age(due: datetime | None, turned: Switches) -> float:
    """Seconds since a mail was due."""
    if due is None:
        return 0.0
    # Mails held back by a pause count as overdue only from its end.
    since = max(due, turned.turned_at.get("mail", due))
    return max(0.0, (clock.now() - since).total_seconds())
