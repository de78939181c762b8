"""`flask serve`: database, demo campaign, web server and worker in one command, for one machine."""

import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import click
from flask.cli import with_appcontext

from config import ROOT, Config, child_environment, current_config
from pledge import admission, migrating
from pledge.campaigns import services as campaigns
from pledge.commands.demo import DEMO
from pledge.commands.staff import way_in
from pledge.db import db

HOST = "127.0.0.1"
DEMO_CAMPAIGN = DEMO / "blue-skies"
DEMO_NAMES = DEMO / "site.json"

#: Seconds before a dead process is started again; doubled each time until it has lived for LIVED_WELL seconds.
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0
LIVED_WELL = 30.0

WORKER_AFTER = 1.0

#: Seconds that a process gets to finish what is in hand after SIGTERM.
GRACE = 12.0

#: From <linux/prctl.h>: the signal that the kernel sends to a process whose parent has died.
PR_SET_PDEATHSIG = 1


@click.command("serve")
@click.option("--port", type=click.IntRange(1, 65535), envvar="PORT", default=8000, show_default=True)
@with_appcontext
def serve(port: int) -> None:
    """Prepare the database, then run the web server and the worker until told to stop."""
    config = current_config()
    refuse_used_port(port)
    entry = prepare(config)
    address = f"http://{HOST}:{port}"
    environment = child_environment(PLEDGE_BASE_URL=address, **demo_names(config))
    wish = Wish()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, wish.to_stop)
    # The worker a moment later: loading both at once on few cores would keep the visitor waiting for the web.
    worker = Child("worker", worker_command(), due_at=time.monotonic() + WORKER_AFTER)
    children = [Child("web", web_command(config, port)), worker]
    threading.Thread(target=announce_when_up, args=(address, entry, config, wish), daemon=True).start()
    supervise(children, environment, wish)


def demo_names(config: Config) -> dict[str, str]:
    """The demo's name for the site, for its processes, where no other is set."""
    return {} if config.is_production else {"PLEDGE_SITE_NAME": DEMO_NAMES.read_text("utf-8").strip()}


def prepare(config: Config) -> str:
    """Bring the database to the newest migration and load the demo campaign; both do nothing the second time.

    Gives the path of the staff sign-in; on a development machine where nobody is yet, that of an invitation.
    """
    try:
        migrating.upgrade()
    except migrating.UnknownRevision as error:
        raise click.ClickException(str(error)) from None
    entry = "/staff/"
    if not config.is_production:
        with suppress(campaigns.EditedByStaff):
            campaigns.load_folder(DEMO_CAMPAIGN)
        entry = way_in()
    # The children open their own connections.
    db.session.remove()
    db.engine.dispose()
    return entry


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
        "--blocking-threads": admission.THREADS,
        "--workers-kill-timeout": 10,
        "--log-level": "error",
    }
    words = [word for name, value in options.items() for word in (name, str(value))]
    return [sys.executable, "-m", "granian", *words, "--no-ws", "wsgi:app"]


def worker_command() -> list[str]:
    return [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]


@dataclass
class Wish:
    """Whether somebody asked us to stop. A plain flag: a lock in a signal handler could wait for its own thread."""

    stop: bool = False

    def to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stop = True


@dataclass
class Child:
    """A process that is started again when it dies."""

    name: str
    command: list[str]
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    due_at: float = 0.0
    pause: float = field(default=FIRST_PAUSE)

    def look_after(self, environment: dict[str, str]) -> None:
        """Start it when it is due, notice when it has died."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.due_at:
                # A process group of its own: a Ctrl-C or a signal to our group reaches it once, from us, and not
                # twice, which would cut a graceful end short.
                self.process = subprocess.Popen(
                    tied_to_us(self.command), cwd=ROOT, env=environment, process_group=0
                )
                self.started_at = now
            return
        status = self.process.poll()
        if status is None:
            return
        if now - self.started_at > LIVED_WELL:
            self.pause = FIRST_PAUSE
        click.echo(f"{self.name} ended with {status}; starting it again in {self.pause:g} s", err=True)
        self.process, self.due_at = None, now + self.pause
        self.pause = min(self.pause * 2, LONGEST_PAUSE)

    def tell(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)


def tied_to_us(command: list[str]) -> list[str]:
    """The command, ended by the kernel when this process is killed (Linux); elsewhere just the command."""
    if sys.platform != "linux":
        return command
    tie = f"import ctypes, os, sys; ctypes.CDLL(None).prctl({PR_SET_PDEATHSIG}, {int(signal.SIGTERM)});"
    return [sys.executable, "-I", "-S", "-c", f"{tie} os.execv(sys.argv[1], sys.argv[1:])", *command]


def supervise(children: list[Child], environment: dict[str, str], wish: Wish) -> None:
    """Keep the children running until we are asked to stop, then let them finish and end."""
    try:
        while not wish.stop:
            for child in children:
                child.look_after(environment)
            time.sleep(0.2)
    finally:
        for child in children:
            child.tell(signal.SIGTERM)
        end = time.monotonic() + GRACE
        for child in children:
            if child.process is not None:
                try:
                    child.process.wait(max(0.0, end - time.monotonic()))
                except subprocess.TimeoutExpired:
                    child.process.kill()
                    child.process.wait()


def announce_when_up(address: str, entry: str, config: Config, wish: Wish) -> None:
    """Print where to go once the site answers there."""
    while not wish.stop:
        time.sleep(0.15)
        if answers(f"{address}/healthz"):
            if config.is_production:  # under another name nothing is shown
                address = config.base_url
            click.echo(f"\n  The site     {address}")
            if not config.is_production and not config.smtp_url.get_secret_value():
                click.echo(f"  The mailbox  {address}/dev/mailbox")
            click.echo(f"  Staff        {address}{entry}")
            click.echo("  Ctrl-C stops it.\n")
            return


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310  # our own http address
            status: Any = response.status
            return bool(status == 200)
    except OSError:
        return False
