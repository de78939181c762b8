"""No migration keeps people waiting on a large table (pledge/core/db/migrations.py), and an interrupted one can be run again."""

import flask_migrate
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import event, text

from pledge.core.db import db, migrations
from tests.support import apps
from tests.support.migrations import SMALL, differences, faults, recorded


@pytest.fixture
def empty(new_database, tmp_path):
    """An application on a PostgreSQL database without tables."""
    app = apps.build(tmp_path, database_url=new_database("postgresql", "locks"))
    with app.app_context():
        flask_migrate.downgrade(revision="base")
        yield app
    apps.dispose(app)


def revisions():
    script = ScriptDirectory(str(migrations.MIGRATIONS))
    return [revision.revision for revision in script.walk_revisions()][::-1]


def files_of_tables():
    """Where PostgreSQL keeps each table; a table that is rewritten gets another file."""
    with db.engine.connect() as connection:
        kept = connection.execute(
            text(
                "SELECT relname, relfilenode FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            )
        )
        return dict(kept.all())


def test_no_migration_locks_a_large_table_for_long(empty):
    with recorded(db.engine) as made:
        flask_migrate.upgrade()
    assert list(made) == revisions()
    assert {
        revision: problems for revision, statements in made.items() if (problems := faults(statements))
    } == {}


def test_no_migration_rewrites_a_large_table(empty):
    rewritten = {}
    flask_migrate.upgrade(revision=revisions()[0])
    for revision in revisions()[1:]:
        before = files_of_tables()
        flask_migrate.upgrade(revision=revision)
        after = files_of_tables()
        changed = {name for name in before.keys() & after.keys() if before[name] != after[name]}
        rewritten[revision] = changed - SMALL
    assert {revision: tables for revision, tables in rewritten.items() if tables} == {}


class Interrupted(Exception):
    pass


def test_a_migration_that_was_interrupted_can_be_run_again(empty):
    """At its end, when all that commits by itself is done and the rest is rolled back."""
    for revision in revisions():

        def interrupt(_connection, _cursor, sql, *_, revision=revision):
            if f"'{revision}'" in sql and "alembic_version" in sql:
                raise Interrupted

        event.listen(db.engine, "before_cursor_execute", interrupt)
        with pytest.raises(Interrupted):
            flask_migrate.upgrade(revision=revision)
        event.remove(db.engine, "before_cursor_execute", interrupt)
        flask_migrate.upgrade(revision=revision)
    assert differences() == []


def test_a_migration_gives_up_when_a_table_is_in_use_and_says_so(empty):
    flask_migrate.upgrade(revision="0002")
    reading = db.engine.connect().execution_options(isolation_level="READ COMMITTED")
    with reading as reader, reader.begin():
        reader.execute(text("LOCK TABLE signatures IN ACCESS SHARE MODE"))
        with pytest.raises(SystemExit, match="run it again"):
            flask_migrate.upgrade(revision="0003")
    flask_migrate.upgrade()
    assert differences() == []
