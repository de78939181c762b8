"""Fixtures for every test. A test that asks for `app` (or anything built on it) runs on SQLite and on PostgreSQL.

Each test is in one part of the suite (PARTS): `quick` is what `make test` runs, the others are run by `make test-all`.
"""

import gc
import operator
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import compress
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, current_app
from flask.testing import FlaskClient, FlaskCliRunner
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from limits.storage import memory

from config import ROOT
from pledge.core.db import db
from pledge.files import pictures
from pledge.web import limits
from tests.support import apps, postgres, run
from tests.support.clock import Clock
from tests.support.insider import ROLES, ThreeRoles
from tests.support.redis import RedisServer, end_outage
from tests.support.site import Site
from tests.support.smtp import SmtpServer
from tests.support.waiting import TEST_TIMEOUT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.support.browser import Visitor
    from tests.support.staff import StaffClient

DATABASES = ("sqlite", "postgresql")

#: Parts of the suite by where their tests are. What is in none of them is `quick` on SQLite, or where it makes sense on
#: PostgreSQL alone, and in the part `postgresql` on the second database.
PARTS = {
    "browser": ("tests/browser/",),
    "faults": ("rehearsals/faults/", "rehearsals/chaos/", "tests/jobs/test_interrupted_jobs.py"),
    # Whole processes that are started and killed, and simulations of days and years.
    "long": (
        "rehearsals/robots/",
        "tests/retention/test_three_years.py",
        "tests/ledger/test_folders_at_once.py::test_several_folders",
        "tests/ledger/test_folders_at_once.py::test_a_worker_killed",
        "tests/ledger/test_litewitness.py",
        "tests/verifier/test_mutations.py",
        "tests/ledger/test_log.py::test_tiles_give_the_roots",
        "tests/worker/test_worker.py",
        "tests/cli/test_serve.py",
        "tests/web/ops/test_shared_metrics.py",
        "tests/web/test_limits.py::test_a_redis_that_hangs",
        "tests/web/public/test_nothing_moves_on_get.py::test_a_request_with_an_expired_token",
        "tests/web/public/signing/test_sign_up_limit.py",
        "tests/mail/test_valve.py",
        "tests/mail/test_breaker.py::test_two_thousand",
        "tests/mail/test_copies.py::test_a_worker_killed",
        "tests/mail/test_mailbox_cap.py::test_five_hundred_tags",
        "tests/mail/test_mailbox_cap.py::test_a_thousand_forms",
        "tests/tools/test_demo.py",
        "tests/house/test_migration_locks.py",
        "tests/deliveries/pack/test_checking.py",
        "tests/deliveries/pack/test_packing.py::test_the_memory",
        "tests/deliveries/letter/test_letter.py::test_the_same_document",
        "tests/deliveries/test_workbook.py::test_another_process",
        "tests/exports/test_exports.py::test_four_times",
        "tests/core/test_logs.py::test_a_whole_journey",
    ),
    "hostile": (
        "rehearsals/hostile/",
        "tests/files/test_corpus",
        "tests/files/test_pictures.py::test_the_child_ends_by_itself",
    ),
    "operations": (
        "tests/deploy/",
        "tests/diagnosis/test_restoring.py",
        "tests/diagnosis/test_database.py",
        "tests/mail/test_spam_filter.py",
        "tests/house/test_third_language.py",
        "tests/house/test_first_steps.py",
    ),
}

#: As tests/support/programs.py says it.
NOT_INSTALLED = re.compile(r"Skipped: not installed: (.+)")

#: Two shared cores say nothing about a single example's time; fixtures are cheap and reset by hand where needed.
hypothesis_settings.register_profile(
    "suite",
    deadline=None,
    max_examples=60,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
hypothesis_settings.load_profile("suite")

for name in [name for name in os.environ if name.startswith("PLEDGE_")]:
    del os.environ[name]


# --- The run: one folder and one PostgreSQL for all workers, cleared up by the process that started them ---


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        config.run_folder = Path(config.workerinput["run_folder"])  # type: ignore[attr-defined]
        return
    place = run.in_memory()
    for folder in run.leftovers(place):
        postgres.stop_leftover(folder)
        run.remove(folder)
    config.run_folder = run.create(place)  # type: ignore[attr-defined]
    # All that the run starts puts its files there too, and pytest the `tmp_path` of each test.
    os.environ["TMPDIR"] = str(config.run_folder)  # type: ignore[attr-defined]
    tempfile.tempdir = None  # found anew


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist asks the controller what to tell a worker."""
    node.workerinput["run_folder"] = str(node.config.run_folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    folder: Path | None = getattr(config, "run_folder", None)
    if folder is None or hasattr(config, "workerinput"):
        return
    postgres.stop_leftover(folder)
    run.remove(folder)


def pytest_collection_finish() -> None:
    """What eight thousand tests have built is looked through less often: it was a tenth of their time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" not in metafunc.fixturenames:
        return
    only = [name for name in DATABASES if metafunc.definition.get_closest_marker(f"{name}_only")]
    metafunc.parametrize("database", only or DATABASES, indirect=True, scope="session")


def part_of(test: pytest.Item) -> str:
    """The part of the suite that a test belongs to."""
    if test.get_closest_marker("journey"):
        return "quick"
    for name, places in PARTS.items():
        if test.nodeid.startswith(places):
            return name
    on = getattr(test, "callspec", None)
    is_second = on is not None and on.params.get("database") == "postgresql"
    return "postgresql" if is_second and not test.get_closest_marker("postgresql_only") else "quick"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--part",
        default="all",
        choices=["all", "rest", "quick", "postgresql", *PARTS],
        help="run one part of the suite; `rest` is every part but `quick`",
    )


@pytest.hookimpl(trylast=True)  # pytest has put the tests of one database together
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not in the part that was asked for.

    What is slow and often waits comes first: the tests of one xdist worker, while the others go through the rest. Spread over
    all of them, each would start every site that these tests share, and one long test would be the last.
    """
    wanted = config.getoption("--part")
    if wanted != "all":
        is_wanted = [
            (part_of(item) != "quick") if wanted == "rest" else part_of(item) == wanted for item in items
        ]
        config.hook.pytest_deselected(items=list(compress(items, map(operator.not_, is_wanted))))
        items[:] = compress(items, is_wanted)
    items.sort(key=lambda item: "/browser/" not in item.nodeid)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line how many tests were skipped for programs that this machine lacks."""
    reasons = [str(report.longrepr[2]) for report in terminalreporter.getreports("skipped")]
    skipped = [match[1] for match in map(NOT_INSTALLED.fullmatch, reasons) if match]
    if skipped:
        packages = " ".join(sorted({*" ".join(skipped).split()}))
        terminalreporter.write_line(
            f"{len(skipped)} tests were skipped for want of: apt-get install {packages}"
        )


@pytest.fixture(scope="session")
def run_folder(pytestconfig: pytest.Config) -> Path:
    """Shared by all workers of the run."""
    folder: Path = pytestconfig.run_folder  # type: ignore[attr-defined]
    return folder


@pytest.fixture(scope="session")
def worker_name() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
def worker_folder(run_folder: Path, worker_name: str) -> Path:
    folder = run_folder / worker_name
    folder.mkdir(exist_ok=True)
    return folder


# --- Servers, all real ---


@pytest.fixture(scope="session")
def postgres_server(run_folder: Path) -> postgres.Server:
    """The one server of the run. Ask for `new_database` to do something rough to a database of your own."""
    port = run.once(run_folder, "postgres-server", lambda: postgres.start(run_folder).port)
    return postgres.Server(run_folder / "postgres", port)


@pytest.fixture(scope="session")
def redis_server(worker_folder: Path) -> Iterator[RedisServer]:
    server = RedisServer(worker_folder / "redis").start()
    yield server
    server.stop()


@pytest.fixture
def redis(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    """A running, empty Redis, which is not taken for an outage where the machine is slow; a test may freeze or stop it."""
    for name in ("socket_timeout", "socket_connect_timeout"):
        monkeypatch.setitem(limits._REDIS_OPTIONS, name, TEST_TIMEOUT)
    if redis_server.process is None:
        redis_server.start()
    redis_server.wake()
    redis_server.flush()
    yield redis_server
    redis_server.wake()
    end_outage()


@pytest.fixture(scope="session")
def _smtp_server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def smtp(_smtp_server: SmtpServer) -> SmtpServer:
    """An obedient SMTP server with nothing received yet."""
    _smtp_server.clear()
    return _smtp_server


# --- Databases: migrated once, then copied ---


@pytest.fixture(scope="session")
def sqlite_template(run_folder: Path) -> Path:
    template = run_folder / "template.sqlite3"

    def make() -> str:
        apps.migrate(f"sqlite:///{template}", run_folder / "template-instance")
        return str(template)

    return Path(run.once(run_folder, "sqlite-template", make))


@pytest.fixture(scope="session")
def postgres_template(run_folder: Path, postgres_server: postgres.Server) -> str:
    def make() -> str:
        apps.migrate(postgres_server.create_database("template"), run_folder / "template-instance")
        return "template"

    return str(run.once(run_folder, "postgres-template", make))


@pytest.fixture(scope="session")
def new_database(
    request: pytest.FixtureRequest, run_folder: Path, worker_name: str, worker_folder: Path
) -> Callable[..., str]:
    """`new_database("postgresql", "siege")` gives the address of a fresh, migrated database of that name."""

    def make(kind: str, name: str) -> str:
        if kind == "sqlite":
            template = request.getfixturevalue("sqlite_template")
            return apps.copy_sqlite(template, worker_folder / f"{name}.sqlite3")
        server: postgres.Server = request.getfixturevalue("postgres_server")
        template = request.getfixturevalue("postgres_template")
        # Two copies at a time would disturb each other's template.
        with run.locked(run_folder, "create-database"):
            return server.create_database(f"{name}_{worker_name}", template)

    return make


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest, new_database: Callable[..., str]) -> str:
    """The address of this worker's database, SQLite and PostgreSQL in turn."""
    return new_database(request.param, "pledge")


# --- The application ---


@pytest.fixture(scope="session")
def shared_app(database: str, worker_folder: Path) -> Iterator[Flask]:
    app = apps.build(worker_folder / "instance", database_url=database)
    yield app
    apps.dispose(app)


@pytest.fixture
def app(shared_app: Flask) -> Iterator[Flask]:
    """The application on an empty database, with its context pushed: call use cases right away."""
    apps.forget_caches(shared_app)
    with shared_app.app_context():
        yield shared_app
    apps.clean(shared_app)


@pytest.fixture
def make_app(database: str, app_on: Callable[..., Flask]) -> Iterator[Callable[..., Flask]]:
    """`make_app(limit_sign="3 per minute")`: another application on the same database, with other settings."""
    made: list[Flask] = []

    def make(**changes: Any) -> Flask:
        made.append(app_on(database, **changes))
        return made[-1]

    yield make
    if current_app:
        db.session.rollback()  # the test's own reads hold locks that would stop the cleaning
    for app in made:
        apps.clean(app)


@pytest.fixture
def app_on(tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """`app_on("postgresql://nobody@127.0.0.1:1/none")`: an application on a database that is away, or not the test's."""
    made: list[Flask] = []

    def make(url: str, **changes: Any) -> Flask:
        made.append(apps.build(tmp_path / f"elsewhere-{len(made)}", **{**changes, "database_url": url}))
        return made[-1]

    yield make
    for app in made:
        apps.dispose(app)


@pytest.fixture
def three_roles(
    app_on: Callable[..., Flask],
    new_database: Callable[..., str],
    postgres_server: postgres.Server,
    run_folder: Path,
) -> Iterator[ThreeRoles]:
    """A site on PostgreSQL set up as docs/production.md says, in the context of its web server."""
    url = new_database("postgresql", "roles")
    with run.locked(run_folder, "roles"):  # they belong to the server, not to a database
        assert postgres_server.run_script(ROOT / "deploy" / "postgresql-roles.sql", url.rpartition("/")[2])
    web, worker, owner = (app_on(url.replace("postgres@", f"{role}@")) for role in ROLES)
    with web.app_context():
        yield ThreeRoles(web, worker, owner)
        db.session.remove()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Fetches pages and checks each of them, until a test says `client.checked = False`."""
    return app.test_client()


@pytest.fixture
def staff_client(app: Flask) -> "Callable[..., StaffClient]":
    """`staff_client("moderator")`: a checked client of somebody who has signed in; its `post()` adds the CSRF token."""
    from tests.support import staff

    return lambda role="admin", **facts: staff.client(app, role, **facts)


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


@pytest.fixture
def statements(app: Flask) -> Callable[[], Any]:
    """`with statements() as seen:` … `assert len(seen) == 1`."""
    return lambda: apps.count_statements(app)


# --- The site as processes, and a browser ---


@pytest.fixture(scope="session")
def site(new_database: Callable[..., str], worker_folder: Path) -> Iterator[Site]:
    """The site with the demo campaign, on SQLite, running for the whole session. Give each test its own addresses."""
    running = Site(worker_folder / "site", new_database("sqlite", "site"))
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture
def make_site(new_database: Callable[..., str], tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """`make_site("postgresql", PLEDGE_SMTP_URL=…)`: a site that a test may hurt. Not started yet."""
    made: list[Site] = []

    def make(kind: str = "sqlite", **settings: str) -> Site:
        number = len(made)
        made.append(Site(tmp_path / f"site-{number}", new_database(kind, f"site{number}"), settings=settings))
        return made[-1]

    yield make
    for running in made:
        running.stop()


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    from tests.support.browser import chromium

    with chromium() as browser:
        yield browser


@pytest.fixture
def visitor(chromium: "Browser", site: Site) -> "Iterator[Visitor]":
    """`visitor.page(lang="en", javascript=False)` opens a window on the site."""
    from tests.support.browser import Visitor

    person = Visitor(chromium, site.url)
    yield person
    person.close()


# --- Time ---


@pytest.fixture(autouse=True)
def _a_day_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds ago, for counters in memory, whose clock stands still: their windows are those of the clock, and across the
    end of one another try may pass.
    """
    now = time.time() // 86_400 * 86_400 + 2
    monkeypatch.setattr(memory, "time", SimpleNamespace(time=lambda: now))


@pytest.fixture(autouse=True)
def _no_picture_is_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow machine; what a picture computes is limited all the same."""
    monkeypatch.setattr(pictures, "WALL_SECONDS", TEST_TIMEOUT)
    monkeypatch.setattr(pictures, "WALL_SECONDS_WIDE", TEST_TIMEOUT)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The real time, until the test moves it."""
    return Clock(frozen=False).install(monkeypatch)


@pytest.fixture
def frozen_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time stands still, until the test moves it."""
    return Clock(frozen=True).install(monkeypatch)
