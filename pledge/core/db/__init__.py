"""The base class of all models, and the only place where transactions begin and end.

Choose by what the work needs:

* `transaction()`       a session for a use case; all or nothing; refuses to nest.
* `write_autocommit()`  one short piece of work on a bare connection. On PostgreSQL it must be a single statement
                        (autocommit, one round trip); on SQLite it runs inside BEGIN IMMEDIATE.
* `fetch()`             one query that writes nothing and takes no lock; `load()` gives its objects.
* `reading()`           a bare connection for several of them.
* `snapshot()`          the same for many reads that must agree with each other.
"""

import select
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, cast, overload

import psycopg
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, ExceptionContext, Executable, MetaData, Result, Select, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Session, scoped_session
from sqlalchemy.sql.selectable import TypedReturnsRows

from config import Config
from pledge.core import clock, metrics
from pledge.core.db.deadlines import watchdog

T = TypeVar("T")
Columns = TypeVarTuple("Columns")

#: Constraint names are the same on every database, so migrations can name what they drop.
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

SQLITE_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000")

#: How transaction() begins, by database; elsewhere PostgreSQL's connections commit each statement.
_TRANSACTION: dict[str, dict[str, Any]] = {
    "sqlite": {"immediate": True},
    "postgresql": {"isolation_level": "READ COMMITTED"},
}

#: A statement that hangs must not block a thread for ever. The values allow for a slow disk. Nor is any compiled: where
#: PostgreSQL expects many more rows than there are it takes half a second to compile what runs in ten milliseconds.
POSTGRESQL_OPTIONS = (
    "-c statement_timeout=15000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000 -c jit=off"
)


#: Notice a network that has gone silent within seconds; TCP alone takes a quarter of an hour.
POSTGRESQL_NETWORK = {
    "connect_timeout": 2,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
}

#: Seconds. A connection lost after this time was ended by its deadline; a retry would double the wait.
REPEAT_WITHIN = 2.0

#: Seconds by which this machine's clock and the database's may differ: links, codes and leases expire by the clock.
MAX_CLOCK_DIFFERENCE = 5.0

#: Codes of the warning with which PostgreSQL gives up waiting for a standby ("canceling wait for synchronous
#: replication"). By code, because the text comes in the server's language.
NOT_REPLICATED = frozenset({"01000", "57P01"})

#: "cached plan must not change result type": its SQLSTATE, which all that PostgreSQL cannot do has, and the function in it that
#: says so. By these, because the text comes in the server's language.
STALE_STATEMENT = ("0A000", "RevalidateCachedQuery")
#: Key in `Connection.info`: the connection was just opened.
_IS_NEW = "pledge.is_new"

#: SQLite has one writer at a time, and a connection that waits for it polls with growing pauses: with eight threads the file
#: was idle most of the time. The threads of one process wait here instead and are woken at once.
_sqlite_writer = threading.RLock()


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


db = SQLAlchemy(model_class=Base)

# mypy cannot see through `db.Model`; at run time it is the same class with the extension's table naming.
if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


class NotDurable(Exception):
    """PostgreSQL committed on the primary only, although a standby is required: do not acknowledge it."""


class NestedTransaction(RuntimeError):
    """A use case called another one. The inner one would be committed by the outer."""


def engine_options(config: Config) -> dict[str, Any]:
    """Options for the engine. Parameters are hidden, so that no error text contains an address."""
    options: dict[str, Any] = {"hide_parameters": True}
    if config.uses_sqlite:
        return options
    return options | {
        # One statement is one transaction unless transaction() asks for more: no BEGIN and COMMIT to send, and nothing
        # to roll back when a connection is handed back.
        "isolation_level": "AUTOCOMMIT",
        "skip_autocommit_rollback": True,
        "pool_size": config.pool_size,
        "max_overflow": config.pool_size,
        "pool_timeout": 3,
        "connect_args": {**POSTGRESQL_NETWORK, "options": POSTGRESQL_OPTIONS},
    }


def init_app(app: Flask, config: Config) -> None:
    """Bind the database. On PostgreSQL the statements of a request have a deadline (deadlines.py)."""
    app.config["SQLALCHEMY_DATABASE_URI"] = config.sqlalchemy_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(config)
    db.init_app(app)
    with app.app_context():
        (_listen_sqlite if config.uses_sqlite else _listen_postgresql)(db.engine)
        if not config.uses_sqlite:
            watchdog.watch(db.engine)
        metrics.watch_connections(db.engine)


@contextmanager
def transaction() -> Iterator[Session]:
    """A session. It is committed when the block ends and rolled back when the block raises."""
    session = cast("scoped_session[Session]", db.session)()
    if session.info.get("in_use_case"):
        raise NestedTransaction
    session.info["in_use_case"] = True
    try:
        session.rollback()  # ends a read that an earlier query of this request began: it would hold an old snapshot
        with _turn_to_write():
            session.connection(execution_options=_TRANSACTION[_dialect()])
            yield session
            session.flush()
            with _durable(session.connection()):
                session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info["in_use_case"] = False


def write_autocommit(work: Callable[[Connection], T]) -> T:
    """Run `work` on a connection of its own. It must be safe to repeat: after a lost connection it is retried once.

    The repeat spares a visitor the 503 page after a restart of PostgreSQL, when every pooled connection is dead.
    """
    began = clock.monotonic()
    try:
        return _write(work)
    except DBAPIError as error:
        if not error.connection_invalidated or clock.monotonic() - began > REPEAT_WITHIN:
            raise
        return _write(work)


def ensure_durable() -> None:
    """Wait until the standby has all earlier commits. Raises NotDurable.

    For a use case that finds its work done and writes nothing: the commit that did it may have been answered "not recorded".
    On SQLite a visible commit is on the disk.
    """
    if is_postgresql():
        # A record that nobody reads. Standbys receive the log in order, so they then have all that precedes it.
        write_autocommit(
            lambda connection: connection.execute(
                text("SELECT pg_logical_emit_message(true, 'pledge', '')")
            ).scalar_one()
        )


def is_postgresql() -> bool:
    """Whether the database of the current application is PostgreSQL; else it is SQLite."""
    return _dialect() == "postgresql"


def _write(work: Callable[[Connection], T]) -> T:
    if _dialect() == "sqlite":
        with (
            _turn_to_write(),
            db.engine.connect().execution_options(immediate=True) as connection,
            connection.begin(),
        ):
            return work(connection)
    with db.engine.connect() as connection, _durable(connection):
        return work(connection)


@contextmanager
def reading() -> Iterator[Connection]:
    """A connection for reads: without a transaction on PostgreSQL, with one snapshot on SQLite."""
    with db.engine.connect() as connection:
        yield connection


@overload
def fetch(query: TypedReturnsRows[*Columns], values: Mapping[str, Any] | None = None) -> Result[*Columns]: ...
@overload
def fetch(query: Executable, values: Mapping[str, Any] | None = None) -> Result[*tuple[Any, ...]]: ...
def fetch(query: Executable, values: Mapping[str, Any] | None = None) -> Result[*tuple[Any, ...]]:
    """The complete result of one query. `values`: its parameters."""
    with reading() as connection:
        return connection.execute(query, values).freeze()()


def load(query: Select[T]) -> list[T]:
    """The objects of a query, detached from the session."""
    with Session(db.engine) as session:
        return list(session.scalars(query))


@contextmanager
def snapshot() -> Iterator[Connection]:
    """A connection for reads that must agree: all see the database as it was at the first one."""
    options = {} if _dialect() == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with db.engine.connect().execution_options(**options) as connection:
        yield connection


def clock_difference() -> float:
    """Seconds by which the database's clock is ahead of this machine's, negative when behind; 0 on SQLite.

    The time that the query takes is subtracted in the clocks' favour.
    """
    if not is_postgresql():
        return 0.0
    with reading() as connection:
        before = clock.machine_time()
        theirs: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        after = clock.machine_time()
    if theirs < before:
        return (theirs - before).total_seconds()
    return max(0.0, (theirs - after).total_seconds())


def _dialect() -> str:
    return db.engine.dialect.name


def _turn_to_write() -> AbstractContextManager[object]:
    return _sqlite_writer if _dialect() == "sqlite" else nullcontext()


@contextmanager
def _durable(connection: Connection) -> Iterator[None]:
    """Raise NotDurable if the standby did not confirm the commit inside the block (SQLSTATE 01000)."""
    notices: list[str] | None = connection.connection.info.get("notices") if connection.connection else None
    if notices is None:
        yield
        return
    notices.clear()
    yield
    if not NOT_REPLICATED.isdisjoint(notices):
        raise NotDurable


def _listen_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # stops the driver's own BEGIN; ours is below
        for pragma in SQLITE_PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that turns to writing fails at once when another wrote meanwhile; the busy
        # timeout does not apply to it. So a transaction that writes says so when it begins.
        immediate = connection.get_execution_options().get("immediate")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _listen_postgresql(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, record: Any) -> None:
        notices: list[str] = []
        record.info["notices"] = notices
        record.info[_IS_NEW] = True
        connection.add_notice_handler(lambda notice: notices.append(notice.sqlstate or ""))

    @event.listens_for(engine, "checkout")
    def _checkout(connection: Any, record: Any, _proxy: Any) -> None:
        # A server that went away has closed the idle socket; polling it costs no round trip, as a ping would. One that
        # closes new connections too (it shuts down) is found out by the statement: its error says that the database is away.
        if record.info.pop(_IS_NEW, False):
            return
        waiting = select.poll()
        waiting.register(connection.fileno(), select.POLLIN)
        if waiting.poll(0):
            raise DisconnectionError

    @event.listens_for(engine, "handle_error")
    def _error(context: ExceptionContext) -> None:
        # A migration has changed what a prepared statement returns: a new connection prepares it anew.
        error = context.original_exception
        if (
            isinstance(error, psycopg.Error)
            and (error.sqlstate, error.diag.source_function) == STALE_STATEMENT
        ):
            context.is_disconnect = True


def insert_into(connection: Connection, model: type[Model]) -> postgresql.Insert | sqlite.Insert:
    """INSERT of the connection's dialect, which has ON CONFLICT."""
    return sqlite.insert(model) if connection.dialect.name == "sqlite" else postgresql.insert(model)
