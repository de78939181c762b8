"""A PostgreSQL of its own, which a test may stop, and a site on it."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support import apps, postgres
from tests.support.nginx import HOST, Nginx
from tests.support.site import Site
from tests.support.waiting import wait_until


@dataclass
class Fragile:
    """A server that can lose its standby."""

    server: postgres.Server

    def lose_standby(self) -> None:
        """Commits wait for a standby that does not exist."""
        self.server.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        self.server.execute("ALTER SYSTEM SET synchronous_commit = 'on'")
        self.server.execute("SELECT pg_reload_conf()")
        # The server takes its time to read its settings again.
        wait_until(lambda: self._waits_for_standby() is True)

    def _waits_for_standby(self) -> bool | None:
        """None: it was asked to stop before it came to that."""
        waited: list[str] = []
        with psycopg.connect(
            self.server.url("postgres").replace("+psycopg", ""), autocommit=True
        ) as connection:
            connection.add_notice_handler(lambda notice: waited.append(notice.sqlstate or ""))
            timer = threading.Timer(0.4, connection.cancel)
            timer.start()
            try:
                connection.execute("SELECT pg_logical_emit_message(true, 'test', '')")
            except psycopg.errors.QueryCanceled:
                return None
            finally:
                timer.cancel()
                timer.join()
        return waited != []

    def find_standby(self) -> None:
        self.server.execute("ALTER SYSTEM RESET synchronous_standby_names")
        self.server.execute("SELECT pg_reload_conf()")
        wait_until(lambda: self._waits_for_standby() is False)


@pytest.fixture(scope="session")
def _fragile(worker_folder) -> Iterator[Fragile]:
    folder = worker_folder / "fragile"
    folder.mkdir()
    folder.chmod(0o755)
    options = tuple(option for option in postgres.WITHOUT_DISK if not option.startswith("synchronous_commit"))
    server = postgres.start(folder, options=options)
    yield Fragile(server)
    server.stop()


@pytest.fixture
def fragile(_fragile) -> Iterator[Fragile]:
    yield _fragile
    _fragile.server.thaw()
    _fragile.find_standby()


@pytest.fixture
def fragile_url(fragile, tmp_path) -> str:
    """The address of a migrated database on it."""
    url = fragile.server.create_database("fragile")
    apps.migrate(url, tmp_path / "migrating")
    return url


@pytest.fixture(scope="module")
def site(new_database, tmp_path_factory) -> Iterator[Site]:
    """A site without worker, as it runs behind nginx; for the tests of a module, which leave it as it was."""
    settings = {"PLEDGE_TRUSTED_HOSTS": HOST, "PLEDGE_TRUSTED_PROXIES": "1"}
    site = Site(tmp_path_factory.mktemp("site"), new_database("sqlite", "faults"), settings=settings)
    try:
        site.load_demo()
        site.start_web()
        site.wait_until_up()
        yield site
    finally:
        site.stop()


@pytest.fixture
def make_nginx(tmp_path: Path) -> Iterator[Callable[..., Nginx]]:
    """`make_nginx(site.port)`: nginx with what we ship, in front of a site."""
    made: list[Nginx] = []

    def make(app_port: int, **options: Any) -> Nginx:
        made.append(Nginx(tmp_path / f"nginx-{len(made)}", app_port, **options))
        return made[-1].start()

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def nginx(site: Site, make_nginx: Callable[..., Nginx]) -> Nginx:
    return make_nginx(site.port)
