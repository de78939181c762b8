"""Two folders, late commits and killed workers: real connections, real threads, real processes."""

import json
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256

import pytest
from sqlalchemy import Connection, insert, select, text

from pledge.campaigns.queries import pledge_hashes
from pledge.core.db import db
from pledge.ledger import log_queries, queries
from pledge.ledger.models import Checkpoint, LedgerEntry
from tests.support import crash, factories, ledger
from tests.support.ledger import fold
from tests.support.published_log import check_continues
from tests.support.waiting import TEST_TIMEOUT, wait_until


def own_transaction() -> Connection:
    """A PostgreSQL connection whose work nobody sees before it is committed; the engine's own commit at once."""
    return db.engine.connect().execution_options(isolation_level="READ COMMITTED")


def test_several_folders_and_signers_at_once_count_everybody_once(app):
    campaigns = [ledger.campaign("one"), ledger.campaign("two")]
    signing = threading.Event()
    signing.set()

    def sign(which: int) -> None:
        with app.app_context():
            for _ in range(25):
                ledger.confirm(campaigns[which % 2])

    def fold_on() -> int:
        folded = 0
        with app.app_context():
            while True:
                was_signing = signing.is_set()
                batch = fold(limit=7)
                folded += batch
                if not batch and not was_signing:
                    return folded

    with ThreadPoolExecutor(6) as pool:
        folders = [pool.submit(fold_on) for _ in range(3)]
        signers = [pool.submit(sign, which) for which in range(3)]
        try:
            for signer in signers:
                signer.result(60)
        finally:
            signing.clear()
        folded = sum(folder.result(60) for folder in folders)

    # A folder that found the lock taken may have left before the end: what it left is folded now.
    while batch := fold():
        folded += batch
    assert folded == 75
    ledger.check()
    assert [queries.count(campaign).people for campaign in campaigns] == [50, 25]


@pytest.mark.postgresql_only
def test_who_finds_another_folder_at_work_leaves_at_once_with_nothing_done(app):
    campaign = ledger.campaign()
    ledger.confirm(campaign)
    second: list[int] = []

    def meanwhile(_number: int, statement: str) -> None:
        if "INSERT INTO tallies" in statement and not second:
            with ThreadPoolExecutor(1) as pool, app.app_context():
                second.append(pool.submit(fold_elsewhere).result(TEST_TIMEOUT))

    def fold_elsewhere() -> int:
        with app.app_context():
            return fold()

    with crash.before_statement(meanwhile):
        assert fold() == 1

    assert second == [0]
    ledger.check()


@pytest.mark.postgresql_only
@pytest.mark.parametrize(
    "moment",
    [
        *("UPDATE ledger_entries", "INSERT INTO tallies", "UPDATE ledger_heads"),
        *("INSERT INTO log_tiles", "INSERT INTO checkpoints", "COMMIT"),
    ],
)
@pytest.mark.parametrize("known", [True, False], ids=["known campaign", "campaign without a head"])
def test_an_entry_committed_between_two_statements_of_the_fold_waits_or_is_taken_whole(app, moment, known):
    campaign, new = ledger.campaign("known"), ledger.campaign("new")
    late_campaign = campaign if known else new
    slow = own_transaction()
    begun = slow.begin()
    slow.execute(insert(LedgerEntry).values(ledger.plus(late_campaign)))  # the smallest id of all
    for _ in range(3):
        ledger.confirm(campaign)
    assert len(ledger.entries()) == 3, "the late one is not seen yet"
    committed: list[str] = []

    def commit_now(_number: int, statement: str) -> None:
        if not committed and moment in statement:
            committed.append(statement)
            begun.commit()

    with slow:
        with crash.before_statement(commit_now):
            fold()
        assert committed
        ledger.check()

    while fold():
        ledger.check()
    assert queries.count(campaign).people == (4 if known else 3)
    assert queries.count(new).people == (0 if known else 1)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_worker_killed_in_the_middle_of_a_fold_loses_and_doubles_nothing(kind, make_site, app_on):
    site = make_site(kind)
    site.folder.mkdir(parents=True)
    with app_on(site.database_url).app_context():
        campaign = factories.signature().campaign_id
        assert factories.fold() == 1
        factories.signatures(3)

        with (halted_on_sqlite if kind == "sqlite" else halted_on_postgresql)() as is_halted:
            site.start_worker()
            wait_until(is_halted, seconds=2 * TEST_TIMEOUT)
            site.kill_worker()
        ledger.check()
        assert queries.count(campaign).people == 1, "what the killed worker did is gone"

        site.start_worker()
        wait_until(lambda: queries.lag() == 0)
        ledger.check()
        assert queries.count(campaign).people == 4


@contextmanager
def halted_on_postgresql() -> Iterator[Callable[[], bool]]:
    """A fold gets as far as its last statement and waits there for a lock that is ours."""
    with own_transaction() as holder, holder.begin():
        # A busy machine takes its time to start the worker that is to wait for this.
        holder.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        holder.execute(text("SELECT 1 FROM ledger_heads FOR UPDATE"))
        yield lambda: folds_that_wait() == 1
    wait_until(lambda: folds_that_wait() == 0)


def folds_that_wait() -> int:
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%ledger_heads%'"
    )
    with db.engine.connect() as connection:
        return int(connection.execute(text(waiting)).scalar_one())


@contextmanager
def halted_on_sqlite() -> Iterator[Callable[[], bool]]:
    """A fold gets as far as its last statement and counts there for a minute, holding the write lock."""
    long = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT i FROM n"
    )
    run(f"CREATE VIEW minute AS {long}")
    run("CREATE TRIGGER halt BEFORE UPDATE ON ledger_heads BEGIN SELECT count(*) FROM minute; END")
    yield lambda: not can_write()
    run("DROP TRIGGER halt")
    run("DROP VIEW minute")


def run(statement: str) -> None:
    with db.engine.connect().execution_options(immediate=True) as connection, connection.begin():
        connection.execute(text(statement))


def can_write() -> bool:
    connection = sqlite3.connect(str(db.engine.url.database), timeout=0, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()
    return True


@pytest.mark.postgresql_only
def test_sixteen_writers_that_commit_late_are_each_in_the_log_once_and_every_checkpoint_holds(app):
    """A sequence gives its numbers before the commit: what commits late must not slip behind a checkpoint."""
    campaigns = [ledger.campaign("one"), ledger.campaign("two")]
    pledges = [ledger.plus(campaign) for campaign in campaigns]
    waits = random.Random(2050)
    pauses = [[waits.uniform(0, 0.04) for _ in range(12)] for _ in range(16)]
    writing = threading.Event()
    writing.set()

    def write(which: int) -> None:
        with app.app_context():
            for turn, pause in enumerate(pauses[which]):
                subject = 1000 * which + turn
                with own_transaction() as connection, connection.begin():
                    values = {**pledges[turn % 2], "subject_id": subject, "commitment": digest(subject)}
                    connection.execute(insert(LedgerEntry).values(values))
                    time.sleep(pause)

    def fold_on(limit: int) -> None:
        with app.app_context():
            while writing.is_set():
                fold(limit)

    with ThreadPoolExecutor(18) as pool:
        folders = [pool.submit(fold_on, limit) for limit in (3, 50)]
        for writer in [pool.submit(write, which) for which in range(16)]:
            writer.result(120)
        writing.clear()
        for folder in folders:
            folder.result(60)
    while fold():
        pass

    ledger.check()
    confirmed = [
        json.loads(line)["commitment"]
        for number in campaigns
        for line in log_queries.leaves(number, queries.count(number).log_size or 0, pledge_hashes)
    ]
    assert sorted(confirmed) == sorted(
        digest(1000 * which + turn).hex() for which in range(16) for turn in range(12)
    )
    for number in campaigns:
        published = checkpoints_of(number)
        assert len(published) > 1, "the folds must have run between the commits"
        for before in published:
            check_continues(number, before)


def digest(subject: int) -> bytes:
    return sha256(b"%d" % subject).digest()


def checkpoints_of(campaign: int) -> list[log_queries.Checkpoint]:
    with db.engine.connect() as connection:
        numbers = connection.execute(
            select(Checkpoint.id).where(Checkpoint.campaign_id == campaign).order_by(Checkpoint.id)
        ).scalars()
        return [
            checkpoint for number in numbers if (checkpoint := log_queries.checkpoint(number)) is not None
        ]
