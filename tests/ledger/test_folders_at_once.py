"""Two folders, late commits and killed workers: real connections, real threads, real processes."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import insert, text

from pledge.db import db, transaction
from pledge.ledger import queries
from pledge.ledger.models import LedgerEntry
from pledge.ledger.services import fold
from tests.ledger import book, crash
from tests.support import apps


def entry(campaign: int) -> dict[str, object]:
    return {
        "campaign_id": campaign,
        "kind": "person",
        "delta": 1,
        "reason": "confirmed",
        "signature_id": 1,
        "country": "KR",
        "hour": "2026-11-24T12",
        "occurred_at": book.NOON,
    }


def test_several_folders_and_signers_at_once_count_everybody_once(app):
    campaigns = [book.campaign("one"), book.campaign("two")]
    signing = threading.Event()
    signing.set()

    def sign(which: int) -> None:
        with app.app_context():
            for _ in range(25):
                book.confirm(campaigns[which % 2])

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
        for signer in signers:
            signer.result(60)
        signing.clear()
        folded = sum(folder.result(60) for folder in folders)

    # A folder that found the lock taken may have left before the end: what it left is folded now.
    while batch := fold():
        folded += batch
    assert folded == 75
    book.check()
    assert [queries.count(campaign).people for campaign in campaigns] == [50, 25]


@pytest.mark.postgresql_only
def test_who_finds_another_folder_at_work_leaves_at_once_with_nothing_done(app):
    campaign = book.campaign()
    book.confirm(campaign)
    second: list[int] = []

    def meanwhile(_number: int, statement: str) -> None:
        if "INSERT INTO tallies" in statement and not second:
            with ThreadPoolExecutor(1) as pool, app.app_context():
                second.append(pool.submit(fold_elsewhere).result(5))

    def fold_elsewhere() -> int:
        with app.app_context():
            return fold()

    with crash.before_statement(meanwhile):
        assert fold() == 1

    assert second == [0]
    book.check()


@pytest.mark.postgresql_only
def test_an_entry_committed_late_with_a_smaller_id_is_folded_later(app):
    campaign = book.campaign()
    with db.engine.connect() as slow, slow.begin():
        slow.execute(insert(LedgerEntry).values(entry(campaign)))
        quick = book.confirm(campaign)
        assert fold() == 1
        assert queries.number_of(quick) == 1

    assert fold() == 1
    late, early = (row.id for row in reversed(book.entries()))
    assert late < early
    book.check()


@pytest.mark.postgresql_only
@pytest.mark.parametrize(
    "moment", ["UPDATE ledger_entries", "INSERT INTO tallies", "UPDATE ledger_heads", "COMMIT"]
)
@pytest.mark.parametrize("known", [True, False], ids=["known campaign", "campaign without a head"])
def test_an_entry_committed_between_two_statements_of_the_fold_waits_or_is_taken_whole(app, moment, known):
    campaign, new = book.campaign("known"), book.campaign("new")
    late_campaign = campaign if known else new
    slow = db.engine.connect()
    begun = slow.begin()
    slow.execute(insert(LedgerEntry).values(entry(late_campaign)))  # the smallest id of all
    for _ in range(3):
        book.confirm(campaign)

    committed: list[str] = []

    def commit_now(_number: int, statement: str) -> None:
        if not committed and moment in statement:
            committed.append(statement)
            begun.commit()

    with slow:
        with crash.before_statement(commit_now):
            fold()
        assert committed
        book.check()

    while fold():
        book.check()
    assert queries.count(campaign).people == (4 if known else 3)
    assert queries.count(new).people == (0 if known else 1)


@pytest.mark.postgresql_only
def test_a_worker_killed_in_the_middle_of_a_fold_loses_and_doubles_nothing(make_site, tmp_path):
    site = make_site("postgresql")
    site.folder.mkdir(parents=True)
    app = apps.build(tmp_path / "instance", database_url=site.database_url)
    with app.app_context():
        campaign = book.campaign()
        book.confirm(campaign)
        assert fold() == 1
        for _ in range(3):
            book.confirm(campaign)

        with db.engine.connect() as holder, holder.begin():
            # The fold gets as far as its last statement, and stops there.
            holder.execute(text("SELECT 1 FROM ledger_heads FOR UPDATE"))
            site.start_worker()
            wait_until(lambda: blocked_folds() == 1)
            site.kill_worker()
        wait_until(lambda: blocked_folds() == 0)

        book.check()
        assert queries.count(campaign).people == 1, "what the killed worker did is gone"
        site.start_worker()
        wait_until(lambda: queries.lag() == 0)
        book.check()
        assert queries.count(campaign).people == 4
    apps.dispose(app)


@pytest.mark.sqlite_only
def test_a_worker_killed_amid_a_backlog_leaves_whole_folds_on_sqlite(make_site, tmp_path):
    site = make_site("sqlite")
    site.folder.mkdir(parents=True)
    app = apps.build(tmp_path / "instance", database_url=site.database_url)
    with app.app_context():
        campaign = book.campaign()
        with transaction() as session:
            session.execute(insert(LedgerEntry.__table__), [entry(campaign)] * 60_000)
        site.start_worker()
        wait_until(lambda: queries.count(campaign).people > 0)
        site.kill_worker()

        people = queries.count(campaign).people
        assert 0 < people < 60_000, "the kill came too late to prove anything"
        book.check()
        site.start_worker()
        wait_until(lambda: queries.lag() == 0)
        book.check()
        assert queries.count(campaign).people == 60_000
    apps.dispose(app)


def blocked_folds() -> int:
    with db.engine.connect() as connection:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%ledger_heads%'"
        return int(connection.execute(text(waiting)).scalar_one())


def wait_until(true, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)
