"""A real PostgreSQL from Debian's package, started for the run on a free port.

PostgreSQL refuses to run as root, so as root everything is done as the user `postgres`.
"""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.support.programs import installed
from tests.support.run import free_port
from tests.support.waiting import wait_until

USER = "postgres"

#: The data is thrown away, so the disk need not be waited for; the bench turns this on.
WITHOUT_DISK = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off")


def binaries() -> Path:
    """The folder of the newest PostgreSQL that is installed."""
    return Path(installed("postgresql")).resolve().parent


@dataclass(frozen=True)
class Server:
    """A running server, known by its data folder and port."""

    data: Path
    port: int

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement outside any transaction, as CREATE DATABASE wants it."""
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user=USER, dbname=database, autocommit=True
        ) as connection:
            cursor = connection.execute(statement)  # type: ignore[arg-type]  # a test's own text
            return cursor.fetchall() if cursor.description else []

    def run_script(self, path: Path, database: str) -> bool:
        """Run a file with words of psql in it, as `postgres`; whether it went through."""
        address = ["--host=127.0.0.1", f"--port={self.port}", f"--username={USER}", f"--dbname={database}"]
        command = [str(binaries() / "psql"), "--quiet", "--no-psqlrc", *address, f"--file={path}"]
        return subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode == 0

    def create_database(self, name: str, template: str | None = None) -> str:
        self.drop_database(name)
        copied = f' TEMPLATE "{template}" STRATEGY file_copy' if template else ""
        self.execute(f'CREATE DATABASE "{name}"{copied}')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def disconnect_all(self, database: str) -> None:
        """Cut every connection to a database, as a restart of the server would."""
        self.execute(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{database}'"
        )

    @property
    def pid(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split()[0])

    @property
    def processes(self) -> list[int]:
        return [self.pid, *children(self.pid)]

    def freeze(self) -> None:
        """All of it: connections stay open, and nothing answers."""
        for pid in self.processes:
            send_signal(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in self.processes:
            send_signal(pid, signal.SIGCONT)

    def kill(self) -> None:
        """Kill -9 to all of it, as when the machine loses its power; only what was written is there afterwards."""
        pids = self.processes
        for pid in pids:
            send_signal(pid, signal.SIGKILL)
        wait_until(lambda: not any(map(is_alive, pids)), "PostgreSQL does not end")

    def stop(self) -> None:
        """Also one that is frozen, or has ended."""
        with suppress(FileNotFoundError):
            pid = self.pid
            self.thaw()
            send_signal(pid, signal.SIGINT)  # the fast shutdown: open connections are cut
            wait_until(lambda: not is_alive(pid), f"process {pid} does not end")


def start(folder: Path, *, port: int | None = None, options: tuple[str, ...] = WITHOUT_DISK) -> Server:
    """Start a server in `folder`/postgres; a folder used before keeps its data."""
    data = folder / "postgres"
    if not data.exists():
        data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(data, USER, USER)
        _run("initdb", "-D", str(data), *f"-U {USER} -A trust -E UTF8 --locale=C.UTF-8 --no-sync".split())
    server = Server(data, port or free_port())
    settings = (
        "listen_addresses=127.0.0.1",
        f"port={server.port}",
        f"unix_socket_directories={data}",
        "max_connections=200",
        "shared_buffers=128MB",
        *options,
    )
    # pg_ctl detaches it: the server outlives the worker that happened to start it.
    log = data / "server.log"
    try:
        words = " ".join(f"-c {setting}" for setting in settings)
        _run("pg_ctl", "start", "--silent", "-D", str(data), "-l", str(log), "-o", words)
    except RuntimeError as error:
        raise RuntimeError(f"{error}\n{log.read_text()[-2000:] if log.exists() else ''}") from error
    return server


def stop_leftover(folder: Path) -> None:
    """Stop the servers of a run that was killed, also one that it had frozen."""
    for data in (folder / "postgres", *folder.glob("*/postgres")):
        Server(data, 0).stop()


def send_signal(pid: int, number: signal.Signals) -> None:
    """To a process that may have ended meanwhile."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _as_postgres(program: str, *arguments: str) -> list[str]:
    command = [str(binaries() / program), *arguments]
    return ["runuser", "-u", USER, "--", *command] if os.geteuid() == 0 else command


def _run(program: str, *arguments: str) -> None:
    done = subprocess.run(
        _as_postgres(program, *arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{program} failed: {done.stderr}")


def children(pid: int) -> list[int]:
    """The processes that a server has started."""
    pids = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid:
            pids.append(int(stat.parent.name))
    return pids


def is_alive(pid: int) -> bool:
    """A zombie counts as gone: it has closed everything."""
    try:
        stat = Path("/proc", str(pid), "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


# --- PgBouncer in front of it, in the mode in which connections of many clients share few of the server ---

#: `options`: the time-outs that the application sends when it connects; in production the role has them (docs/production.md).
_POOLER_SETTINGS = """
[databases]
* = host=127.0.0.1 port={server} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
max_client_conn = 400
default_pool_size = 20
max_prepared_statements = 200
server_login_retry = 1
ignore_startup_parameters = options
logfile = {folder}/pgbouncer.log
"""


@dataclass
class PgBouncer:
    folder: Path
    server_port: int
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> "PgBouncer":
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = self.folder / "pgbouncer.ini"
        settings.write_text(
            _POOLER_SETTINGS.format(server=self.server_port, user=USER, port=self.port, folder=self.folder)
        )
        command = [installed("pgbouncer"), str(settings)]
        if os.geteuid() == 0:  # it refuses root
            shutil.chown(self.folder, USER, USER)
            command = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *command]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        log = self.folder / "pgbouncer.log"
        wait_until(self._is_ready, lambda: log.read_text() if log.exists() else "PgBouncer said nothing")
        return self

    def stop(self) -> None:
        """At once: clients lose what they have in hand."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _is_ready(self) -> bool:
        with suppress(psycopg.OperationalError):
            psycopg.connect(host="127.0.0.1", port=self.port, user=USER, dbname="postgres").close()
            return True
        return False
