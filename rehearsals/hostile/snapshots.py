"""The rows of a database as they were, to go on from again after a form was taken."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Protocol

from flask import Flask

from pledge.core.db import db
from tests.support import apps
from tests.support.postgres import Server


class Snapshot(Protocol):
    def restore(self, app: Flask) -> None: ...


class SqliteSnapshot:
    """Of an SQLite database."""

    def __init__(self, folder: Path) -> None:
        self._kept = folder / "snapshot.sqlite3"
        db.session.rollback()
        with closing(sqlite3.connect(_name())) as live, closing(sqlite3.connect(self._kept)) as kept:
            live.backup(kept)

    def restore(self, app: Flask) -> None:
        db.session.rollback()
        db.engine.dispose()
        with closing(sqlite3.connect(_name())) as live, closing(sqlite3.connect(self._kept)) as kept:
            kept.backup(live)
        apps.forget_caches(app)


class PostgresSnapshot:
    """Of a PostgreSQL database."""

    def __init__(self, server: Server) -> None:
        self._server, self._name = server, _name()
        self._kept = f"{self._name}_kept"
        _let_go()
        server.create_database(self._kept, self._name)

    def restore(self, app: Flask) -> None:
        _let_go()
        self._server.create_database(self._name, self._kept)
        apps.forget_caches(app)


def _let_go() -> None:
    """A database that somebody is connected to is not copied."""
    db.session.rollback()
    db.engine.dispose()


def _name() -> str:
    return str(db.engine.url.database)
