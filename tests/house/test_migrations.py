"""The migrations lead to the models, there and back, on both databases."""

import shutil
from collections.abc import Iterator

import flask_migrate
import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import inspect, text

from config import ROOT
from pledge.campaigns import staff_queries
from pledge.core.db import db, migrations
from pledge.core.languages import Texts
from pledge.diagnosis import Severity
from pledge.diagnosis.database import guard_findings
from pledge.ledger.models import LedgerEntry
from tests.support import apps, deliveries
from tests.support.factories import SLUG, campaign, fold_all, signature
from tests.support.migrations import differences
from tests.support.run import free_port


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated(request, new_database, tmp_path) -> Iterator[Flask]:
    """An application on a database of its own, which the test may take apart."""
    app = apps.build(tmp_path, database_url=new_database(request.param, "migrations"))
    with app.app_context():
        yield app
    apps.dispose(app)


def guards_that_are_gone(app: Flask) -> list[str]:
    findings = guard_findings(app.extensions["pledge.config"])
    return [finding.text for finding in findings if finding.level is Severity.PROBLEM]


def test_the_newest_migration_is_what_the_models_say(migrated):
    assert differences() == []
    assert guards_that_are_gone(migrated) == []


def test_the_migrations_go_down_and_up_again_with_rows_in_the_tables(migrated):
    signature()
    fold_all()
    flask_migrate.upgrade()  # nothing to do, and nothing lost
    assert db.session.query(LedgerEntry).count() == 1
    db.session.remove()
    flask_migrate.downgrade(revision="base")
    assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
    flask_migrate.upgrade()
    assert differences() == []
    assert guards_that_are_gone(migrated) == []


def test_the_texts_of_a_campaign_go_to_a_table_of_their_own_and_back(migrated):
    before = campaign(who_may_sign=Texts(en="Everyone")).texts
    db.session.remove()
    flask_migrate.downgrade(revision="0081")
    with db.engine.connect() as connection:
        rows = connection.execute(text("SELECT lang, title, who_may_sign FROM campaign_texts ORDER BY lang"))
        assert rows.all() == [("en", "Blue Skies", "Everyone"), ("ko", "푸른 하늘", "")]
    flask_migrate.upgrade()
    assert staff_queries.desk(SLUG).texts == before


def test_the_answer_of_a_delivery_becomes_its_first_version_and_the_newest_one_goes_back(migrated):
    signature()
    number = deliveries.answered(ko="옛 답변", en="")
    deliveries.correct(number, "새 답변", "A new answer")
    before = deliveries.row(number).answer
    db.session.remove()
    flask_migrate.downgrade(revision="0103")
    db.session.remove()
    flask_migrate.upgrade()
    (version,) = deliveries.row(number).answers
    assert (version.state, version.original, version.answer) == ("published", "ko", before)


def test_each_migration_has_the_number_of_its_file_and_they_stand_in_one_line():
    """Several are written side by side, each in a range of numbers of its own, so a number may be left out."""
    script = ScriptDirectory(str(ROOT / "migrations"))
    line = [revision.revision for revision in script.walk_revisions()]
    names = [path.name for path in (ROOT / "migrations" / "versions").glob("*.py")]
    assert len(script.get_heads()) == 1
    assert sorted(line) == sorted(name[:4] for name in names)


_TORN = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{newest}"


def upgrade():
    with op.batch_alter_table("campaigns") as batch_op:
        batch_op.add_column(sa.Column("torn", sa.Integer()))
"""


def test_a_migration_that_would_tear_rows_apart_changes_nothing(new_database, tmp_path, monkeypatch):
    """SQLite makes a changed table anew, with references resting; they are looked at before the end."""
    with_one_more = tmp_path / "migrations"
    shutil.copytree(migrations.MIGRATIONS, with_one_more)
    newest = ScriptDirectory(str(with_one_more)).get_current_head()
    (with_one_more / "versions" / "9999_torn.py").write_text(_TORN.format(newest=newest))
    monkeypatch.setattr(migrations, "MIGRATIONS", with_one_more)
    app = apps.build(tmp_path, database_url=new_database("sqlite", "torn"))
    with app.app_context():
        with db.engine.connect() as connection:
            driver = connection.connection.driver_connection
            driver.execute("PRAGMA foreign_keys=OFF")
            driver.execute("INSERT INTO tallies VALUES (77, 'person', 'total', '', 1)")
            driver.execute("PRAGMA foreign_keys=ON")
        with pytest.raises(SystemExit, match="tallies"):
            migrations.upgrade()
        columns = {column["name"] for column in inspect(db.engine).get_columns("campaigns")}
        assert "torn" not in columns
        with db.engine.begin() as connection:
            connection.execute(text("DELETE FROM tallies"))
        migrations.upgrade()
        columns = {column["name"] for column in inspect(db.engine).get_columns("campaigns")}
        assert "torn" in columns
    apps.dispose(app)


def test_a_database_of_another_version_is_refused_with_a_sentence_that_says_how_to_start_anew(migrated):
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(migrations.UnknownRevision, match="revision 9999, which this version does not know"):
        migrations.upgrade()
    output = migrated.test_cli_runner().invoke(args=["serve", "--port", str(free_port())]).output
    assert "start anew" in output
    assert "Traceback" not in output
