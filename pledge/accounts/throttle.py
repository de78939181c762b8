"""How often somebody may try to sign in: a few tries at once, then longer and longer waits, never a lock.

Counted in the database, so it holds over all processes and with Redis away, for the account and for the network apart
(OWASP ASVS 5.0, 6.3.1). A try that comes too early is not counted and does not prolong the wait. An
account that does not exist is counted like one that does.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select, text, update

from pledge.accounts.models import StaffAttempt
from pledge.core import clock
from pledge.core.db import fetch, write_autocommit
from pledge.core.encryption import vault

#: Seconds.
FIRST_WAIT = 60
#: Without a try for this long, and for twice the longest wait of its rule, all tries are forgotten.
QUIET = timedelta(minutes=15)


@dataclass(frozen=True)
class ThrottleRule:
    """`free` tries at once; after each further one the next wait is twice as long, up to the longest."""

    scope: str
    free: int
    max_wait: int  #: seconds


#: security.md 3b: five a minute for an account, twenty for a network. The waits for a password stay short, as a stranger
#: who knows only an address can cause them.
PASSWORD = ThrottleRule("password", free=5, max_wait=300)
NETWORK = ThrottleRule("network", free=20, max_wait=300)
#: After the right password: codes have a million values, so the waits grow further.
SECOND_FACTOR = ThrottleRule("second factor", free=5, max_wait=900)


def count_attempt(rule: ThrottleRule, name: str) -> int:
    """Count one attempt. Returns 0 if it may be made, else the seconds until the next one may."""
    now = int(clock.now().timestamp())
    # Longer than the longest wait, or waiting it out would reset the tries.
    quiet = max(int(QUIET.total_seconds()), 2 * rule.max_wait)
    values = {"key": _key(rule, name), "now": now, "quiet": now - quiet}
    statement = text(_statement(rule))
    taken = write_autocommit(lambda connection: connection.execute(statement, values).one_or_none())
    if taken is not None:
        return 0
    query = select(StaffAttempt.wait_until).where(StaffAttempt.key == values["key"])
    return max(1, int(fetch(query).scalar() or 0) - now)


def reset(rule: ThrottleRule, name: str) -> None:
    """Forget earlier attempts: the right person signed in."""
    gone = delete(StaffAttempt).where(StaffAttempt.key == _key(rule, name))
    write_autocommit(lambda connection: connection.execute(gone))


def uncount_attempt(rule: ThrottleRule, name: str) -> None:
    """Uncount an attempt that was right, or was not made after all."""
    less = (
        update(StaffAttempt)
        .where(StaffAttempt.key == _key(rule, name), StaffAttempt.tries > 0)
        .values(tries=StaffAttempt.tries - 1, wait_until=0)
    )
    write_autocommit(lambda connection: connection.execute(less))


def sweep() -> int:
    """Delete rows not used for a long time. Returns their number."""
    gone = delete(StaffAttempt).where(StaffAttempt.since < int((clock.now() - QUIET * 4).timestamp()))
    return write_autocommit(lambda connection: connection.execute(gone).rowcount)


def _statement(rule: ThrottleRule) -> str:
    """One guarded upsert: two tries at once are both counted, and none passes during a wait."""
    tries = "(CASE WHEN a.since < :quiet THEN 1 ELSE a.tries + 1 END)"
    doublings = f"({tries} - {rule.free})"
    return f"""
    INSERT INTO staff_attempts AS a (key, since, tries, wait_until) VALUES (:key, :now, 1, 0)
    ON CONFLICT (key) DO UPDATE
       SET since = :now, tries = {tries},
           wait_until = CASE WHEN {doublings} < 0 THEN 0
                             WHEN {doublings} >= {(rule.max_wait // FIRST_WAIT).bit_length()} THEN CAST(:now AS BIGINT) + {rule.max_wait}
                             ELSE CAST(:now AS BIGINT) + ({FIRST_WAIT} << {doublings}) END
     WHERE a.wait_until <= :now
    RETURNING tries"""  # noqa: S608  # only constants are put into the text; values are bound


def _key(rule: ThrottleRule, name: str) -> bytes:
    return vault().keyed_hash(f"staff attempt\0{rule.scope}\0{name}")
