"""Migrations, by Alembic through Flask-Migrate."""

import flask_migrate
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask

from config import ROOT
from pledge.core.db import db

MIGRATIONS = ROOT / "migrations"


class UnknownRevision(Exception):
    """The database was made by another version of the site. `str()` says what to do about it."""


def init_app(app: Flask) -> None:
    flask_migrate.Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True, compare_type=True)


def upgrade() -> None:
    """Bring the database to the newest migration; does nothing when it is there. Raises UnknownRevision."""
    refuse_unknown_revision()
    flask_migrate.upgrade()


def refuse_unknown_revision() -> None:
    """Raise UnknownRevision when the database is at a revision of which there is no migration here."""
    with db.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if current is None or current in known:
        return
    start_anew = (
        f"move the file {db.engine.url.database} away"
        if db.engine.dialect.name == "sqlite"
        else "name an empty database in PLEDGE_DATABASE_URL"
    )
    raise UnknownRevision(
        f"the database is at revision {current}, which this version does not know: another version made it. "
        f"Go on with that version, or start anew: {start_anew}"
    )
