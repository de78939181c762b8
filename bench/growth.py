"""What runs by clock, at a million signatures and at ten: it may not cost more because a campaign has grown.

The rows are made by PostgreSQL, with the moments of 200 days, the last hour of them at the rate of the record. An hour of rows is
past its retention period, and the log is compared once before what came in that hour.
"""

import time
from collections.abc import Callable, Mapping
from datetime import timedelta

import psycopg
from sqlalchemy import select

from bench import people
from bench.ledger_log import MANY, VERY_MANY
from bench.report import Figure, at_most
from bench.servers import Bench, Site
from pledge.core import clock
from pledge.core.db import load
from pledge.core.encryption import vault
from pledge.diagnosis import contents, state
from pledge.ledger.counting import TALLY_ROWS
from pledge.ledger.models import Comparison
from pledge.ledger.services import fold
from pledge.mail import services as mail
from pledge.retention.services import MAILS, NETWORKS
from pledge.signatures.models import EMAIL_CONTEXT, NAME_CONTEXT, PENDING_LIFETIME, SALT_CONTEXT
from pledge.worker.loop import timetable
from pledge.worker.registry import composers, ledger_sources

PERIOD, HOUR = timedelta(days=200), timedelta(hours=1)
#: Sign-ups an hour, as on the busiest day of a petition.
RECORD = 120_000
#: One sign-up of so many has not been confirmed.
UNCONFIRMED = 100

#: Rows `n` of a number that is like a signature's, a moment and a place; the last of them is of `until`.
_PEOPLE = """
    (SELECT g, hashtextextended(%(name)s::text || g, 0) & 9223372036854775807 AS id,
            %(until)s::timestamptz - (%(number)s - g) * (%(over)s::interval / %(number)s) AS at,
            CASE WHEN g %% 10 = 0 THEN (ARRAY['JP', 'US', 'DE', 'VN'])[g / 10 %% 4 + 1] ELSE 'KR' END AS country,
            CASE WHEN g %% 10 <> 0 THEN (ARRAY['KR-11', 'KR-26', 'KR-41', 'KR-49'])[g %% 4 + 1] END AS region
       FROM generate_series(1, %(number)s) AS g) AS n"""

_SIGNATURES = f"""
    INSERT INTO signatures (id, campaign_id, address_hash, content_hash, state, email, name, country, region, public_name,
                            updates, lang, pledge_text_id, privacy_version, submitted_at, code_since, confirmed_at, salt,
                            commitment, mails, mail_provider, network_hash, wide_network_hash)
    SELECT id, %(campaign)s, sha256(int8send(id)), sha256(int8send(id)), %(state)s::varchar, %(email)s, %(person)s, country, region,
           g %% 3 = 0, g %% 2 = 0, 'ko', %(pledge)s, '2026-11-24', at, at, CASE WHEN %(state)s::varchar = 'confirmed' THEN at END,
           %(salt)s, sha256(int8send(id)), 1, 'naver',
           CASE WHEN at > %(networks)s::timestamptz THEN sha256(int8send(id)) END, CASE WHEN at > %(networks)s::timestamptz THEN sha256(int8send(id)) END
      FROM {_PEOPLE}"""

_ENTRIES = f"""
    INSERT INTO ledger_entries (campaign_id, kind, delta, reason, subject_id, country, region, hour, occurred_at,
                                pledge_text_id, commitment, number, count_after)
    SELECT %(campaign)s, 'person', 1, 'confirmed', id, country, region, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24'),
           at, %(pledge)s, sha256(int8send(id)), CASE WHEN %(numbered)s THEN g END, CASE WHEN %(numbered)s THEN g END
      FROM {_PEOPLE}"""

_HEAD = """
    INSERT INTO ledger_heads (campaign_id, size, people, folded_at) VALUES (%(campaign)s, %(number)s, %(number)s, now())"""

_TALLIES = f"""
    INSERT INTO tallies (campaign_id, kind, dimension, key, count)
    WITH moved AS (SELECT campaign_id, kind, country, region, hour, SUM(delta) AS delta FROM ledger_entries
                    GROUP BY campaign_id, kind, country, region, hour)
    SELECT campaign_id, kind, dimension, key, SUM(delta) FROM ({TALLY_ROWS}) AS tally_rows
     GROUP BY campaign_id, kind, dimension, key"""

_MAILS = """
    INSERT INTO outbox_mails (kind, subject_id, seq, lang, known, created_at, due_at, turn_at, state, sent_at)
    SELECT kind, id, 1, 'ko', kind = 'thanks', submitted_at, submitted_at, submitted_at, 'sent', submitted_at
      FROM signatures CROSS JOIN (VALUES ('confirm'), ('thanks')) AS mails (kind)
     WHERE state = 'confirmed' AND submitted_at > %(mails)s"""

_INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes
     WHERE tablename IN ('signatures', 'ledger_entries', 'outbox_mails')
       AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = indexname)"""

#: The bar of each step, in seconds; without one those of MAX_OTHER.
_SLOW = {
    "retention": 2.0,
    "compare": 5.0,
    "today": 1.0,
    # It rests for a hundred times as long.
    "integrity": 300.0,
}
MAX_OTHER = 0.5


def growth(bench: Bench) -> list[Figure]:
    """Each step of the worker's timetable, the look for a mail, and the figures for monitoring."""
    figures = []
    for number in (20_000,) if bench.quick else (MANY, VERY_MANY):
        site = bench.site(f"growth{number}")
        with site.context():
            _fill(site, number)
            in_full = _seconds(contents.compare)
            began = clock.now()
            _let_people_sign(site, number // 10 if bench.quick else RECORD)
            took = {name: _seconds(step) for name, step in _steps(site).items()}
            (last,) = load(select(Comparison))
            if last.in_full_at > began:
                raise SystemExit("the log was compared in full: something does not follow")
        figures += _figures(number, took, in_full)
    return figures


def _figures(number: int, took: Mapping[str, float], in_full: float) -> list[Figure]:
    others = {name: seconds for name, seconds in took.items() if name not in _SLOW}
    slowest = max(others, key=others.__getitem__)
    return [
        *(at_most(f"{name}, at {number:,}", took[name], bar, " s") for name, bar in _SLOW.items()),
        at_most(f"compare in full, once a night, at {number:,}", in_full, 120, " s"),
        at_most(
            f"each other step of the worker, at {number:,}",
            others[slowest],
            MAX_OTHER,
            " s",
            f" (slowest of {len(others)}: {slowest})",
        ),
    ]


def _steps(site: Site) -> dict[str, Callable[[], object]]:
    steps: dict[str, Callable[[], object]] = {
        step.name: step.run for step in timetable(site.settings, lambda: False) if step.enabled
    }
    transport = mail.transport(site.settings)
    return {**steps, "mail": lambda: mail.deliver(composers(), transport), "metrics": state.figures}


def _seconds(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def _fill(site: Site, number: int) -> None:
    until = clock.now() - HOUR
    with people.connect(site) as connection:
        connection.execute("SET session_replication_role = replica")  # numbered without a fold
        connection.execute("SET maintenance_work_mem = '1GB'")
        indexes = connection.execute(_INDEXES).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        _add(connection, _SIGNATURES, number, "person", "confirmed", PERIOD, until)
        _add(connection, _SIGNATURES, number // UNCONFIRMED, "pending", "pending", PENDING_LIFETIME, until)
        _add(connection, _ENTRIES, number, "person", "confirmed", PERIOD, until)
        _add(connection, _HEAD, number, "person", "confirmed", PERIOD, until)
        connection.execute(_TALLIES)
        connection.execute(_MAILS, {"mails": until - MAILS})
        connection.execute("INSERT INTO retention_runs (id, done_at) VALUES (1, %s)", [until])
        for _, definition in indexes:
            connection.execute(definition)
        people.settle(connection)
    while fold(ledger_sources()):  # the public log catches up with the numbers
        pass


def _let_people_sign(site: Site, number: int) -> None:
    """The last hour: confirmed and folded."""
    with people.connect(site) as connection:
        _add(connection, _SIGNATURES, number, "late", "confirmed", HOUR, clock.now())
        _add(connection, _ENTRIES, number, "late", "confirmed", HOUR, clock.now(), numbered=False)
    while fold(ledger_sources()):
        pass


def _add(
    connection: psycopg.Connection,
    statement: str,
    number: int,
    name: str,
    state: str,
    over: timedelta,
    until: object,
    *,
    numbered: bool = True,
) -> None:
    campaign, pledge = people.campaign_and_pledge()
    safe = vault()
    values = {
        "number": number,
        "name": name,
        "state": state,
        "over": over,
        "until": until,
        "numbered": numbered,
        "campaign": campaign,
        "pledge": pledge,
        "networks": clock.now() - NETWORKS - HOUR,
        "email": safe.seal("person@example.org", EMAIL_CONTEXT),
        "person": safe.seal("홍길동", NAME_CONTEXT),
        "salt": safe.seal("salt", SALT_CONTEXT),
    }
    connection.execute(statement, values)
