"""Deadlines for the statements of a request on PostgreSQL, enforced by this process.

`statement_timeout` ends a slow statement. It ends neither a COMMIT that waits for a lost standby nor a statement on a stopped
or unreachable server, whose reply libpq awaits for ever. So a thread watches the running statements. It cancels one past its
deadline on the server; a COMMIT then ends with the warning that db/__init__.py turns into NotDurable. If that does not help, it
shuts the socket down, and the caller gets the error of a lost connection.
"""

import os
import socket
import threading
from dataclasses import dataclass
from typing import Any

import psycopg
from flask import has_request_context
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, event

from pledge.core import clock
from pledge.core.logs import log

#: Seconds for a statement of a request, unless it has the execution option `deadline` with more.
SECONDS = 8.0
#: Seconds for the server to accept a cancellation, and again to act on it.
GRACE = 1.0
#: Seconds without further cancellations after a server did not accept one.
SILENCE = 5.0
#: Seconds between checks.
INTERVAL = 0.25

#: In `Connection.info`: whether its last statement was one of a request.
_IN_REQUEST = "pledge.in_request"

Driver = psycopg.Connection[Any]


@dataclass
class _Statement:
    connection: Driver
    due: float
    is_cancelled: bool = False


class Watchdog:
    """Ends statements of this process that are past their deadline; its thread starts with the first statement."""

    def __init__(self) -> None:
        self._statements: dict[int, _Statement] = {}
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._start = threading.Lock()
        self._silent_until = 0.0

    def watch(self, engine: Engine) -> None:
        """Give every statement of a request a deadline. Commands and the worker may take as long as they need."""
        Connecting().watch(engine)

        @event.listens_for(engine, "before_cursor_execute")
        def _before(
            connection: Connection, _cursor: Any, _text: Any, _values: Any, context: Any, _many: Any
        ) -> None:
            # A transaction ends as it began: its last rollback may come after the request has ended.
            connection.info[_IN_REQUEST] = has_request_context()
            options = context.execution_options if context is not None else {}
            self._begin(connection, float(options.get("deadline", SECONDS)))

        @event.listens_for(engine, "after_cursor_execute")
        def _after(connection: Connection, *_: Any) -> None:
            self._end(connection.connection.driver_connection)

        @event.listens_for(engine, "commit")
        def _commit(connection: Connection) -> None:
            self._begin(connection, SECONDS)

        @event.listens_for(engine, "rollback")
        def _rollback(connection: Connection) -> None:
            if not connection.invalidated:
                self._begin(connection, SECONDS)

        @event.listens_for(engine, "checkin")
        def _checkin(connection: Any, _record: Any) -> None:
            self._end(connection)

        @event.listens_for(engine, "close")
        def _close(connection: Any, _record: Any) -> None:
            self._end(connection)

    def _begin(self, connection: Connection, seconds: float) -> None:
        if not connection.info.get(_IN_REQUEST):
            return
        driver: Any = connection.connection.driver_connection
        self._statements[id(driver)] = _Statement(driver, clock.monotonic() + seconds)
        if self._pid != os.getpid():
            self._run_thread()

    def _end(self, driver: object) -> None:
        self._statements.pop(id(driver), None)

    def _run_thread(self) -> None:
        """Start the thread, once in each process: a fork inherits no threads."""
        with self._start:
            if self._pid != os.getpid():
                self._pid = os.getpid()
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(INTERVAL):
            try:
                self.end_overdue()
            except Exception as error:  # noqa: BLE001  # the thread must survive any error
                log.error("deadlines: a look failed", exc_info=error)

    def end_overdue(self) -> None:
        """End the statements that are past their deadline."""
        for key, statement in self._statements.copy().items():
            # An idle connection has no deadline.
            if clock.monotonic() < statement.due or not _is_waiting(statement.connection):
                continue
            if not statement.is_cancelled and self._cancels(statement.connection):
                statement.is_cancelled = True
                statement.due = clock.monotonic() + GRACE
            elif self._statements.get(key) is statement:
                log.error("database silent: connection given up")
                _shut_down(statement.connection)
                self._end(statement.connection)

    def _cancels(self, connection: Driver) -> bool:
        """Whether the server took the cancellation."""
        if clock.monotonic() < self._silent_until:
            return False
        try:
            connection.cancel_safe(timeout=GRACE)
        except psycopg.Error:
            self._silent_until = clock.monotonic() + SILENCE
            return False
        return True


def _is_waiting(connection: Driver) -> bool:
    return not connection.closed and connection.info.transaction_status == TransactionStatus.ACTIVE


def _shut_down(connection: Driver) -> None:
    try:
        with socket.socket(fileno=os.dup(connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)
    except (OSError, psycopg.Error):
        pass  # it has already ended


class Connecting:
    """Open connections. While the server does not answer, only one thread at a time tries."""

    def __init__(self) -> None:
        self._is_silent = False
        self._trying = threading.Lock()

    def watch(self, engine: Engine) -> None:
        @event.listens_for(engine, "do_connect")
        def _connect(_dialect: Any, _record: Any, arguments: Any, options: Any) -> Driver:
            if not self._is_silent:
                return self._open(arguments, options)
            if not self._trying.acquire(blocking=False):
                raise psycopg.errors.ConnectionTimeout("the server is silent")
            try:
                return self._open(arguments, options)
            finally:
                self._trying.release()

    def _open(self, arguments: Any, options: Any) -> Driver:
        try:
            connection = psycopg.connect(*arguments, **options)
        except psycopg.errors.ConnectionTimeout:
            self._is_silent = True
            raise
        except psycopg.Error:
            self._is_silent = False
            raise
        self._is_silent = False
        return connection


watchdog = Watchdog()
