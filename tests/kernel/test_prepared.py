"""The statements of a launch day, prepared once for each connection: values arrive as they are, errors as errors."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pledge.db import NotDurable, db, run_once, transaction, write_once
from pledge.prepared import BOOLEAN, BYTES, INTEGER, MOMENT, TEXT, Prepared
from tests.support.factories import campaign, sign_form

pytestmark = pytest.mark.postgresql_only

MOST = 2**63 - 1
VALUES = [
    (TEXT, "text", "", "''"),
    (TEXT, "text", "홍길동's \\ $1 :name", r"'홍길동''s \ $1 :name'"),
    (BYTES, "bytea", b"", r"'\x'::bytea"),
    (BYTES, "bytea", b"\0\xff'\\", r"'\x00ff275c'::bytea"),
    (INTEGER, "bigint", MOST, str(MOST)),
    (INTEGER, "bigint", -1, "-1"),
    (BOOLEAN, "boolean", True, "true"),
    (BOOLEAN, "boolean", False, "false"),
    (
        MOMENT,
        "timestamptz",
        datetime(2026, 11, 25, 1, 2, 3, 456789, tzinfo=UTC),
        "'2026-11-25 10:02:03.456789+09'::timestamptz",
    ),
]


@pytest.mark.parametrize(("kind", "sql_type", "value", "literal"), VALUES)
def test_a_value_arrives_as_it_is(app, kind, sql_type, value, literal):
    with db.engine.connect() as connection:
        shown, written = connection.exec_driver_sql(f"SELECT ({literal})::text, {literal}").one()
    assert written == value
    found = Prepared(
        f"SELECT 1 WHERE CAST(:value AS {sql_type}) = CAST(:same AS {sql_type})"
        f" AND CAST(:none AS {sql_type}) IS NULL",
        {"value": kind, "same": TEXT, "none": kind},
    )
    assert run_once(found, {"value": value, "same": shown, "none": None})


def test_it_tells_whether_there_was_a_row(app):
    statement = Prepared("SELECT 1 WHERE :a = :b AND :a > CAST('0' AS bigint)", {"a": INTEGER, "b": INTEGER})
    assert run_once(statement, {"a": 5, "b": 5})
    assert not run_once(statement, {"a": 5, "b": 6})


def test_a_cast_of_postgresql_is_no_value(app):
    assert run_once(Prepared("SELECT 1 WHERE '7'::int = :n", {"n": INTEGER}), {"n": 7})


def test_an_error_of_the_server_is_told_apart_and_leaves_the_connection_whole(app):
    divides = Prepared("SELECT 1 / :n", {"n": INTEGER})
    with pytest.raises(DBAPIError) as met:
        run_once(divides, {"n": 0})
    assert met.value.orig.sqlstate == "22012"
    assert not met.value.connection_invalidated
    assert run_once(divides, {"n": 1})


def test_an_error_carries_no_values(app):
    strict = Prepared("SELECT CAST(:value AS integer)", {"value": TEXT})
    with pytest.raises(DBAPIError) as met:
        run_once(strict, {"value": "hong@naver.com"})
    assert met.value.params is None
    assert "hong" not in str(met.value.statement)


def test_signing_goes_on_after_the_driver_has_dropped_what_was_prepared(app, client):
    """psycopg does that after a rollback: on a connection of the pool, so of whoever signs next."""
    campaign()
    assert client.post("/ko/c/blue-skies/sign", data=sign_form()).status_code == 303
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), transaction() as session:
            session.execute(text("SELECT 1"))
            raise ZeroDivisionError
        write_once(lambda connection: connection.exec_driver_sql("DEALLOCATE ALL"))
        assert client.post("/ko/c/blue-skies/sign", data=sign_form()).status_code == 303


def test_a_statement_that_no_standby_has_is_not_acknowledged(app):
    write_once(
        lambda connection: connection.exec_driver_sql(
            "CREATE OR REPLACE FUNCTION warns() RETURNS int LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE WARNING 'canceling wait for synchronous replication'; RETURN 1; END $$"
        )
    )
    try:
        with pytest.raises(NotDurable):
            run_once(Prepared("SELECT warns()", {}), {})
        assert run_once(Prepared("SELECT 1", {}), {})
    finally:
        write_once(lambda connection: connection.exec_driver_sql("DROP FUNCTION warns"))


def test_a_lost_connection_is_tried_once_more(app, postgres_server):
    statement = Prepared("SELECT 1", {})
    assert run_once(statement, {})
    postgres_server.disconnect_all(db.engine.url.database)
    assert run_once(statement, {})
