"""One folder at a time: whoever numbers entries, extends the log or signs a checkpoint holds this lock."""

from sqlalchemy import text
from sqlalchemy.orm import Session

#: The key of the advisory lock, a number that nothing else in this database uses.
FOLD_LOCK = 0x706C6564


def take_lock(session: Session) -> bool:
    """Take the fold's lock until the transaction ends; False when another process has it. SQLite's BEGIN IMMEDIATE is one."""
    if session.get_bind().dialect.name == "sqlite":
        return True
    # PostgreSQL's planner takes a batch for a large part of the table and would read all of it, slower every day, after
    # compiling the statement for a tenth of a second.
    taken = text("""
        SELECT pg_try_advisory_xact_lock(:key), set_config('enable_seqscan', 'off', true),
               set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
               set_config('jit', 'off', true)""")
    return bool(session.execute(taken, {"key": FOLD_LOCK}).scalar_one())


def wait_for_lock(session: Session) -> None:
    """As take_lock, but wait for a running fold; for work over the whole ledger, however long that takes."""
    if session.get_bind().dialect.name == "sqlite":
        return
    limits = "SELECT set_config('lock_timeout', '60s', true), set_config('statement_timeout', '0', true)"
    session.execute(text(limits))
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": FOLD_LOCK})
