"""The site as it runs for people: granian and the worker as processes, on ports and folders of their own."""

import json
import os
import signal
import sqlite3
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask

from config import ROOT, Config
from pledge.campaigns.loading import load_folder
from pledge.cli.serve import DEMO_CAMPAIGN, web_command, worker_command
from tests.support import apps, programs
from tests.support.run import free_port
from tests.support.waiting import TEST_TIMEOUT, wait_until


@dataclass
class Site:
    """Start it, talk to it over HTTP, kill parts of it."""

    folder: Path
    database_url: str
    port: int = field(default_factory=free_port)
    #: More settings, by their names in the environment.
    settings: dict[str, str] = field(default_factory=dict)
    web: "subprocess.Popen[bytes] | None" = None
    worker: "subprocess.Popen[bytes] | None" = None
    _beside: Flask | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "site.log"

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "PLEDGE_BASE_URL": self.url,
            "PLEDGE_DATABASE_URL": self.database_url,
            "PLEDGE_INSTANCE_DIR": str(self.folder),
            "PLEDGE_KAKAO_KEY": "0123456789abcdef" * 2,
            # Every browser of a run comes from one address.
            "PLEDGE_LIMIT_SIGN": "100000 per minute",
            "PLEDGE_LIMIT_TOKEN": "100000 per minute",
            "PLEDGE_LIMIT_LINK": "100000 per minute",
            # No test asks the name servers of the network.
            "PLEDGE_MAIL_SERVER_CHECKS": "false",
        }
        return {**os.environ, **own, **self.settings}

    def start(self, *, demo: bool = True) -> "Site":
        self.folder.mkdir(parents=True, exist_ok=True)
        if demo:
            self.load_demo()
        self.start_web()
        self.start_worker()
        self.wait_until_up()
        return self

    def load_demo(self) -> None:
        """The demo campaign, from here: a process for it alone would take as long as all the rest of the start."""
        with self.inside():
            load_folder(DEMO_CAMPAIGN)

    def start_web(self) -> None:
        shape = Config(database_url=self.database_url, redis_url=self.settings.get("PLEDGE_REDIS_URL", ""))
        self.web = self._process(web_command(shape, self.port))

    def start_worker(self) -> None:
        self.worker = self._process(worker_command())

    def flask(self, *words: str) -> str:
        """Run a command of the command line against this site; its output."""
        done = programs.run(*worker_command()[:-1], *words, env=self.environment)
        assert done.returncode == 0, f"flask {' '.join(words)}: {done.stderr or done.stdout}"
        return done.stdout

    @contextmanager
    def inside(self) -> Iterator[Flask]:
        """An application on the site's own database, with its context pushed: call use cases and factories right away."""
        if self._beside is None:
            self._beside = apps.build(self.folder, database_url=self.database_url, base_url=self.url)
        with self._beside.app_context():
            yield self._beside

    def stop(self) -> None:
        if self._beside is not None:
            apps.dispose(self._beside)
            self._beside = None
        processes = [process for process in (self.web, self.worker) if process is not None]
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(TEST_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.web = self.worker = None

    def kill_worker(self) -> None:
        """What a power cut does to it."""
        self.worker.send_signal(signal.SIGKILL)
        self.worker.wait()
        self.worker = None

    def wait_until_up(self) -> None:
        def answers() -> bool:
            assert self.web.poll() is None, f"the web server has ended\n{self.log_text()[-3000:]}"
            try:
                return self.get("/healthz") != ""
            except OSError:
                return False

        wait_until(answers, lambda: f"the site does not come up\n{self.log_text()[-3000:]}", 2 * TEST_TIMEOUT)

    def get(self, path: str) -> str:
        """The body of a page; raises where the status is not a success."""
        with urllib.request.urlopen(self.url + path, timeout=TEST_TIMEOUT) as response:
            return str(response.read().decode())

    def wait_for(self, path: str, text: str) -> None:
        """Until the page says so. A browser need not open it again and again."""
        wait_until(lambda: text in self.get(path), f"{path} never says {text!r}")

    @contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        """A look into the site's SQLite, beside it; what is written is there for the site at the end of the block."""
        connection = sqlite3.connect(self.database_url.removeprefix("sqlite:///"), timeout=TEST_TIMEOUT)
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    def count(self, slug: str = DEMO_CAMPAIGN.name) -> int:
        return int(json.loads(self.get(f"/api/v1/campaigns/{slug}/count"))["people"])

    def mails(self, to: str) -> list[dict[str, Any]]:
        """What the mailbox holds for an address, newest first."""
        return [
            mail
            for mail in json.loads(self.get("/dev/mailbox.json"))
            if to.lower() in json.dumps(mail["to"]).lower()
        ]

    def wait_for_mail(self, to: str, *, count: int = 1) -> dict[str, Any]:
        """The newest mail to an address, once there are `count` of them."""

        def arrived() -> list[dict[str, Any]]:
            mails = self.mails(to)
            return mails if len(mails) >= count else []

        return wait_until(arrived, lambda: f"no mail number {count} to {to}\n{self.log_text()[-2000:]}")[0]

    def log_text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def _process(self, command: list[str]) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
