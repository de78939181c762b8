"""Whether the database and the file system accept writes, so that a full disk is noticed before somebody signs."""

import shutil
import threading
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from config import current_config
from pledge.core import clock
from pledge.core.db import NotDurable, db, ensure_durable, is_postgresql, snapshot, write_autocommit
from pledge.core.db.failures import advise

#: Seconds for which a result is cached: monitoring asks often, and each check writes a little.
KEPT_FOR = 10.0
#: Bytes that must be free where pictures, and on one machine the database, are stored.
MIN_FREE = 64 * 1024 * 1024

_kept: "WeakKeyDictionary[Engine, tuple[float, list[str]]]" = WeakKeyDictionary()
_looking = threading.Lock()


def problems() -> list[str]:
    """What prevents writing, in words for the operator; at most a few seconds old."""
    with _looking:
        until, found = _kept.get(db.engine, (0.0, []))
        if clock.monotonic() >= until:
            found = [*_database(), *_folder()]
            _kept[db.engine] = (clock.monotonic() + KEPT_FOR, found)
        return list(found)


def forget() -> None:
    """Drop the cached result."""
    _kept.clear()


def _database() -> list[str]:
    try:
        _write()
    except NotDurable:
        return ["no standby has what is written: people are told that nothing was recorded"]
    except SQLAlchemyError as error:
        return [f"the database takes no writes: {advise(error)}"]
    return []


def _write() -> None:
    if not is_postgresql():
        # Rewrites the first page, unchanged.
        write_autocommit(lambda connection: connection.exec_driver_sql("PRAGMA user_version = 0"))
        return
    with snapshot() as connection:
        # More than fits into work_mem goes to a file beside the tables: there is room for 1 MB or not.
        connection.execute(text("SELECT set_config('work_mem', '64kB', true)"))
        connection.execute(text("SELECT count(*) FROM generate_series(1, 50000)"))
    ensure_durable()


def _folder() -> list[str]:
    free = shutil.disk_usage(current_config().instance_dir).free
    if free < MIN_FREE:
        return [f"the instance folder has {free // 2**20} MB left"]
    return []
