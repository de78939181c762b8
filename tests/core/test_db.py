"""Transactions: all or nothing, one at a time, on disk when they are acknowledged; and what a lost database looks like."""

import re
import threading
from datetime import UTC, datetime, timedelta, timezone
from select import select as wait_readable

import pytest
from sqlalchemy import DateTime, event, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from config import ROOT
from pledge.campaigns.models import Campaign
from pledge.core.db import NestedTransaction, NotDurable, db, reading, transaction, write_autocommit
from pledge.core.db.types import UTCDateTime
from tests.support import apps
from tests.support.at_once import at_once
from tests.support.factories import campaign, confirm_token, sign_form, signature

SIGN = "/ko/c/blue-skies/sign"
postgresql_only = pytest.mark.postgresql_only
sqlite_only = pytest.mark.sqlite_only


def slugs():
    with reading() as connection:
        return sorted(connection.execute(select(Campaign.slug)).scalars())


def add(session, slug):
    session.add(Campaign(slug=slug, state="open", goal=10))
    session.flush()


# --- transaction() ---


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_block_that_fails_wrote_nothing(app, error):
    with pytest.raises(error), transaction() as session:
        add(session, "one")
        raise error
    assert slugs() == []
    with transaction() as session:
        add(session, "two")
    assert slugs() == ["two"]


def test_a_block_inside_a_block_is_refused_and_spoils_nothing_of_the_outer(app):
    with transaction() as session:
        add(session, "one")
        with pytest.raises(NestedTransaction), transaction():
            pass
        add(session, "two")
    assert slugs() == ["one", "two"]
    with transaction():  # and it is not taken for nested afterwards
        pass


def test_an_error_text_does_not_carry_the_values(app):
    campaign("blue-skies")
    with pytest.raises(IntegrityError) as failure, transaction() as session:
        session.execute(insert(Campaign).values(slug="blue-skies", state="open", goal=424242))
    assert "424242" not in str(failure.value)


def test_a_block_sees_what_others_wrote_after_an_earlier_read_of_the_request(app):
    assert db.session.scalar(select(func.count()).select_from(Campaign)) == 0
    writer = threading.Thread(target=lambda: in_context(app, lambda: campaign("other")))
    writer.start()
    writer.join()
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(Campaign)) == 1


def in_context(app, work):
    with app.app_context():
        work()
        db.session.remove()


# --- Moments ---


def test_a_naive_moment_never_reaches_the_database(app):
    with pytest.raises((StatementError, ValueError), match="naive"), transaction() as session:
        session.add(Campaign(slug="one", state="open", goal=1, opens_at=datetime(2026, 11, 24)))  # noqa: DTZ001
        session.flush()
    assert slugs() == []


def test_a_moment_comes_back_aware_in_utc_whatever_zone_it_was_written_in(app):
    seoul = timezone(timedelta(hours=9))
    campaign("one", opens_at=datetime(2026, 11, 25, 8, 30, tzinfo=seoul))
    with reading() as connection:
        (moment,) = connection.execute(select(Campaign.opens_at)).scalars()
    assert moment == datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    assert moment.tzinfo is UTC


def test_no_column_of_ours_is_a_plain_datetime():
    columns = [column for table in db.metadata.tables.values() for column in table.columns]
    plain = [
        str(column)
        for column in columns
        if isinstance(column.type, DateTime) and not isinstance(column.type, UTCDateTime)
    ]
    assert plain == []


# --- SQLite ---


@sqlite_only
def test_writers_on_sqlite_wait_for_each_other(app):
    """A read that turns into a write fails at once when another wrote meanwhile; ours say so at the start."""
    campaign("one", goal=1)

    def work():
        for _ in range(25):
            with transaction() as session:
                row = session.scalar(select(Campaign).where(Campaign.slug == "one"))
                row.goal += 1

    at_once(app, *[work] * 6)
    with reading() as connection:
        assert connection.execute(select(Campaign.goal)).scalar() == 151


def test_write_autocommit_undoes_a_piece_of_work_that_fails(app):
    def work(connection):
        connection.execute(insert(Campaign).values(slug="one", state="open", goal=1))
        raise ValueError

    if db.engine.dialect.name == "sqlite":  # on PostgreSQL such work is one statement
        with pytest.raises(ValueError):
            write_autocommit(work)
        assert slugs() == []
    write_autocommit(
        lambda connection: connection.execute(insert(Campaign).values(slug="two", state="open", goal=1))
    )
    assert slugs() == ["two"]


# --- PostgreSQL: restarts ---


def fill_pool(connections=4):
    held = [db.engine.connect() for _ in range(connections)]
    for connection in held:
        connection.execute(text("SELECT 1"))
    for connection in held:
        connection.close()


@postgresql_only
def test_work_is_tried_once_more_when_its_connection_is_lost_under_it(app, postgres_server):
    fill_pool()
    calls = []

    def work(connection):
        calls.append(1)
        if len(calls) == 1:
            postgres_server.disconnect_all(db.engine.url.database)
        return connection.execute(text("SELECT 42")).scalar()

    assert write_autocommit(work) == 42
    assert len(calls) == 2
    assert write_autocommit(work) == 42
    assert len(calls) == 3


@postgresql_only
def test_work_that_fails_for_another_reason_is_not_repeated(app):
    calls = []

    def work(connection):
        calls.append(1)
        connection.execute(text("SELECT 1/0"))

    with pytest.raises(DBAPIError):
        write_autocommit(work)
    assert len(calls) == 1


@postgresql_only
def test_a_visitor_signs_and_confirms_across_a_restart_without_an_error_page(app, client, postgres_server):
    campaign()
    token = confirm_token(signature(state="pending"))
    db.session.remove()
    for path, form in ((SIGN, sign_form()), (f"/ko/confirm/{token}", {})):
        fill_pool()
        postgres_server.disconnect_all(db.engine.url.database)
        assert client.post(path, data=form).status_code == 303
    db.engine.dispose()


@postgresql_only
def test_a_server_that_closes_every_new_connection_is_away(app, client, postgres_server):
    """As one that shuts down while it still lets people in."""
    campaign()

    def close(connection, _record):
        postgres_server.disconnect_all(db.engine.url.database)
        readable, _, _ = wait_readable([connection.fileno()], [], [], 5)
        assert readable

    db.session.remove()
    db.engine.dispose()
    event.listen(db.engine, "connect", close)
    answer = client.post(SIGN, data=sign_form())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    event.remove(db.engine, "connect", close)
    db.engine.dispose()


@postgresql_only
def test_a_statement_that_a_migration_has_changed_is_prepared_anew(app):
    def run(sql):
        return write_autocommit(lambda connection: connection.execute(text(sql)))

    def read():
        return write_autocommit(
            lambda connection: connection.execute(text("SELECT word FROM changing")).all()
        )

    db.engine.dispose()  # so that it is one connection
    run("CREATE TABLE changing (word varchar(10))")
    for _ in range(10):  # psycopg prepares a statement that comes again
        assert read() == []
    run("ALTER TABLE changing ALTER word TYPE varchar(20)")
    assert read() == []
    run("DROP TABLE changing")  # no model has it, which another test of this database would report


@postgresql_only
def test_what_postgresql_cannot_do_is_an_error_and_not_a_lost_connection(app):
    """It has the SQLSTATE of a statement that a migration has changed."""
    with reading() as connection, pytest.raises(DBAPIError) as caught:
        connection.execute(text("SELECT count(*) FROM campaigns FOR UPDATE"))
    assert getattr(caught.value.orig, "sqlstate", None) == "0A000"
    assert not caught.value.connection_invalidated


def test_no_setting_outlives_the_transaction_that_made_it():
    """Behind PgBouncer the next statement of a connection may run on another one of the server (docs/production.md)."""
    setting = re.compile(r"\b(SET|RESET) (SESSION )?(?!LOCAL\b)\w+_timeout")
    migrations = ROOT / "pledge" / "core" / "db" / "migrations.py"  # migrations connect to the server itself
    assert [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "pledge").rglob("*.py"))
        if path != migrations and setting.search(path.read_text("utf-8"))
    ] == []


# --- PostgreSQL: a standby that was not reached ---

WARNINGS = [
    "RAISE WARNING 'canceling wait for synchronous replication due to user request'",
    "RAISE WARNING '사용자 요청에 의해 동기식 복제 대기를 취소함'",
    "RAISE WARNING USING ERRCODE = '01000', MESSAGE = 'x'",
    "RAISE WARNING USING ERRCODE = '57P01', MESSAGE = 'x'",
]


@postgresql_only
@pytest.mark.parametrize("warning", WARNINGS)
def test_a_commit_that_no_standby_has_is_not_acknowledged(app, warning):
    with pytest.raises(NotDurable):
        write_autocommit(lambda connection: connection.exec_driver_sql(f"DO $$ BEGIN {warning}; END $$"))
    assert write_autocommit(lambda connection: connection.execute(text("SELECT 1")).scalar()) == 1


@postgresql_only
def test_a_notice_about_something_else_is_ignored(app):
    write_autocommit(
        lambda connection: connection.exec_driver_sql(
            "DO $$ BEGIN RAISE NOTICE 'synchronous replication'; END $$"
        )
    )
    write_autocommit(lambda connection: connection.exec_driver_sql("DROP TABLE IF EXISTS nothing_here"))


@postgresql_only
def test_a_use_case_that_no_standby_has_is_not_acknowledged(app):
    """The warning comes with COMMIT, as the real one does: from a trigger that waits until then."""
    with pytest.raises(NotDurable), transaction() as session:
        session.execute(text("CREATE TEMP TABLE late (x int) ON COMMIT DROP"))
        session.execute(
            text(
                "CREATE FUNCTION pg_temp.warn() RETURNS trigger LANGUAGE plpgsql AS "
                "'BEGIN RAISE WARNING ''canceling wait for synchronous replication''; RETURN NULL; END'"
            )
        )
        session.execute(
            text(
                "CREATE CONSTRAINT TRIGGER warn AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED "
                "FOR EACH ROW EXECUTE FUNCTION pg_temp.warn()"
            )
        )
        session.execute(text("INSERT INTO late VALUES (1)"))
    with transaction() as session:  # the next one on this connection is not blamed
        add(session, "one")
    assert slugs() == ["one"]


# --- A database that is away ---


@pytest.fixture
def doomed(new_database, postgres_server, tmp_path):
    """An application whose database can be taken away and given back."""
    url = new_database("postgresql", "doomed")
    name = url.rpartition("/")[2]
    app = apps.build(tmp_path / "instance", database_url=url)
    with app.app_context():
        campaign()

    def take_away():
        postgres_server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        postgres_server.disconnect_all(name)

    def give_back():
        postgres_server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')

    yield app, take_away, give_back
    apps.dispose(app)
    postgres_server.drop_database(name)


def test_who_signs_while_it_is_away_is_told_that_nothing_was_recorded(doomed):
    app, take_away, give_back = doomed
    client = app.test_client()
    take_away()
    answer = client.post("/en/c/blue-skies/sign", data=sign_form())
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "signature was not recorded" in answer.text
    for path in ("/en/c/blue-skies", "/en/me", f"/en/confirm/{'x' * 50}"):
        assert client.get(path).status_code in (503, 410)
    assert client.get("/en/privacy").status_code == 200
    give_back()
    assert client.post("/en/c/blue-skies/sign", data=sign_form()).status_code == 303


@pytest.mark.parametrize(
    "hosts", ["{user}@127.0.0.1:1,{live}/{name}?", "{user}@/{name}?host=127.0.0.1:1&host={live}&"]
)
def test_the_host_that_takes_writes_is_found_among_several(new_database, app_on, hosts):
    from sqlalchemy.engine import make_url

    url = make_url(new_database("postgresql", "hosts"))
    address = hosts.format(user=url.username, live=f"127.0.0.1:{url.port}", name=url.database)
    app = app_on(f"postgresql://{address}target_session_attrs=read-write")
    with app.app_context():
        campaign("one")
        assert slugs() == ["one"]
