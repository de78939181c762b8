"""Whether what is written finds room: a full disk is noticed before somebody signs, not by it."""

import shutil
import threading
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from config import current_config
from pledge.core import clock
from pledge.core.db import NotDurable, db, is_postgresql, snapshot, write_autocommit

#: Seconds for which an answer is good: whoever watches asks often, and each look writes a little.
KEPT_FOR = 10.0
#: Free bytes where the pictures, and on one machine the database, lie.
MIN_FREE = 64 * 1024 * 1024

_kept: "WeakKeyDictionary[Engine, tuple[float, list[str]]]" = WeakKeyDictionary()
_looking = threading.Lock()


def problems() -> list[str]:
    """What stands against writing, in words for the operator; at most a few seconds old."""
    with _looking:
        until, found = _kept.get(db.engine, (0.0, []))
        if clock.monotonic() >= until:
            found = [*_database(), *_folder()]
            _kept[db.engine] = (clock.monotonic() + KEPT_FOR, found)
        return list(found)


def forget() -> None:
    """As if nobody had looked yet."""
    _kept.clear()


def _database() -> list[str]:
    try:
        _write()
    except NotDurable:
        return ["no standby has what is written: people are told that nothing was recorded"]
    except SQLAlchemyError as error:
        return [f"the database takes no writes ({type(error).__name__}): is its disk full?"]
    return []


def _write() -> None:
    if not is_postgresql():
        # Writes the first page anew, as it is.
        write_autocommit(lambda connection: connection.exec_driver_sql("PRAGMA user_version = 0"))
        return
    with snapshot() as connection:
        # More than its memory holds goes to a file beside the tables: 1 MB of room is found or not.
        connection.execute(text("SELECT set_config('work_mem', '64kB', true)"))
        connection.execute(text("SELECT count(*) FROM generate_series(1, 50000)"))
    # A record in the write-ahead log that nobody reads, on the disk and on the standby as any commit.
    write_autocommit(
        lambda connection: connection.execute(
            text("SELECT pg_logical_emit_message(true, 'pledge.readyz', '')")
        ).scalar_one()
    )


def _folder() -> list[str]:
    free = shutil.disk_usage(current_config().instance_dir).free
    if free < MIN_FREE:
        return [f"the instance folder has {free // 2**20} MB left"]
    return []
