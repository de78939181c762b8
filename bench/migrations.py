"""Each migration on a million rows while people sign: how long the longest of them waits."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import flask_migrate
import psycopg
from alembic.script import ScriptDirectory

from bench import people
from bench.report import Figure
from bench.servers import Bench, Site
from pledge.core.db import migrations

ROWS = 1_000_000
MAX_WAIT_MS = 2_000
#: Seconds between two sign-ups of the prober.
PAUSE = 0.01

#: A campaign's rows at the first revision; columns that came later have their defaults.
_FILL = (
    """INSERT INTO signatures (id, campaign_id, address_hash, content_hash, mails, state, email, name, country, region,
                               public_name, updates, lang, pledge_text_id, privacy_version, submitted_at, code_since,
                               confirmed_at, salt, commitment)
       SELECT g, 1, sha256(int8send(g)), sha256(int8send(-g)), 1, CASE g %% 4 WHEN 0 THEN 'pending' ELSE 'confirmed' END,
              convert_to(repeat('x', 120), 'UTF8'), convert_to(repeat('x', 100), 'UTF8'), 'KR', 'KR-11', g %% 3 = 0, g %% 2 = 0, 'ko', 1, '2026-11-24', now(), now(),
              CASE g %% 4 WHEN 0 THEN NULL ELSE now() END, convert_to(repeat('x', 100), 'UTF8'), sha256(int8send(g))
         FROM generate_series(1, %(rows)s) AS g""",
    """INSERT INTO ledger_entries (campaign_id, kind, delta, reason, subject_id, country, region, hour, occurred_at,
                                   pledge_text_id, commitment)
       SELECT 1, 'person', 1, 'confirmed', g, 'KR', 'KR-11', '2026-11-27T15', now(), 1, sha256(int8send(g))
         FROM generate_series(1, %(rows)s) AS g""",
    """INSERT INTO outbox_mails (kind, subject_id, seq, lang, state, created_at, due_at, sent_at)
       SELECT CASE g %% 10 WHEN 0 THEN 'delivered' ELSE 'confirm' END, g, 1, 'ko', 'sent', now(), now(), now()
         FROM generate_series(1, %(rows)s) AS g""",
)
#: What a person who signs and confirms does to the large tables, with columns that every revision has.
_SIGN = (
    "UPDATE signatures SET mails = mails + 1 WHERE id = %(id)s",
    "SELECT max(id) FROM ledger_entries",
    """INSERT INTO outbox_mails (kind, subject_id, seq, lang, created_at, due_at)
       VALUES ('confirm', %(id)s, 1, 'ko', now(), now())""",
)


def waits(bench: Bench) -> list[Figure]:
    """One figure for each migration after the first."""
    rows = 10_000 if bench.quick else ROWS
    site = bench.site("migrations")
    figures = []
    with site.context():
        script = ScriptDirectory(str(migrations.MIGRATIONS))
        first, *others = [revision.revision for revision in script.walk_revisions()][::-1]
        flask_migrate.downgrade(revision=first)
        _fill(site, rows)
        for revision in others:
            began = time.monotonic()
            with _prober(site) as waited:
                flask_migrate.upgrade(revision=revision)
            seconds = time.monotonic() - began
            longest = 1000 * max(waited)
            figures.append(
                Figure(
                    f"migration {revision} on {rows:,} rows: longest wait of a sign-up",
                    f"{longest:,.0f} ms (in all {seconds:.1f} s)",
                    f"≤ {MAX_WAIT_MS:,} ms",
                    longest <= MAX_WAIT_MS,
                )
            )
    return figures


def _fill(site: Site, rows: int) -> None:
    with people.connect(site) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in _FILL:
            connection.execute(statement, {"rows": rows})
        people.settle(connection)


@contextmanager
def _prober(site: Site) -> Iterator[list[float]]:
    """Seconds that each of its sign-ups took, one after the other as long as the block lasts."""
    taken: list[float] = []
    ended = threading.Event()

    def sign() -> None:
        with people.connect(site) as connection:
            connection.autocommit = True
            person = 0
            while not ended.is_set():
                person += 1
                taken.append(_sign(connection, person))
                ended.wait(PAUSE)

    thread = threading.Thread(target=sign)
    thread.start()
    try:
        yield taken
    finally:
        ended.set()
        thread.join()


def _sign(connection: psycopg.Connection, person: int) -> float:
    began = time.monotonic()
    for statement in _SIGN:
        connection.execute(statement, {"id": person})
    return time.monotonic() - began
