"""Migrations, by Alembic through Flask-Migrate; only who migrates loads them."""

import flask_migrate
from flask import current_app

from pledge.db import db
from pledge.settings import ROOT

MIGRATIONS = ROOT / "migrations"


def prepare() -> None:
    """Make the current application one that can be migrated."""
    if "migrate" not in current_app.extensions:
        migrate = flask_migrate.Migrate(render_as_batch=True, compare_type=True)
        migrate.init_app(current_app, db, directory=str(MIGRATIONS))


def upgrade() -> None:
    """Bring the database to the newest migration; does nothing when it is there."""
    prepare()
    flask_migrate.upgrade()
