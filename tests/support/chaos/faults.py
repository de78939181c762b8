"""What can happen to a site, drawn by a seed: processes die, servers stop, freeze, forget, refuse and hang."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.support import postgres
from tests.support.redis import RedisServer
from tests.support.site import Site
from tests.support.smtp import SmtpServer


@dataclass
class Database:
    """A PostgreSQL that can be hurt."""

    folder: Path
    options: tuple[str, ...]

    def __post_init__(self) -> None:
        self.server = postgres.start(self.folder, options=self.options)

    def kill(self) -> None:
        """Kill -9 to all of it, as when the machine loses its power; only what was written is there afterwards."""
        for pid in self._processes():
            kill(pid)
        while not all(_is_gone(pid) for pid in self._seen):
            time.sleep(0.02)

    def freeze(self) -> None:
        for pid in self._processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in self._seen:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def start(self) -> None:
        """Start again; a process that was born while the others were killed holds the memory for a moment."""
        end = time.monotonic() + 20
        while True:
            try:
                self.server = postgres.start(self.folder, port=self.server.port, options=self.options)
            except RuntimeError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
            else:
                return

    def stop(self) -> None:
        self.server.stop()

    def _processes(self) -> list[int]:
        self._seen = [self.server.pid, *postgres.children(self.server.pid)]
        return self._seen


@dataclass
class Surroundings:
    """All that can be hurt."""

    site: Site
    smtp: SmtpServer
    redis: RedisServer | None
    database: Database | None  #: None: SQLite, which has no server
    dice: random.Random
    deaths: int = 0  #: of workers that may have had a mail in hand
    ambiguous: int = 0  #: times that the mail server took mails without saying so, in all
    done: list[str] = field(default_factory=list)  #: what was done, with its moment


def kill_web(around: Surroundings) -> None:
    """One of the processes that answer, which granian replaces."""
    web = around.site.web
    if web is not None and web.poll() is None and (children := postgres.children(web.pid)):
        kill(around.dice.choice(children))


def kill_worker(around: Surroundings) -> None:
    worker = around.site.worker
    if worker is not None and worker.poll() is None:
        around.deaths += 1
        kill(worker.pid)


def kill_everything(around: Surroundings) -> None:
    """A power cut for all processes of the site."""
    for process in (around.site.web, around.site.worker):
        if process is not None and process.poll() is None:
            for pid in (process.pid, *postgres.children(process.pid)):
                kill(pid)
    around.deaths += 1


def kill_database(around: Surroundings) -> None:
    assert around.database is not None
    around.database.kill()
    around.deaths += 1  # a mail that was sent could not be marked
    time.sleep(around.dice.uniform(0.2, 1.5))
    around.database.start()


def freeze_database(around: Surroundings) -> None:
    assert around.database is not None
    around.database.freeze()
    around.deaths += 1
    time.sleep(around.dice.uniform(0.5, 3))
    around.database.thaw()


def stop_redis(around: Surroundings) -> None:
    assert around.redis is not None
    around.redis.stop()
    time.sleep(around.dice.uniform(0.5, 2))
    around.redis.start()


def freeze_redis(around: Surroundings) -> None:
    assert around.redis is not None
    around.redis.freeze()
    time.sleep(around.dice.uniform(0.5, 2))
    around.redis.wake()


def empty_redis(around: Surroundings) -> None:
    assert around.redis is not None
    around.redis.flush()


def smtp_refuses(around: Surroundings) -> None:
    around.smtp.behave(at_recipient="451 4.3.0 try again later", times=20)


def smtp_hangs(around: Surroundings) -> None:
    around.smtp.behave(hang=True, times=2)
    time.sleep(around.dice.uniform(0.5, 2))
    around.smtp.behave()


def smtp_takes_without_saying_so(around: Surroundings) -> None:
    times = around.dice.randint(1, 5)
    around.ambiguous += times
    around.smtp.behave(drop_after_data=True, times=times)


#: Seconds between two faults.
PAUSES = (0.5, 2.5)

Fault = Callable[[Surroundings], None]

ALWAYS: tuple[Fault, ...] = (
    kill_web,
    kill_worker,
    kill_everything,
    smtp_refuses,
    smtp_hangs,
    smtp_takes_without_saying_so,
)
WITH_REDIS = (stop_redis, freeze_redis, empty_redis)
WITH_SERVER = (kill_database, freeze_database)


@dataclass
class Nemesis:
    """Hurts something every second or so, and starts again what has ended, as systemd would."""

    around: Surroundings
    stopping: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._hurt), threading.Thread(target=self._keep)]
        self._healed = threading.Event()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.heal()
        self._healed.set()
        self._threads[1].join()

    def heal(self) -> None:
        """Nothing more is hurt, and all that was is well; what ends is still started again."""
        self.stopping.set()
        self._threads[0].join()
        self.around.smtp.behave()

    def _hurt(self) -> None:
        around = self.around
        possible = (
            *ALWAYS,
            *(WITH_REDIS if around.redis else ()),
            *(WITH_SERVER if around.database else ()),
        )
        began = time.monotonic()
        while not self.stopping.wait(around.dice.uniform(*PAUSES)):
            fault = around.dice.choice(possible)
            around.done.append(f"{time.monotonic() - began:5.1f} s {fault.__name__}")
            fault(around)

    def _keep(self) -> None:
        site = self.around.site
        while not self._healed.wait(0.2):
            if site.web is None or site.web.poll() is not None:
                site.start_web()
            if site.worker is None or site.worker.poll() is not None:
                site.start_worker()


def _is_gone(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
