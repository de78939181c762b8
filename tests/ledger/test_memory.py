"""The log remembers outside the database: after the restore of an older backup nothing is signed that contradicts what was."""

import json
import threading
import time
import urllib.error
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url, select

from config import current_config
from pledge.audit import queries as audit
from pledge.campaigns.queries import published_slugs
from pledge.core import clock
from pledge.core.db import db
from pledge.diagnosis import contents
from pledge.diagnosis.state import readiness
from pledge.ledger import log, log_queries, memory, merkle, queries
from pledge.ledger.memory import Head, LogLost
from pledge.web.caching import cache
from tests.support import apps, checkers, crash, factories, ledger
from tests.support.insider import forget_what_was_signed, guards_away
from tests.support.ledger import fold, verify
from tests.support.published_log import keys
from tests.support.waiting import TEST_TIMEOUT, wait_until

SLUG = "blue-skies"
EMPTY = Head.of(0, merkle.EMPTY)
OF_THE_LEDGER = (
    *("ledger_entries", "ledger_heads", "tallies", "log_tiles", "checkpoints", "log_keys", "log_losses"),
    "audit_entries",
)


def renew():
    return log.sign_missing_checkpoints(published_slugs)


def remembered():
    """Losses and heads of the log as they stand in the file."""
    losses, heads = json.loads((current_config().instance_dir / "signed.json").read_text())[SLUG]
    return losses, [Head(*head) for head in heads]


def signed(campaign):
    newest = log_queries.newest(campaign)
    return Head.of(newest.size, newest.root)


def back_up():
    """What the tables of the ledger hold."""
    with db.engine.connect() as connection:
        tables = [db.metadata.tables[name] for name in OF_THE_LEDGER]
        return {table: [row._asdict() for row in connection.execute(select(table))] for table in tables}


def restore(backup):
    with guards_away() as connection:
        for table, rows in backup.items():
            connection.execute(table.delete())
            if rows:
                connection.execute(table.insert(), rows)


def confirm(campaign, people=1):
    for _ in range(people):
        ledger.confirm(campaign)
    fold()
    return signed(campaign)


def lose(campaign, people=1):
    """An older backup is restored after so many more people, and one signs; what was signed last."""
    backup = back_up()
    last = confirm(campaign, people)
    restore(backup)
    ledger.confirm(campaign)
    return last


@pytest.fixture
def campaign(app):
    """A log of two entries."""
    number = ledger.campaign(SLUG)
    confirm(number, 2)
    return number


# --- A loss is noticed ---


@pytest.mark.parametrize("people", [1, 3])
def test_nothing_is_counted_after_an_older_backup_is_restored(campaign, people):
    last = lose(campaign, people)
    before = signed(campaign)
    for _ in range(2):
        with pytest.raises(LogLost, match=f"{last.size} entries were signed, the database has {before.size}"):
            fold()
    assert (signed(campaign), queries.count(campaign).people) == (before, before.size)
    assert [entry.number for entry in ledger.entries()][-1] is None, "it keeps its place"
    contents.compare()
    warning = readiness().warnings[0]
    assert warning.startswith(
        f"{SLUG}: {last.size} entries were signed, the database has {before.size} and does not continue them"
    )


def test_as_many_new_entries_as_were_lost_are_no_continuation(campaign):
    lose(campaign)
    ledger.confirm(campaign)
    ledger.confirm(campaign)
    with pytest.raises(LogLost):
        fold()


def test_a_loss_is_noticed_before_anybody_signs_up(campaign):
    backup = back_up()
    confirm(campaign)
    restore(backup)
    with pytest.raises(LogLost):
        renew()
    assert readiness().warnings


def test_the_backup_of_the_newest_state_is_no_loss(campaign):
    backup = back_up()
    restore(backup)
    assert confirm(campaign).size == 3
    ledger.check()


def test_a_loss_under_another_address_or_key_is_noticed_too(campaign):
    lose(campaign)
    with ledger.settings(base_url="https://sky.example", log_key=keys("new")), pytest.raises(LogLost):
        fold()


# --- No false alarm ---


def test_without_a_file_it_begins_with_what_the_database_has(campaign):
    forget_what_was_signed()
    assert (renew(), renew()) == (1, 0)
    assert remembered() == (0, [signed(campaign)])
    assert confirm(campaign).size == 3


def test_an_old_file_as_of_a_standby_is_continued(campaign):
    file = current_config().instance_dir / "signed.json"
    old = file.read_text()
    confirm(campaign)
    confirm(campaign)
    file.write_text(old)
    assert (renew(), renew()) == (1, 0), "it is brought up to date while nobody signs"
    assert remembered() == (0, [signed(campaign)])


def test_a_rotation_a_move_and_a_pause_of_publication_are_no_loss(campaign):
    with ledger.settings(base_url="https://sky.example", log_key=keys("new")):
        assert (renew(), renew()) == (1, 0)
        confirm(campaign)
    with guards_away() as connection:
        connection.exec_driver_sql("UPDATE campaigns SET state = 'draft'")
    assert renew() == 0
    with guards_away() as connection:
        connection.exec_driver_sql("UPDATE campaigns SET state = 'open'")
    renew()
    assert confirm(campaign).size == 4
    assert verify(campaign, SLUG).faults == []


# --- Killed ---


def test_wherever_the_fold_is_killed_the_next_one_goes_on(campaign):
    before = signed(campaign)
    ledger.confirm(campaign)
    assert crash.everywhere(fold, lambda: (signed(campaign), remembered()[1][0])) > 10
    assert remembered() == (0, [signed(campaign)])
    assert (signed(campaign).size, before.size) == (3, 2)
    ledger.check()


def test_killed_before_the_file_is_written_nothing_was_signed(campaign, monkeypatch):
    ledger.confirm(campaign)
    kill(monkeypatch, "flock")
    assert (remembered(), signed(campaign).size) == ((0, [signed(campaign)]), 2)
    assert confirm(campaign).size == 4


def test_killed_between_file_and_commit_other_entries_may_follow(campaign):
    """What was written down was seen by nobody."""
    backup, before = back_up(), signed(campaign)
    ledger.confirm(campaign)
    with (
        crash.before_statement(lambda _, statement: statement == "COMMIT" and die()),
        pytest.raises(crash.Killed),
    ):
        fold()
    (known, pending) = remembered()[1]
    assert (known, pending.size, signed(campaign)) == (before, 3, before)
    restore(backup)  # as if the waiting entry had been erased
    assert confirm(campaign) != pending
    assert remembered() == (0, [signed(campaign)])


def test_killed_between_commit_and_confirming_it_is_published_all_the_same(campaign, monkeypatch):
    backup, before = back_up(), signed(campaign)
    ledger.confirm(campaign)
    kill(monkeypatch, "confirm")
    published = signed(campaign)
    assert (published.size, remembered()[1]) == (3, [before, published])
    assert (renew(), remembered()) == (1, (0, [published]))
    restore(backup)
    ledger.confirm(campaign)
    with pytest.raises(LogLost):
        fold()


def test_one_that_signs_later_is_not_confirmed_by_one_that_signed_before(app, campaign, monkeypatch):
    """The lock of the fold is gone once it has committed: another process may write before it confirms."""
    changing, changes = memory._changing, []

    def sign_elsewhere():
        with app.app_context():
            confirm(campaign)

    def late():
        changes.append(None)
        if len(changes) == 2:
            other = threading.Thread(target=sign_elsewhere)
            other.start()
            other.join(TEST_TIMEOUT)
        return changing()

    ledger.confirm(campaign)
    monkeypatch.setattr(memory, "_changing", late)
    fold()
    assert len(changes) == 4
    assert remembered() == (0, [signed(campaign)])
    assert signed(campaign).size == 4


def die(*_):
    raise crash.Killed


def kill(monkeypatch, where):
    """A fold that is killed before the file is changed, or before it is changed after the commit."""
    before = remembered()
    with monkeypatch.context() as patch:
        if where == "confirm":
            patch.setattr(
                memory,
                "_changing",
                lambda changing=memory._changing: die() if remembered() != before else changing(),
            )
        else:
            patch.setattr("pledge.ledger.memory.fcntl.flock", die)
        with pytest.raises(crash.Killed):
            fold()


# --- A loss is accepted ---


def test_after_an_accepted_loss_the_log_goes_on_under_a_new_name(campaign, runner, client):
    last, before = lose(campaign, 3), signed(campaign)
    with pytest.raises(LogLost):
        fold()
    accepted = runner.run("ledger", "restored")
    assert accepted == f"{SLUG}: see /log/{SLUG}/losses\n"
    assert fold() == 1
    assert readiness().warnings == []
    note = client.get(f"/log/{SLUG}/checkpoint").text
    assert note.startswith(f"localhost/2/log/{SLUG}\n3\n")
    names = {line.partition("+")[0] for line in client.get(f"/log/{SLUG}/key").text.splitlines()}
    assert names == {f"localhost/log/{SLUG}", f"localhost/2/log/{SLUG}"}
    at, *loss = client.get(f"/log/{SLUG}/losses").text.split()
    assert at == clock.iso_utc(log_queries.losses(campaign)[0].accepted_at)
    assert loss == [str(last.size), last.root, str(before.size), before.root, f"localhost/2/log/{SLUG}"]
    line = audit.last("ledger.restored", f"campaign:{SLUG}")
    assert json.loads(line.details) == {"signed": last.size, "restored": before.size}
    assert verify(campaign, SLUG).faults == []


def test_to_accept_twice_changes_nothing(campaign, runner):
    lose(campaign)
    with pytest.raises(LogLost):
        fold()
    runner.run("ledger", "restored")
    fold()
    before = back_up()
    assert runner.run("ledger", "restored") == f"{SLUG}: nothing is lost\n"
    assert back_up() == before
    assert (renew(), fold()) == (0, 0)


def test_a_second_loss_has_the_next_name_even_where_the_first_is_lost_too(campaign, runner):
    oldest = back_up()
    for _ in range(2):
        lose(campaign)
        with pytest.raises(LogLost):
            fold()
        runner.run("ledger", "restored")
        fold()
    assert log_queries.newest(campaign).note.startswith(f"localhost/3/log/{SLUG}\n")
    restore(oldest)
    with pytest.raises(LogLost):
        renew()
    runner.run("ledger", "restored")
    assert renew() == 1
    assert log_queries.newest(campaign).note.startswith(f"localhost/4/log/{SLUG}\n")


def test_a_saved_checkpoint_tells_of_a_loss_that_no_machine_remembers(campaign, runner, tmp_path):
    backup, saved = back_up(), tmp_path / "checkpoint"
    words = ["ledger", "restored", "--after", str(saved)]
    last = confirm(campaign)
    saved.write_text(log_queries.newest(campaign).note)
    assert runner.run(*words) == f"{SLUG}: nothing is lost\n"
    restore(backup)
    forget_what_was_signed()
    before = confirm(campaign)
    assert "see /log" in runner.run(*words)
    assert runner.run(*words) == f"{SLUG}: nothing is lost\n"
    (loss,) = log_queries.losses(campaign)
    assert (loss.signed_size, loss.signed_root, loss.size, loss.root) == (*last, *before)
    assert renew() == 1
    assert log_queries.newest(campaign).note.startswith(f"localhost/2/log/{SLUG}\n")


def test_nobody_accepts_a_loss_where_the_key_is_elsewhere(app, runner):
    with ledger.settings(log_key=(SecretStr("elsewhere"),)):
        assert "PLEDGE_LOG_KEY" in runner.run("ledger", "restored", code=1)


def remember_more(entries):
    """As if so many had been signed."""
    file = current_config().instance_dir / "signed.json"
    file.write_text(json.dumps({SLUG: [0, [[entries, EMPTY.root]]]}))


@pytest.mark.postgresql_only
def test_the_worker_may_store_and_accept_a_loss(three_roles):
    """With the rights that its role has (migrations/grants.sql)."""
    with three_roles.owner.app_context():
        campaign = ledger.campaign(SLUG)
    with three_roles.worker.app_context():
        confirm(campaign)
        remember_more(7)
        ledger.confirm(campaign)
        with pytest.raises(LogLost):
            fold()
        assert "see /log" in three_roles.worker.test_cli_runner().run("ledger", "restored")
        assert fold() == 1
        assert remembered() == (1, [signed(campaign)])


def test_no_loss_is_an_empty_list_and_no_word_on_the_page(runner, client):
    factories.signatures(2)
    factories.fold()
    assert client.get(f"/log/{SLUG}/losses").text == ""
    assert "a backup was restored" not in client.get(f"/en/c/{SLUG}/progress").text
    remember_more(7)
    with pytest.raises(LogLost):
        renew()
    runner.run("ledger", "restored")
    cache.clear()
    assert (
        "Of 7 entries that had been signed, the list had 2 then" in client.get(f"/en/c/{SLUG}/progress").text
    )


# --- As it happens ---


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_restored_backup_is_named_within_ten_seconds_and_counts_on_once_the_loss_is_accepted(
    make_site, postgres_server, tmp_path, kind
):
    site, backup = make_site(kind), tmp_path / "backup.sqlite3"
    name = make_url(site.database_url).database

    def sign(people, counted):
        with site.inside():
            factories.signatures(people)
        wait_until(lambda: site.count(SLUG) == counted, site.log_text)

    with site.inside():
        factories.campaign()
    site.start(demo=False)
    sign(2, 2)
    site.stop()
    if kind == "sqlite":
        site.flask("backup", "create", str(backup))
    else:
        postgres_server.create_database(f"{name}_backup", name)
    site.start(demo=False)
    sign(3, 5)
    kept = site.get(f"/log/{SLUG}/checkpoint")
    site.stop()

    if kind == "sqlite":
        apps.copy_sqlite(backup, Path(name))
    else:
        postgres_server.create_database(name, f"{name}_backup")
    site.start(demo=False)
    with site.inside():
        factories.signature()
    began = time.monotonic()
    problem = wait_until(lambda: problem_of(site), site.log_text)
    assert time.monotonic() - began < 10
    assert problem.startswith(f"{SLUG}: 5 entries were signed, the database has 2 and does not continue them")
    doctor = site_doctor(site)
    assert problem.split(" (")[0] in doctor, doctor
    assert site.get(f"/log/{SLUG}/checkpoint").split("\n")[1] == "2", "nothing is signed"
    assert site.count(SLUG) == 2

    site.flask("ledger", "restored")
    wait_until(lambda: site.count(SLUG) == 3, site.log_text)
    assert problem_of(site) is None
    log_of_site = f"{site.url}/log/{SLUG}"
    assert checkers.verify("count", log_of_site).code == 0
    (tmp_path / "kept").write_text(kept)
    assert checkers.verify("consistency", tmp_path / "kept", log_of_site).failure == "consistency"


def problem_of(site):
    """What /readyz says first."""
    try:
        answer = site.get("/readyz")
    except urllib.error.HTTPError as refusal:  # an entry waits
        answer = refusal.read()
    return next(iter(json.loads(answer)["warnings"]), None)


def site_doctor(site):
    with site.inside():
        return site._beside.test_cli_runner().run("doctor", code=1)
