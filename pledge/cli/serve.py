"""`flask serve`: database, demo campaign, web server and worker in one command. `flask worker`: the worker alone."""

import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType
from typing import cast

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from werkzeug.local import LocalProxy

from config import ROOT, WEB_THREADS, Config, child_environment, current_config
from pledge.campaigns.loading import EditedByStaff, load_folder
from pledge.cli.campaigns import DEMO, SLUG, fill_demo
from pledge.cli.options import refuse_without_log_key
from pledge.cli.staff import running_address, sign_in_paths
from pledge.core.db import db, migrations
from pledge.worker.loop import MAIL, SIGNING, Worker, timetable

HOST = "127.0.0.1"
#: In links: a passkey belongs to a name (docs/adr/0103).
NAME = "localhost"
DEMO_CAMPAIGN = DEMO / SLUG
DEMO_NAMES = DEMO / "site.json"

#: Seconds before a process that ended is started again.
RESTART_AFTER = 1.0

#: Seconds between the start of the web server and of the worker: starting both at once would delay the first page.
WORKER_AFTER = 1.0

#: Seconds that a process has to finish its work after SIGTERM.
GRACE = 12.0


@click.command("serve")
@click.option("--port", type=click.IntRange(1, 65535), envvar="PORT", default=8000, show_default=True)
@click.option("--demo", is_flag=True, help="Fill the demo campaign with sample data first, once.")
@with_appcontext
def serve(port: int, demo: bool) -> None:
    """Prepare the database, then run the web server and the worker until told to stop."""
    config = current_config()
    refuse_used_port(port)
    staff_paths = prepare(config, demo=demo)
    address = f"http://{NAME}:{port}"
    # The folder in which the processes share metrics (core/metrics.py), without the files of the last run.
    metrics = config.instance_dir / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    environment = child_environment(PLEDGE_BASE_URL=address, PROMETHEUS_MULTIPROC_DIR=str(metrics))
    if not config.is_production:
        environment.setdefault("PLEDGE_SITE_NAME", DEMO_NAMES.read_text("utf-8").strip())
    stop = StopFlag()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop.on_signal)
    web = Child("web", web_command(config, port))
    worker = Child("worker", worker_command(), due_at=time.monotonic() + WORKER_AFTER)
    is_announced = False
    try:
        while not stop.is_set:
            for child in (web, worker):
                child.poll_or_restart(environment)
            if not is_announced and answers(f"http://{HOST}:{port}/healthz"):
                announce(address, staff_paths, config, demo=demo)
                running_address().write_text(address, "utf-8")
                is_announced = True
            time.sleep(0.2)
    finally:
        running_address().unlink(missing_ok=True)
        end([web, worker])


def prepare(config: Config, *, demo: bool = False) -> list[str]:
    """Migrate the database, load the demo campaign and, with `demo`, fill it with sample data; repeating it changes nothing.

    Returns the paths of the staff sign-in; on a development machine without staff, those of invitations.
    """
    try:
        migrations.upgrade()
    except migrations.UnknownRevision as error:
        raise click.ClickException(str(error)) from None
    staff_paths = ["/staff/"]
    if not config.is_production:
        with suppress(EditedByStaff):
            load_folder(DEMO_CAMPAIGN)
    if demo:
        click.echo("Sample data: making it takes up to half a minute, the first time only.")
        fill_demo(config)
    if not config.is_production:
        staff_paths = sign_in_paths(two=demo)
    # The children open their own connections.
    db.session.remove()
    db.engine.dispose()
    return staff_paths


def refuse_used_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise click.ClickException(f"port {port} is in use; choose another: make run PORT=8001") from None


def web_command(config: Config, port: int) -> list[str]:
    # SQLite lets one process write at a time, and limits without Redis count in one process.
    workers = 1 if config.uses_sqlite or not config.redis_url else 2
    options = {
        "--interface": "wsgi",
        "--http": "1",
        "--host": HOST,
        "--port": port,
        "--workers": workers,
        "--blocking-threads": WEB_THREADS,
        "--workers-kill-timeout": 10,
        "--log-level": "error",
    }
    words = [word for name, value in options.items() for word in (name, str(value))]
    return [sys.executable, "-m", "granian", *words, "--no-ws", "wsgi:app"]


def worker_command() -> list[str]:
    return [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]


@dataclass
class StopFlag:
    """Set by a signal. A plain flag: a lock in a signal handler could wait for its own thread."""

    is_set: bool = False

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.is_set = True


@dataclass
class Child:
    """A process that is started again when it ends."""

    name: str
    command: list[str]
    process: "subprocess.Popen[bytes] | None" = None
    due_at: float = 0.0

    def poll_or_restart(self, environment: dict[str, str]) -> None:
        if self.process is not None and self.process.poll() is not None:
            click.echo(f"{self.name} ended with {self.process.returncode}; starting it again", err=True)
            self.process, self.due_at = None, time.monotonic() + RESTART_AFTER
        if self.process is None and time.monotonic() >= self.due_at:
            # Its own process group, so that Ctrl-C reaches it only through us: a second signal would cut its graceful end
            # short.
            self.process = subprocess.Popen(
                with_parent_death_signal(self.command), cwd=ROOT, env=environment, process_group=0
            )


def with_parent_death_signal(command: list[str]) -> list[str]:
    """The command, to which Linux sends SIGTERM when this process is killed; elsewhere the command unchanged."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return [setpriv, "--pdeathsig", "TERM", *command] if setpriv else command


def end(children: list[Child]) -> None:
    """Let the processes finish their work; kill those that take too long."""
    processes = [child.process for child in children if child.process is not None]
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + GRACE
    for process in processes:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def announce(address: str, staff_paths: list[str], config: Config, *, demo: bool = False) -> None:
    """Print where to go."""
    if config.is_production:  # under another name the site shows nothing
        address = config.base_url
    click.echo(f"\n  The site     {address}")
    if not config.is_production and not config.smtp_url.get_secret_value():
        click.echo(f"  The mailbox  {address}/dev/mailbox")
    for name, path in zip(("Staff", "Second one"), staff_paths, strict=False):
        click.echo(f"  {name:12} {address}{path}")
    if not config.is_production and not demo:
        click.echo("  Nobody has signed yet; `make demo` shows a campaign in full swing, with sample data.")
    click.echo("  Ctrl-C stops it.\n")


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310  # our own http address
            return True
    except OSError:
        return False


@click.command("worker")
@click.option("--only", multiple=True, metavar="STEP", help="Only this step, such as mail; may be repeated.")
@with_appcontext
def worker(only: tuple[str, ...]) -> None:
    """Send mails and fold the ledger until SIGTERM or Ctrl-C; running steps are finished first."""
    config = current_config()
    names = [MAIL, *(step.name for step in timetable(config, lambda: True))]
    if unknown := set(only) - set(names):
        raise click.BadParameter(f"no step is called {unknown.pop()}; there are: {', '.join(names)}")
    if not only or SIGNING & set(only):
        refuse_without_log_key(config)
    Worker(cast("LocalProxy[Flask]", current_app)._get_current_object()).run(only)  # noqa: SLF001  # Flask's own way
