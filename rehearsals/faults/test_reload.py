"""The web service as systemd runs it, behind nginx: no restart and no death of a worker loses what another could answer."""

import os
import shlex
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from config import WEB_THREADS
from tests.support import postgres, units
from tests.support.factories import sign_form
from tests.support.nginx import HOST, Nginx, ask
from tests.support.waiting import TEST_TIMEOUT, wait_until


@dataclass
class Services:
    """pledge-web@1 and pledge-web@2, started again when they end, as `Restart=always` does."""

    site: object
    folder: Path
    interval: float
    processes: list = field(default_factory=lambda: [None, None])
    restarts: int = 0
    killed: int = 0
    restarting: threading.Lock = field(default_factory=threading.Lock)

    def socket(self, number):
        return self.folder / f"web-{number}"

    def start(self):
        for number in (1, 2):
            self._start(number)
        for number in (1, 2):
            self._wait_for(number)
        self.ending = threading.Event()
        self.keeper = threading.Thread(target=self._keep)
        self.keeper.start()
        return self

    def _start(self, number):
        words = units.web_service(number, self.socket(number))
        words[words.index("--respawn-interval") + 1] = str(self.interval)
        self.processes[number - 1] = self.site._process(words)

    def _keep(self):
        while not self.ending.wait(0.2):
            with self.restarting:
                for number in (1, 2):
                    if self.processes[number - 1].poll() is not None:
                        self.restarts += 1
                        self._start(number)

    def restart(self, number):
        process = self.processes[number - 1]
        stop = units.line(units.WEB, "ExecStop").replace(
            "/run/pledge-web-%i/socket", str(self.socket(number))
        )
        with self.restarting:
            subprocess.run(shlex.split(stop), check=True)
            process.terminate()
            try:
                process.wait(TEST_TIMEOUT)
            except subprocess.TimeoutExpired:
                self.killed += 1
                process.kill()
                process.wait()
            self._start(number)
        self._wait_for(number)

    def _wait_for(self, number):
        wait_until(lambda: self.answers(number), lambda: self.site.log_text()[-2000:], 2 * TEST_TIMEOUT)

    def answers(self, number):
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(TEST_TIMEOUT)
        try:
            line.connect(str(self.socket(number)))
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return b" 200 " in line.recv(50)
        except OSError:
            return False
        finally:
            line.close()

    def kill_worker(self, number):
        """The newest worker of one service, if it has any."""
        workers = postgres.children(self.processes[number - 1].pid)
        with suppress(ProcessLookupError):  # it has ended meanwhile
            if workers:
                os.kill(max(workers), signal.SIGKILL)

    def stop(self):
        self.ending.set()
        self.keeper.join()
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            workers = postgres.children(process.pid)
            try:
                process.wait(TEST_TIMEOUT)
            except subprocess.TimeoutExpired:
                for pid in (process.pid, *workers):
                    os.kill(pid, signal.SIGKILL)
                process.wait()
                raise


@pytest.fixture
def services(make_site, tmp_path):
    site = make_site("sqlite", PLEDGE_BASE_URL=f"https://{HOST}", PLEDGE_TRUSTED_PROXIES="1")
    site.folder.mkdir(parents=True)
    site.load_demo()
    running = Services(site, tmp_path, interval=3).start()
    nginx = Nginx(tmp_path / "nginx", 0, sockets=(running.socket(1), running.socket(2)), level="warn").start()
    running.nginx = nginx
    yield running
    running.stop()
    nginx.stop()


class Load:
    """Pages and sign-ups through nginx, one after the other in some threads; what came back."""

    def __init__(self, nginx, threads=4):
        self.nginx, self.done = nginx, threading.Event()
        self.got, self.posted = [], []
        self.threads = [threading.Thread(target=self._run, args=(number,)) for number in range(threads)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        for thread in self.threads:
            thread.join()

    def _run(self, who):
        number = 0
        while not self.done.wait(0.4):  # below nginx's own limit of one network's sign-ups
            number += 1
            self.got.append(ask(self.nginx, f"/ko/c/blue-skies/sign?{number}")[0])
            form = urllib.parse.urlencode(sign_form(email=f"p{who}-{number}@example.org"))
            self.posted.append(ask(self.nginx, "/ko/c/blue-skies/sign", "POST", form.encode())[0])


def test_restarting_one_after_the_other_loses_nothing(services):
    """As `systemctl restart` does: ExecStop, SIGTERM, ExecStart. Reloads by SIGHUP lost what a hanging worker had."""
    with Load(services.nginx) as load:
        for number in (1, 2):
            services.restart(number)
        time.sleep(0.5)
    assert set(load.got) == {200}
    assert set(load.posted) == {303}
    assert services.killed == 0


def test_a_worker_that_dies_twice_does_not_end_the_site(services):
    with Load(services.nginx) as load:
        time.sleep(0.5)
        services.kill_worker(1)

        def gives_up():  # as soon as there is another worker
            services.kill_worker(1)
            time.sleep(0.5)
            return services.restarts

        wait_until(gives_up, "granian does not give up")
        time.sleep(3)
    assert set(load.got) == {200}  # what could be asked again was
    # Only what a dying worker had in hand is lost, and who sent it is told.
    failed = [status for status in load.posted if status != 303]
    assert set(failed) <= {503}
    assert len(failed) <= 8


def test_the_unit_gives_a_new_worker_time_and_is_never_given_up():
    words = units.web_service(1)
    assert float(words[words.index("--respawn-interval") + 1]) >= 15
    assert "--respawn-failed-workers" in words
    assert words[words.index("--blocking-threads") + 1] == str(WEB_THREADS)
    for unit in (units.WEB, units.WORKER):
        assert units.line(unit, "StartLimitIntervalSec") == "0"
        assert units.line(unit, "Restart") == "always"
