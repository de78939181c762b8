"""The web service as systemd runs it, behind nginx: no restart and no death of a worker loses or delays what another could answer."""

import os
import shlex
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from config import ROOT, WEB_THREADS
from tests.support import postgres, units
from tests.support.factories import sign_form
from tests.support.nginx import HOST, Nginx, ask
from tests.support.prober import flood
from tests.support.waiting import TEST_TIMEOUT, wait_until


@dataclass
class Services:
    """pledge-web@1 and pledge-web@2, started again when they end, as `Restart=always` does."""

    site: object
    folder: Path
    processes: list = field(default_factory=lambda: [None, None])
    killed: int = 0
    restarting: threading.Lock = field(default_factory=threading.Lock)

    def socket(self, number):
        return self.folder / f"web-{number}"

    def start(self):
        for number in (1, 2):
            self._start(number)
        for number in (1, 2):
            self.wait_for(number)
        self.ending = threading.Event()
        self.keeper = threading.Thread(target=self._keep)
        self.keeper.start()
        return self

    def _start(self, number):
        self.processes[number - 1] = self.site._process(units.web_service(number, self.socket(number)))

    def _keep(self):
        while not self.ending.wait(0.2):
            with self.restarting:
                for number in (1, 2):
                    if self.processes[number - 1].poll() is not None:
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
        self.wait_for(number)

    def wait_for(self, number):
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
    running = Services(site, tmp_path).start()
    nginx = Nginx(tmp_path / "nginx", 0, sockets=(running.socket(1), running.socket(2))).start()
    running.nginx = nginx
    yield running
    running.stop()
    nginx.stop()


@contextmanager
def load(nginx):
    """Pages and sign-ups through nginx, below its own limit of one network's; what came back of either."""
    numbers = count()

    def sign():
        form = urllib.parse.urlencode(sign_form()).encode()
        return ask(nginx, "/ko/c/blue-skies/sign", "POST", form)[0]

    def open_form():
        return ask(nginx, f"/ko/c/blue-skies/sign?{next(numbers)}")[0]

    with flood(4, open_form) as pages, flood(4, sign) as forms:
        yield pages, forms


def test_restarting_one_after_the_other_loses_nothing(services):
    """As `systemctl restart` does: ExecStop, SIGTERM, ExecStart. Reloads by SIGHUP lost what a hanging worker had."""
    with load(services.nginx) as (pages, forms):
        for number in (1, 2):
            services.restart(number)
        time.sleep(0.5)
    assert set(pages) == {200}
    assert set(forms) == {303}
    assert services.killed == 0


def test_a_worker_that_is_killed_keeps_nobody_waiting_for_the_next_one(services):
    began = time.monotonic()
    services.restart(1)
    took_to_start = time.monotonic() - began - 3  # the pause of ExecStop
    waits = []

    def timed(path, body=None):
        began = time.monotonic()
        status = ask(services.nginx, path, "POST" if body else "GET", body)[0]
        waits.append(time.monotonic() - began)
        return status

    form = urllib.parse.urlencode(sign_form()).encode()
    with (
        flood(4, lambda: timed("/ko/me")) as pages,
        flood(4, lambda: timed("/ko/c/blue-skies/sign", form)) as forms,
    ):
        for _ in range(3):
            services.kill_worker(1)
            services.wait_for(1)
    assert max(waits) < took_to_start / 2, f"a worker takes {took_to_start:.1f} s to start"
    assert set(pages) == {200}  # what could be asked again was
    # Only what a dying worker had in hand is lost, and who sent it is told.
    failed = [status for status in forms if status != 303]
    assert set(failed) <= {503}
    assert len(failed) <= 8


def test_a_service_ends_with_its_worker_and_is_never_given_up():
    words = units.web_service(1)
    container = (ROOT / "deploy" / "container" / "run").read_text()
    assert "--respawn-failed-workers" not in " ".join(words) + container
    assert words[words.index("--blocking-threads") + 1] == str(WEB_THREADS)
    for unit in (units.WEB, units.WORKER):
        assert units.line(unit, "StartLimitIntervalSec") == "0"
        assert units.line(unit, "Restart") == "always"
