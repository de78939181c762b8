"""The migrations lead to the models, there and back, on both databases."""

import json
from collections.abc import Iterator

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import inspect, text

from pledge import migrating
from pledge.db import db
from pledge.diagnosis.findings import Level
from pledge.diagnosis.guards import guard_findings
from pledge.endorsements.models import Endorsement
from pledge.ledger import leaves, log_queries
from pledge.ledger import queries as ledger
from pledge.ledger.models import LedgerEntry
from pledge.ledger.verify import verify
from pledge.settings import ROOT
from pledge.signatures.models import Signature
from tests.support import apps
from tests.support.factories import endorsement, fold_all, signature


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated(request, new_database, tmp_path) -> Iterator[Flask]:
    """An application on a database of its own, which the test may take apart."""
    app = apps.build(tmp_path, database_url=new_database(request.param, "migrations"))
    with app.app_context():
        migrating.prepare()
        yield app
    apps.dispose(app)


def differences() -> list[object]:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": False}
        )
        return list(compare_metadata(context, db.metadata))


def guards_that_are_gone(app: Flask) -> list[str]:
    found = guard_findings(app.extensions["pledge.settings"])
    return [one.text for one in found if one.level is Level.PROBLEM]


def test_the_newest_migration_is_what_the_models_say(migrated):
    assert differences() == []
    assert guards_that_are_gone(migrated) == []


def test_every_migration_goes_down_and_up_again(migrated):
    flask_migrate.downgrade(revision="base")
    assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
    flask_migrate.upgrade()
    assert differences() == []
    assert guards_that_are_gone(migrated) == []


def test_each_migration_alone_goes_down_and_up_with_rows_in_the_tables(migrated):
    signature()
    fold_all()
    flask_migrate.upgrade()  # nothing to do, and nothing lost
    assert db.session.query(LedgerEntry).count() == 1
    db.session.remove()
    for _ in sorted((ROOT / "migrations" / "versions").glob("*.py")):
        flask_migrate.downgrade(revision="-1")
    flask_migrate.upgrade()
    assert differences() == []
    assert guards_that_are_gone(migrated) == []


def test_what_was_counted_before_there_was_a_log_gets_one_with_receipts_for_whom_it_can(migrated):
    here = signature(email="hong@example.org")
    for state in ("withdrawn", "invalidated", "pending"):
        signature(state=state)
    gone = signature(email="gone@example.org")
    office = endorsement()
    fold_all()
    ids = [here.id, gone.id, office.id]
    campaign_id = here.campaign_id
    db.session.remove()
    flask_migrate.downgrade(revision="0009")
    with db.engine.begin() as connection:
        connection.execute(text("DELETE FROM signatures WHERE id = :id"), {"id": ids[1]})
    flask_migrate.upgrade()

    assert fold_all() == 7
    assert verify(campaign_id, "blue-skies").faults == []
    assert ledger.count(campaign_id).log_size == 7
    row, row_of_office = db.session.get(Signature, ids[0]), db.session.get(Endorsement, ids[2])
    told = [json.loads(line) for line in log_queries.lines(campaign_id, 7)]
    assert told[0]["commitment"] == leaves.commitment(row.salt, "hong@example.org").hex()
    subject = leaves.organization_subject(ids[2])
    assert told[6]["commitment"] == leaves.commitment(row_of_office.salt, subject).hex()
    assert [leaf.get("takes_back") for leaf in told] == [None, None, 1, None, 3, None, None]
    assert len({leaf.get("commitment") for leaf in told}) == 6, "the erased one has a commitment to nothing"
    assert {leaf["pledge"] for leaf in told} == {row_pledge(row)}


def row_pledge(row):
    with db.engine.connect() as connection:
        digest = connection.execute(
            text("SELECT sha256 FROM pledge_texts WHERE id = :id"), {"id": row.pledge_text_id}
        ).scalar_one()
    return bytes(digest).hex()


def test_each_migration_has_the_number_of_its_file_and_they_stand_in_one_line():
    """Several are written side by side, each in a range of numbers of its own, so a number may be left out."""
    script = ScriptDirectory(str(ROOT / "migrations"))
    line = [revision.revision for revision in script.walk_revisions()]
    names = [path.name for path in (ROOT / "migrations" / "versions").glob("*.py")]
    assert len(script.get_heads()) == 1
    assert sorted(line) == sorted(name[:4] for name in names)


def test_a_migration_that_would_tear_rows_apart_changes_nothing(new_database, tmp_path):
    """SQLite makes a changed table anew, with references resting; they are looked at before the end."""
    app = apps.build(tmp_path, database_url=new_database("sqlite", "torn"))
    with app.app_context():
        migrating.prepare()
        flask_migrate.downgrade(revision="0005")
        with db.engine.connect() as connection:
            driver = connection.connection.driver_connection
            driver.execute("PRAGMA foreign_keys=OFF")
            driver.execute("INSERT INTO campaign_texts VALUES (77, 'ko', 'a', 'b', 'c', 'd')")
            driver.execute("PRAGMA foreign_keys=ON")
        with pytest.raises(SystemExit, match="campaign_texts"):
            flask_migrate.upgrade()
        columns = {column["name"] for column in inspect(db.engine).get_columns("campaigns")}
        assert "edited_at" not in columns
    apps.dispose(app)
