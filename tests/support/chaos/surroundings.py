"""A site and all that it stands on, each part so that it can be hurt."""

import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from tests.support import apps, postgres
from tests.support.disk import SmallDisk, may_mount
from tests.support.nginx import HOST, Nginx
from tests.support.postgres import PgBouncer
from tests.support.programs import installed
from tests.support.redis import RedisServer
from tests.support.site import Site
from tests.support.smtp import SmtpServer
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import wait_until

#: As in production: an acknowledged commit is on the disk. The log fits on a small one.
OPTIONS = (
    *("fsync=on", "synchronous_commit=on", "full_page_writes=on"),
    *("min_wal_size=32MB", "max_wal_size=64MB"),
)
#: Of the disk under SQLite, and under PostgreSQL.
_SQLITE_MB, _POSTGRESQL_MB = 32, 240
#: Of PostgreSQL's processes, those that write what a commit has not written itself.
_WRITERS = ("walwriter", "background writer", "checkpointer")


@dataclass
class Done:
    """Something that was done to the site, in seconds of the monotonic clock."""

    what: str
    began: float
    ended: float = float("inf")
    may_repeat_mails: bool = False  #: whoever had sent a mail could not mark it


class ChaosSite(Site):
    """A site that may have a wrong clock in its web processes."""

    #: How far the clock of web processes that start now is off, as libfaketime writes it: `+10m`. "": not at all.
    clock_off = ""

    def start_web(self) -> None:
        kept = self.settings
        if self.clock_off:
            self.settings = {**kept, **clock_environment(self.clock_off)}
        super().start_web()
        self.settings = kept


@dataclass
class Database:
    """A PostgreSQL that can be hurt."""

    folder: Path

    def __post_init__(self) -> None:
        self.server = postgres.start(self.folder, options=OPTIONS)

    def freeze_writers(self) -> None:
        """What is written from now on is what a commit writes before it is acknowledged."""
        self.server.execute("CHECKPOINT")
        for pid in filter(_is_writer, self.server.processes):
            postgres.send_signal(pid, signal.SIGSTOP)

    def start(self) -> None:
        """Start again; a process that was born while the others were killed holds the memory for a moment."""

        def starts() -> postgres.Server | None:
            with suppress(RuntimeError):
                return postgres.start(self.folder, port=self.server.port, options=OPTIONS)
            return None

        self.server = wait_until(starts, "PostgreSQL does not start again", pause=0.2)

    def mend(self) -> None:
        """Until it answers again; started, where it has ended by itself."""

        def answers() -> bool:
            with suppress(psycopg.Error):
                return bool(self.server.execute("SELECT 1"))
            if self._has_ended():
                self.start()
            return False

        wait_until(answers, "PostgreSQL does not answer again", pause=0.1)

    def _has_ended(self) -> bool:
        try:
            return not postgres.is_alive(self.server.pid)
        except FileNotFoundError:
            return True


@dataclass
class Surroundings:
    """All that can be hurt, and what was done to it."""

    site: Site
    smtp: SmtpServer
    redis: RedisServer | None
    database: Database | None  #: None: SQLite, which has no server
    dice: random.Random
    nginx: Nginx | None = None
    #: By the name of the server at its end.
    lines: dict[str, TcpProxy] = field(default_factory=dict)
    pooler: PgBouncer | None = None
    disk: SmallDisk | None = None  #: under the database
    done: list[Done] = field(default_factory=list)

    def kill_site(self) -> None:
        """A power cut for all processes of the site."""
        for process in (self.site.web, self.site.worker):
            kill_with_children(process)

    def suffer(self, name: str, act: Callable[[], object], *, may_repeat_mails: bool) -> None:
        """Let a fault do what it does, and write down when, with what it chose."""
        done = Done(name, time.monotonic(), may_repeat_mails=may_repeat_mails)
        self.done.append(done)
        chosen = act()
        done.ended = time.monotonic()
        if chosen:
            done.what += f" ({chosen})"

    def story(self) -> str:
        """What was done, a line each."""
        began = self.done[0].began if self.done else 0
        return "\n".join(f"{fault.began - began:5.1f} s {fault.what}" for fault in self.done)

    def explains_copy(self, first: float, second: float) -> bool:
        """Whether a mail that was taken at the first moment may have come again at the second."""
        return any(
            fault.may_repeat_mails and fault.began <= second and first <= fault.ended + 1
            for fault in self.done
        )


@contextmanager
def surroundings(folder: Path, *, on: str, seed: int) -> Iterator[Surroundings]:
    """A site that is up. `on`: sqlite or postgresql; whether there is a PgBouncer in between is drawn."""
    dice = random.Random(seed)
    with ExitStack() as stack:
        disk = None
        if may_mount():
            size = _SQLITE_MB if on == "sqlite" else _POSTGRESQL_MB
            disk = stack.enter_context(SmallDisk(folder / "disk", megabytes=size))
        smtp = stack.enter_context(SmtpServer())
        lines = {"smtp": stack.enter_context(TcpProxy(smtp.port))}
        settings = {
            "PLEDGE_SMTP_URL": f"smtp://127.0.0.1:{lines['smtp'].port}",
            "PLEDGE_TRUSTED_HOSTS": HOST,
            "PLEDGE_TRUSTED_PROXIES": "1",
            # Who asks again and again until the site is back is not asked for more.
            "PLEDGE_STEP_UP_NETWORK": "1000 per minute",
        }
        redis = database = pooler = None
        where = disk.folder if disk else folder
        if on == "postgresql":
            redis = RedisServer(folder / "redis").start()
            stack.callback(redis.stop)
            lines["redis"] = stack.enter_context(TcpProxy(redis.port))
            settings["PLEDGE_REDIS_URL"] = f"redis://127.0.0.1:{lines['redis'].port}/0"
            database = Database(where)
            stack.callback(database.server.stop)
            server_url = database.server.create_database("chaos")
            port = database.server.port
            if dice.random() < 0.5:
                pooler = PgBouncer(folder / "pgbouncer", port).start()
                stack.callback(pooler.stop)
                port = pooler.port
            lines["database"] = stack.enter_context(TcpProxy(port))
            url = make_url(server_url).set(port=lines["database"].port).render_as_string()
        else:
            url = server_url = f"sqlite:///{where / 'chaos.sqlite3'}"
        apps.migrate(server_url, folder / "instance")
        site = ChaosSite(folder / "site", url, settings=settings)
        stack.callback(site.stop)
        site.start()
        plain = folder / "no-files"
        plain.mkdir()
        nginx = Nginx(folder / "nginx", site.port, connections=2048, files=plain, behind_proxy=True).start()
        stack.callback(nginx.stop)
        yield Surroundings(site, smtp, redis, database, dice, nginx, lines, pooler, disk)


def kill(pid: int) -> None:
    postgres.send_signal(pid, signal.SIGKILL)


def kill_with_children(process) -> None:  # type: ignore[no-untyped-def]
    if process is not None and process.poll() is None:
        for pid in (process.pid, *postgres.children(process.pid)):
            kill(pid)
        process.wait()


def _is_writer(pid: int) -> bool:
    with suppress(OSError):  # it has ended meanwhile
        return any(name in Path(f"/proc/{pid}/cmdline").read_text() for name in _WRITERS)
    return False


def clock_environment(off: str) -> dict[str, str]:
    return {
        "LD_PRELOAD": installed("libfaketime"),
        "FAKETIME": off,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DISABLE_SHM": "1",
    }
