"""What can happen to a site, drawn by a seed: processes die, servers stop, freeze, forget, refuse and hang, lines break,
disks fill, a clock is wrong, and some are very slow.

A fault undoes what it did before it returns; it may return on what it chose.
"""

import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Self

from tests.support import postgres
from tests.support.chaos.surroundings import Surroundings, kill, kill_with_children
from tests.support.nginx import HOST
from tests.support.tcp_proxy import TcpProxy

#: How far the clock of the web processes is off: ten minutes fast, and as slow as still reads a link that was just mailed
#: (pledge/core/tokens.py: SKEW).
CLOCKS = ("+10m", "-4m")
#: How the slow ones begin; then they send a byte at a time, or read nothing.
SLOW = {
    "head": f"GET /en/c/blue-skies HTTP/1.1\r\nHost: {HOST}\r\nX-Slow: ",
    "body": f"POST /en/c/blue-skies/sign HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    "Content-Length: 4000\r\n\r\nname=",
    "read": f"GET /en/c/blue-skies HTTP/1.1\r\nHost: {HOST}\r\n\r\n",
}
SLOW_CONNECTIONS = 300


def kill_web(around: Surroundings) -> None:
    """One of the processes that answer, which granian replaces."""
    web = around.site.web
    if web is not None and web.poll() is None and (children := postgres.children(web.pid)):
        kill(around.dice.choice(children))


def kill_worker(around: Surroundings) -> None:
    worker = around.site.worker
    if worker is not None and worker.poll() is None:
        kill(worker.pid)


def delay_line(around: Surroundings) -> str:
    name, line = _line(around)
    line.behave(delay=around.dice.uniform(0.02, 0.3))
    _wait(around, 1, 3)
    line.behave()
    return name


def cut_line(around: Surroundings) -> str:
    name, line = _line(around)
    line.behave(refuses=True)
    line.cut()
    _wait(around, 0.5, 2)
    line.behave()
    return name


def reset_line(around: Surroundings) -> str:
    name, line = _line(around)
    line.reset()
    return name


def half_open_line(around: Surroundings) -> str:
    """What is said arrives, and no answer comes back: what was asked for is done, and nobody hears of it."""
    name, line = _line(around)
    line.behave(half_open=True)
    _wait(around, 0.5, 3)
    line.behave()
    line.reset()
    return name


def wrong_clock(around: Surroundings) -> str:
    """The web processes start again with a wrong clock, and later with the right one."""
    site = around.site
    chosen = site.clock_off = around.dice.choice(CLOCKS)
    kill_with_children(site.web)
    _wait(around, 3, 6)
    site.clock_off = ""
    kill_with_children(site.web)
    return chosen


def slow_connections(around: Surroundings) -> str:
    """Many at nginx that hardly send, or do not read."""
    kind = around.dice.choice(tuple(SLOW))
    with ExitStack() as stack:
        open_ones = []
        for _ in range(SLOW_CONNECTIONS):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            connection.connect(("127.0.0.1", around.nginx.plain))
            connection.sendall(SLOW[kind].encode())
            open_ones.append(connection)
        end = time.monotonic() + around.dice.uniform(2, 5)
        while time.monotonic() < end:
            time.sleep(0.5)  # slow, but not so slow that nginx gives a connection up at once
            for connection in open_ones if kind != "read" else ():
                with suppress(OSError):  # nginx has given it up
                    connection.sendall(b"x")
    return kind


@dataclass(frozen=True)
class Fault:
    name: str
    act: Callable[[], object]
    #: After it a mail may come twice: it had gone, and whoever sent it died, did not hear so or could not write it down.
    may_repeat_mails: bool = False


def possible(around: Surroundings) -> list[Fault]:
    """The faults that this site can have."""
    dice, smtp = around.dice, around.smtp
    redis, database, pooler, disk = around.redis, around.database, around.pooler, around.disk

    def for_a_while(
        hurt: Callable[[], object], mend: Callable[[], object], *seconds: float
    ) -> Callable[[], None]:
        def act() -> None:
            hurt()
            time.sleep(dice.uniform(*seconds))
            mend()

        return act

    def find_room() -> None:
        disk.empty()
        if database:
            database.mend()  # it may have ended over it

    faults = [
        Fault("kill_web", partial(kill_web, around)),
        Fault("kill_worker", partial(kill_worker, around), may_repeat_mails=True),
        Fault("kill_everything", around.kill_site, may_repeat_mails=True),
        Fault("smtp_refuses", partial(smtp.behave, at_recipient="451 4.3.0 try again later", times=20)),
        Fault("smtp_hangs", for_a_while(partial(smtp.behave, hang=True, times=2), smtp.behave, 0.5, 2)),
        Fault(
            "smtp_takes_without_saying_so",
            lambda: smtp.behave(drop_after_data=True, times=dice.randint(1, 5)),
        ),
        Fault("delay_line", partial(delay_line, around)),
        Fault("cut_line", partial(cut_line, around), may_repeat_mails=True),
        Fault("reset_line", partial(reset_line, around), may_repeat_mails=True),
        Fault("half_open_line", partial(half_open_line, around), may_repeat_mails=True),
        Fault("wrong_clock", partial(wrong_clock, around)),
        Fault("slow_connections", partial(slow_connections, around)),
        Fault("reload_nginx", lambda: around.nginx.process.send_signal(signal.SIGHUP)),
    ]
    if redis:
        faults += [
            Fault("stop_redis", for_a_while(redis.stop, redis.start, 0.5, 2)),
            Fault("freeze_redis", for_a_while(redis.freeze, redis.wake, 0.5, 2)),
            Fault("empty_redis", redis.flush),
        ]
    if database:
        kill_database = for_a_while(database.server.kill, database.start, 0.2, 1.5)
        freeze_database = for_a_while(database.server.freeze, database.server.thaw, 0.5, 3)
        faults += [
            Fault("kill_database", kill_database, may_repeat_mails=True),
            Fault("freeze_database", freeze_database, may_repeat_mails=True),
        ]
    if pooler:
        kill_pooler = for_a_while(pooler.stop, pooler.start, 0.2, 1.5)
        faults.append(Fault("kill_pooler", kill_pooler, may_repeat_mails=True))
    if disk:
        faults.append(Fault("fill_disk", for_a_while(disk.fill, find_room, 1, 3), may_repeat_mails=True))
    return faults


#: Seconds between two faults.
PAUSES = (0.5, 2.5)


@dataclass
class Nemesis:
    """Hurts something every second or so, and starts again what has ended, as systemd would."""

    around: Surroundings
    stopping: threading.Event = field(default_factory=threading.Event)
    #: Faults that could not be done or undone: the run says nothing.
    failed: list[str] = field(default_factory=list)

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
        around, faults = self.around, possible(self.around)
        while not self.stopping.wait(around.dice.uniform(*PAUSES)):
            fault = around.dice.choice(faults)
            try:
                around.suffer(fault.name, fault.act, may_repeat_mails=fault.may_repeat_mails)
            except Exception as error:  # noqa: BLE001  # whatever it was, the run has to end with it
                self.failed.append(f"{fault.name} failed: {error!r}")
                return

    def _keep(self) -> None:
        site = self.around.site
        while not self._healed.wait(0.2):
            if site.web is None or site.web.poll() is not None:
                site.start_web()
            if site.worker is None or site.worker.poll() is not None:
                site.start_worker()


def _line(around: Surroundings) -> tuple[str, TcpProxy]:
    return around.dice.choice(tuple(around.lines.items()))


def _wait(around: Surroundings, least: float, most: float) -> None:
    time.sleep(around.dice.uniform(least, most))
