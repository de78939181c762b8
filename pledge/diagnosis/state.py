"""Whether people can sign and be counted now: the database answers, and the worker keeps up."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from pledge.campaigns.queries import slugs
from pledge.core import clock
from pledge.core.db import MAX_CLOCK_DIFFERENCE, clock_difference, reading
from pledge.core.db.failures import advise
from pledge.diagnosis import writing
from pledge.ledger import queries as ledger
from pledge.mail import breaker, valve
from pledge.mail import queries as mail
from pledge.switches import queries as switches
from pledge.switches.registry import Switches

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
    problems = writing.problems()
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
