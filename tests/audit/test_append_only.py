"""Nothing in the audit log can be changed or removed: not by the application, and on PostgreSQL not by its role."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from config import Env
from pledge.audit import chain
from pledge.core.db import db
from pledge.diagnosis import Severity
from pledge.diagnosis.database import guard_findings
from tests.support.audit import acts

CHANGES = (
    "UPDATE audit_entries SET reason = 'another'",
    "UPDATE audit_entries SET reason = reason WHERE id = -1",
    "DELETE FROM audit_entries",
)


def run(statement: str) -> None:
    with db.engine.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize("statement", CHANGES)
def test_an_entry_is_neither_changed_nor_removed(app, statement):
    acts(2)
    if db.engine.dialect.name == "sqlite" and "id = -1" in statement:
        run(statement)  # a trigger of SQLite runs for each row, and there is none
        return
    with pytest.raises(DBAPIError, match="append-only"):
        run(statement)
    assert chain.verify().count == 2


@pytest.mark.sqlite_only
def test_an_entry_is_not_replaced(app):
    acts(2)
    with pytest.raises(DBAPIError, match="append-only"):
        run("INSERT OR REPLACE INTO audit_entries SELECT * FROM audit_entries WHERE id = 1")
    assert chain.verify().faults == []


@pytest.mark.postgresql_only
def test_the_log_is_not_truncated(app):
    acts(1)
    with pytest.raises(DBAPIError, match="append-only"):
        run("TRUNCATE audit_entries")


def test_two_entries_cannot_follow_the_same_one(app):
    acts(2)
    with pytest.raises(DBAPIError):
        run("""
            INSERT INTO audit_entries (at, actor, network, action, subject, reason, details, previous_hash, hash)
            SELECT at, actor, network, action, subject, 'another', details, previous_hash, hash
              FROM audit_entries ORDER BY id DESC LIMIT 1""")


# --- The role of the application on PostgreSQL ---


@pytest.fixture
def restricted(three_roles):
    """The application of the worker, whose role may do most of those that serve (tests/ledger/test_stolen_web_role.py)."""
    with three_roles.worker.app_context():
        yield three_roles.worker
        db.session.remove()


@pytest.fixture
def as_owner(three_roles):
    """A statement by the owner of the tables."""

    def run_it(statement):
        with three_roles.owner.app_context():
            run(statement)

    return run_it


#: What the role of the application may not do.
FORBIDDEN = (
    *CHANGES,
    "TRUNCATE audit_entries",
    "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
    "DROP TRIGGER audit_entries_append_only ON audit_entries",
    "SET session_replication_role = replica",
    "UPDATE ledger_entries SET delta = -delta",
    "DELETE FROM ledger_entries",
    "TRUNCATE ledger_entries",
    "UPDATE ledger_entries SET commitment = NULL, delta = -1",
    "UPDATE checkpoints SET people = people + 1",
    "DELETE FROM checkpoints",
    "TRUNCATE checkpoints CASCADE",
    "UPDATE log_keys SET since = now()",
    "DELETE FROM log_keys",
    "DELETE FROM log_tiles",
    "TRUNCATE log_tiles",
    "UPDATE log_tiles SET level = 7",
    "ALTER TABLE ledger_entries DISABLE TRIGGER ALL",
    "DROP TRIGGER ledger_entries_no_delete ON ledger_entries",
    "UPDATE alembic_version SET version_num = '0001'",
)


def test_the_role_of_the_application_lacks_the_right(restricted):
    acts(1)
    for statement in FORBIDDEN:
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
            run(statement)
            pytest.fail(f"allowed: {statement}")
    assert chain.verify().count == 1


def test_the_role_of_the_application_cannot_give_itself_the_right(restricted):
    acts(1)
    run("GRANT ALL ON audit_entries, ledger_entries TO CURRENT_USER")  # PostgreSQL only warns
    with pytest.raises(DBAPIError, match="permission denied"):
        run("DELETE FROM audit_entries")


# --- What the doctor says ---


def test_the_doctor_warns_when_the_role_could_change_what_was_published(restricted, as_owner):
    for table in ("checkpoints", "log_keys"):
        as_owner(f"GRANT UPDATE ON {table} TO pledge_worker")
        ((level, text),) = findings(restricted, Env.PRODUCTION)
        assert (level, "what is published" in text) == (Severity.WARNING, True), table
        as_owner(f"REVOKE UPDATE ON {table} FROM pledge_worker")


def test_the_doctor_warns_when_the_web_server_could_write_what_is_signed(restricted, as_owner):
    for right in ("INSERT ON checkpoints", "UPDATE (number) ON ledger_entries", "UPDATE ON tallies"):
        as_owner(f"GRANT {right} TO pledge")
        ((level, text),) = findings(restricted, Env.PRODUCTION)
        assert (level, "may write what the worker signs" in text) == (Severity.WARNING, True), right
        as_owner(f"REVOKE {right} FROM pledge")


def findings(app, env=Env.DEVELOPMENT):
    settings = app.extensions["pledge.config"].model_copy(update={"env": env})
    return [(finding.level, finding.text) for finding in guard_findings(settings)]


@pytest.mark.postgresql_only
def test_the_doctor_warns_in_production_when_the_role_could_change_the_log(app):
    ((level, text),) = findings(app, Env.PRODUCTION)
    assert (level, "owns audit_entries" in text) == (Severity.WARNING, True)


def test_the_doctor_is_content_with_a_role_that_can_only_append(restricted):
    ((level, text),) = findings(restricted)
    assert (level, text) == (
        Severity.OK,
        "this role can only append, and the web server's signs nothing",
    )
