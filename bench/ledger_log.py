"""The public log and what is taken out: how far the fold lags, rows against COPY, a pack of a million, proofs in ten million."""

import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import psycopg

from bench import people
from bench.report import Figure, against, at_most
from bench.servers import Bench, Site
from config import ROOT
from pledge.campaigns.queries import pledge_hashes
from pledge.core import clock
from pledge.ledger import log_queries, merkle, queries
from pledge.ledger.services import fold, hour_of
from pledge.verifier.verify import root_by_proof
from pledge.worker.registry import ledger_sources

SLUG = "blue-skies"
ARRIVING, ARRIVING_SECONDS = 1_000, 20
MANY, VERY_MANY = 1_000_000, 10_000_000
PROOFS = 300
#: By how many megabytes the peak memory of an export may grow from a tenth of the rows to all of them.
MAX_GROWTH = 10

#: As a person who confirms (signatures/statements.py).
_CONFIRM = """
    WITH moved AS (UPDATE signatures SET state = 'confirmed', confirmed_at = %(now)s WHERE id = %(id)s AND state = 'pending'
                   RETURNING campaign_id, id, country, region, pledge_text_id, commitment)
    INSERT INTO ledger_entries (campaign_id, kind, delta, reason, subject_id, country, region, hour, occurred_at,
                                pledge_text_id, commitment)
    SELECT campaign_id, 'person', 1, 'confirmed', id, country, region, %(hour)s, %(now)s, pledge_text_id, commitment
      FROM moved"""

_ENTRIES = """
    INSERT INTO ledger_entries (campaign_id, kind, delta, reason, subject_id, country, region, hour, occurred_at,
                                pledge_text_id, commitment, number, count_after)
    SELECT %(campaign)s, 'person', 1, 'confirmed', g, 'KR', 'KR-11', %(hour)s, %(now)s,
           %(pledge)s, sha256(int8send(g)), g, g FROM generate_series(1, %(number)s) AS g"""


def lag(bench: Bench) -> list[Figure]:
    """A thousand confirmations a second, each in a transaction of its own, and `flask worker` that folds them."""
    site = bench.site("lag")
    seconds = 3 if bench.quick else ARRIVING_SECONDS
    waiting = people.add_pending(site, ARRIVING * (seconds + 1)).ids
    seen: list[float] = []
    with site.context(), bench.worker(site):
        time.sleep(3)  # the worker is up
        with _arriving(site, waiting, ARRIVING, seconds) as sent:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                seen.append(queries.lag())
                time.sleep(0.05)
        time.sleep(2)
        counted = queries.count(people.campaign_and_pledge()[0])
        newest = log_queries.newest(people.campaign_and_pledge()[0])
    if newest is None or not counted.people == newest.people == sum(sent):
        raise SystemExit(f"the bench sent {sum(sent)} entries, {counted.people} were counted")
    rate = sum(sent) / seconds
    return [at_most(f"fold: longest lag at {rate:,.0f} confirmations a second", max(seen), 2.0, " s")]


def rows(bench: Bench) -> list[Figure]:
    """`flask export … ledger` as CSV, table and manifest, against COPY of the same rows, read and forgotten."""
    number = 20_000 if bench.quick else MANY
    tenth = bench.site("tenth")
    people.add_confirmed(tenth, number // 10)
    _, few = _export(tenth)
    site = bench.site("rows")
    people.add_confirmed(site, number)
    floors, ours, peaks = [], [], []
    with site.context():
        copy = _copy()
        for _ in range(1 if bench.quick else 3):
            with people.connect(site) as connection, connection.cursor() as cursor:
                started = time.monotonic()
                with cursor.copy(copy) as parts:
                    read = sum(bytes(part).count(b"\n") for part in parts)
                floors.append(read / (time.monotonic() - started))
            taken, peak = _export(site)
            ours.append(number / taken)
            peaks.append(peak)
    return [
        against(f"CSV of {number:,} rows, of COPY", median(ours), median(floors), 0.5),
        at_most(
            f"CSV: growth of the peak memory from {number // 10:,} to {number:,} rows",
            max(0.0, max(peaks) - few),
            MAX_GROWTH,
            " MB",
            f" (of {max(peaks):,.0f} MB)",
        ),
    ]


def proof(bench: Bench) -> list[Figure]:
    """Any entry's proof in a log of ten million: the entry, its audit path, checked against the signed root."""
    number = 50_000 if bench.quick else VERY_MANY
    site = bench.site("proof")
    with site.context():
        campaign_id, pledge_id = people.campaign_and_pledge()
        now = clock.now()
        values = {
            "campaign": campaign_id,
            "pledge": pledge_id,
            "number": number,
            "hour": hour_of(now),
            "now": now,
        }
        with people.connect(site) as connection:
            connection.execute("SET session_replication_role = replica")  # numbered without a fold
            connection.execute(_ENTRIES, values)
            connection.execute(
                "INSERT INTO ledger_heads (campaign_id, size, people, folded_at) VALUES (%s, %s, %s, %s)",
                (campaign_id, number, number, now),
            )
            people.settle(connection)
        started = time.monotonic()
        while fold(ledger_sources()):
            pass
        grown = number / (time.monotonic() - started)
        at = log_queries.newest(campaign_id)
        if at is None or at.size != number:
            raise SystemExit("the log did not catch up")
        choose, taken = random.Random(7), []
        for index in [0, number - 1, *(choose.randrange(number) for _ in range(PROOFS))]:
            started = time.perf_counter()
            inclusion = log_queries.inclusion(campaign_id, index, at, pledge_hashes)
            taken.append((time.perf_counter() - started) * 1000)
            leaf = merkle.leaf_hash(inclusion.line)
            if root_by_proof(leaf, index, at.size, inclusion.proof) != at.root:
                raise SystemExit(f"the proof of entry {index} is wrong")
    detail = f" (slowest of {len(taken)}; median {median(taken):.1f}; the log grew by {grown:,.0f} entries/s)"
    return [at_most(f"log: proof of an entry in {number:,}", max(taken), 20, " ms", detail)]


def pack(bench: Bench) -> list[Figure]:
    """`flask delivery build` of a campaign with a million signatures, from the command to the file."""
    number = 20_000 if bench.quick else MANY
    site = bench.site("pack")
    people.add_confirmed(site, number)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pack.zip"
        taken, peak = _flask(site, "delivery", "build", SLUG, "--out", str(file))
        size = file.stat().st_size / 1e6
        checked, _ = _flask(site, "delivery", "verify", str(file))
    detail = f" ({size:,.0f} MB; peak memory {peak:,.0f} MB; `delivery verify` {checked:.0f} s)"
    return [at_most(f"pack of {number:,} signatures", taken, 60, " s", detail)]


def _export(site: Site) -> tuple[float, float]:
    """Seconds for the rows alone, and the peak memory of the process."""
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "rows.zip")
        whole, peak = _flask(site, "export", SLUG, "ledger", "--out", file)
        # Starting Python and the application is no part of a rate of rows; of these rows there are none.
        started, _ = _flask(site, "export", SLUG, "organizations", "--out", file)
    return whole - started, peak


def _flask(site: Site, *arguments: str) -> tuple[float, float]:
    """Seconds and peak megabytes of one command in a process of its own."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
    watch = (
        "import resource, subprocess, sys, time; t = time.monotonic();"
        "done = subprocess.run(sys.argv[1:]); used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss;"
        "print(time.monotonic() - t, used); sys.exit(done.returncode)"
    )
    done = subprocess.run(
        [sys.executable, "-c", watch, *command],
        cwd=ROOT,
        env={**os.environ, **site.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)}: {done.stderr[-2000:]}")
    seconds, kilobytes = done.stdout.splitlines()[-1].split()
    return float(seconds), int(kilobytes) / 1024


@contextmanager
def _arriving(site: Site, waiting: list[int], rate: int, seconds: int) -> Iterator[list[int]]:
    """Signatures confirmed at a steady rate from two connections; what each has sent is known at the end."""
    sent: list[int] = []

    def send(mine: list[int]) -> None:
        with people.connect(site) as connection:
            connection.autocommit = True
            began, number = time.monotonic(), 0
            while time.monotonic() - began < seconds:
                if number < (time.monotonic() - began) * rate / 2:
                    _confirm(connection, mine[number])
                    number += 1
                else:
                    time.sleep(0.0005)
            sent.append(number)

    threads = [threading.Thread(target=send, args=(waiting[place::2],)) for place in range(2)]
    for thread in threads:
        thread.start()
    yield sent
    for thread in threads:
        thread.join()


def _confirm(connection: psycopg.Connection, signature: int) -> None:
    now = clock.now()
    connection.execute(_CONFIRM, {"id": signature, "hour": hour_of(now), "now": now})


def _copy() -> str:
    return """COPY (SELECT number, reason, kind, delta, hour, pledge_text_id, takes_back
                      FROM ledger_entries ORDER BY number) TO STDOUT WITH (FORMAT csv)"""
