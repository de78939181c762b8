"""Everything that the bench starts: PostgreSQL, Redis, web servers, worker, mail sink. It all ends with the bench."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask

from bench import floor
from bench.load import HOST
from config import ROOT, Config
from pledge import create_app
from pledge.campaigns.loading import load_folder
from pledge.cli.serve import DEMO_CAMPAIGN, web_command, worker_command
from pledge.core.db import db, migrations
from tests.support import postgres, run, units
from tests.support.redis import RedisServer

#: As Debian delivers it, so every commit waits for the disk; only the cache is sized for a machine of today.
DURABLE = (
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "shared_buffers=512MB",
    "max_wal_size=4GB",
)

#: Production settings. Forms come from public networks of their own, named by X-Forwarded-For.
PRODUCTION = {
    "PLEDGE_ENV": "production",
    "PLEDGE_BASE_URL": f"https://{HOST}",
    "PLEDGE_SECRET_KEYS": "bench-secret-key-of-more-than-32-characters",
    "PLEDGE_DATA_KEYS": "bench-data-key-of-more-than-32-characters",
    "PLEDGE_LOG_KEY": "bench-log-key-of-more-than-32-characters",
    "PLEDGE_MAIL_FROM": "Blue Skies 2050 <no-reply@pledge.example>",
    "PLEDGE_CONTACT": "privacy@pledge.example",
    "PLEDGE_PRIVACY_OFFICER": "Data protection office",
    "PLEDGE_POSTAL_ADDRESS": "1 Sky Street, Seoul",
    "PLEDGE_TELEPHONE": "+82 2 123 4567",
    "PLEDGE_PRESS_CONTACT": "Press office, press@pledge.example",
    "PLEDGE_TRUSTED_PROXIES": "1",
}

_CREATE_YARDSTICK = "from bench.yardstick import app, db\nwith app.app_context(): db.create_all()"


@dataclass
class Bench:
    """The servers of one run; leaving the block ends all of them."""

    folder: Path
    stack: ExitStack
    quick: bool = False
    _postgres: postgres.Server | None = None
    _redis: RedisServer | None = None
    _processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def postgres(self) -> postgres.Server:
        if self._postgres is None:
            self._postgres = postgres.start(self.folder, options=DURABLE)
            self.stack.callback(self._postgres.stop)
        return self._postgres

    @property
    def redis(self) -> RedisServer:
        if self._redis is None:
            self._redis = RedisServer(self.folder / "redis").start()
            self.stack.callback(self._redis.stop)
        return self._redis

    def site(self, name: str, **settings: str) -> "Site":
        """A production site on a PostgreSQL database of its own, migrated, with the demo campaign."""
        url = self.postgres.create_database(name)
        return self._prepared(Site(self.folder / name, {"PLEDGE_DATABASE_URL": url, **settings}))

    def sqlite_site(self, name: str, **settings: str) -> "Site":
        url = f"sqlite:///{self.folder / name}.sqlite3"
        return self._prepared(Site(self.folder / name, {"PLEDGE_DATABASE_URL": url, **settings}))

    def _prepared(self, site: "Site") -> "Site":
        site.folder.mkdir()
        with site.context():
            migrations.upgrade()
            load_folder(DEMO_CAMPAIGN)
        return site

    def floor(self) -> str:
        """Start the floor with the server and the shape that a site gets; its address."""
        url = self.postgres.create_database("floor").replace("postgresql+psycopg://", "postgresql://")
        self.postgres.execute(floor.TABLE, "floor")
        # A site in full shape: PostgreSQL and Redis.
        shape = Config(database_url="postgresql://", redis_url="redis://localhost")
        environment = {"FLOOR_DATABASE_URL": url}
        return self.web("floor", shape, environment, application="bench.floor:app", answers="/204")

    def yardstick(self) -> str:
        """Start the yardstick (bench/yardstick.py) like the floor, with Redis; its address."""
        environment = {
            "YARDSTICK_DATABASE_URL": self.postgres.create_database("yardstick"),
            "YARDSTICK_REDIS_URL": self.redis.url,
        }
        create = [sys.executable, "-c", _CREATE_YARDSTICK]
        subprocess.run(create, cwd=ROOT, env={**os.environ, **environment}, check=True)
        shape = Config(database_url="postgresql://", redis_url="redis://localhost")
        return self.web("yardstick", shape, environment, application="bench.yardstick:app", answers="/204")

    def serve(self, site: "Site") -> str:
        """Start the web server of a site; its address."""
        return self.web(
            site.folder.name, site.settings, site.environment, application="wsgi:app", answers="/ko/privacy"
        )

    def web(
        self, name: str, shape: Config, environment: Mapping[str, str], *, application: str, answers: str
    ) -> str:
        port = run.free_port()
        command = [*web_command(shape, port)[:-1], application]
        self.start(f"{name}.web", command, environment)
        url = f"http://127.0.0.1:{port}"
        wait_until_up(url + answers, self.log(f"{name}.web"))
        return url

    @contextmanager
    def worker(self, site: "Site", *, only: str = "") -> Iterator[None]:
        """The worker of a site, ended (after what it has in hand) with the block; `only`: one step of it."""
        command = [*worker_command(), *(("--only", only) if only else ())]
        process = self.start(f"{site.folder.name}.worker", command, site.environment)
        try:
            yield
        finally:
            end(process)

    def start(
        self, name: str, command: list[str], environment: Mapping[str, str]
    ) -> "subprocess.Popen[bytes]":
        metrics = self.folder / "metrics"
        metrics.mkdir(exist_ok=True)
        variables = {
            "PROMETHEUS_MULTIPROC_DIR": str(metrics),
            "MALLOC_ARENA_MAX": units.variable(units.WEB, "MALLOC_ARENA_MAX"),
        }
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **variables, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.stack.callback(end, process)
        self._processes[name] = process
        return process

    def process(self, name: str) -> "subprocess.Popen[bytes]":
        """What was started under this name."""
        return self._processes[name]

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"


@dataclass
class Site:
    """Settings of one site, for its processes and for the bench itself."""

    folder: Path
    own: dict[str, str]
    _app: Flask | None = field(default=None, repr=False)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **PRODUCTION,
            "PLEDGE_INSTANCE_DIR": str(self.folder),
            "PLEDGE_SMTP_URL": "smtp://127.0.0.1:9",
            **self.own,
        }

    @property
    def settings(self) -> Config:
        words = {name.removeprefix("PLEDGE_").lower(): value for name, value in self.environment.items()}
        return Config(**words)

    @contextmanager
    def context(self) -> Iterator[Flask]:
        """The site's own code in this process; its connections are closed afterwards."""
        if self._app is None:
            self._app = create_app(self.settings)
        with self._app.app_context():
            yield self._app
            db.session.remove()
            db.engine.dispose()


@contextmanager
def bench(*, quick: bool = False) -> Iterator[Bench]:
    for left in run.leftovers(run.on_disk()):
        postgres.stop_leftover(left)
        run.remove(left)
    folder = run.create(run.on_disk())
    with ExitStack() as stack:
        stack.callback(run.remove, folder)
        yield Bench(folder, stack, quick)


def wait_until_up(url: str, log: Path, seconds: float = 30) -> None:
    last = time.monotonic() + seconds
    request = urllib.request.Request(url, headers={"Host": HOST})
    while True:
        try:
            with urllib.request.urlopen(request, timeout=5):
                return
        except OSError as error:
            if time.monotonic() > last:
                raise SystemExit(f"{url} does not answer: {error}\n{log.read_text()[-3000:]}") from error
            time.sleep(0.1)


def end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
