"""What runs behind the web server, and the whole site on SQLite: mails, fold, signing on one machine."""

import smtplib
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench import load, people, processes
from bench.report import Figure, at_least, at_most
from bench.servers import Bench
from bench.web import FEW
from pledge.ledger import services as ledger
from pledge.worker.registry import ledger_sources
from tests.support.run import free_port

MAILS, MAIL_ROUNDS = 6_000, 3
#: Seconds in which nobody comes, after those that a worker needs to start.
REST, STARTING = 60, 10
ENTRIES = 200_000
SQLITE_SECONDS, SQLITE_CLIENTS = 60, 8


def mails(bench: Bench) -> list[Figure]:
    """Mails a second of `flask worker` as it runs for real, and of three services that only send."""
    port = free_port()
    bench.start("sink", [sys.executable, str(Path(__file__).with_name("sink.py")), str(port)], {})
    site = bench.site("mails", PLEDGE_SMTP_URL=f"smtp://127.0.0.1:{port}")
    number = 300 if bench.quick else MAILS
    alone, together = [], []
    with _connected(port) as sink:
        for _ in range(1 if bench.quick else MAIL_ROUNDS):
            people.add_pending(site, number, mails=True)
            sink.docmd("XRESET")
            with bench.worker(site):
                alone.append(_arrived(sink, number))
            people.add_pending(site, number, mails=True)
            sink.docmd("XRESET")
            with ExitStack() as services:
                for _ in range(3):
                    services.enter_context(bench.worker(site, only="mail"))
                together.append(_arrived(sink, number))
    return [
        at_least("mails, one worker", median(alone), 600),
        at_least("mails, three services that only send", median(together), 900),
    ]


def rest(bench: Bench) -> list[Figure]:
    """The worker's CPU while nobody comes, two hours after the last one."""
    site = bench.site("rest", PLEDGE_REDIS_URL=bench.redis.url)
    people.add_confirmed(site, FEW, hours_ago=2)
    seconds = 5 if bench.quick else REST
    with bench.worker(site):
        process = bench.process("rest.worker").pid
        time.sleep(STARTING)
        before = processes.cpu_seconds(process)
        time.sleep(seconds)
        used = processes.cpu_seconds(process) - before
    return [at_most("worker at rest, of a core", 100 * used / seconds, 0.5, " %")]


def fold(bench: Bench) -> list[Figure]:
    """Numbering and tallying entries that wait, from a ledger that holds as many already."""
    number = 10_000 if bench.quick else ENTRIES
    site = bench.site("fold")
    people.add_confirmed(site, number, folded=False)
    rates = []
    with site.context():
        waiting = number
        while waiting > 0:
            started = time.monotonic()
            folded = sum(ledger.fold(ledger_sources()) for _ in range(5))
            rates.append(folded / (time.monotonic() - started))
            waiting -= folded
    return [at_least("fold, entries", median(rates), 10_000)]


def sqlite(bench: Bench) -> list[Figure]:
    """Signing on SQLite with the worker at work beside it, as on a machine that runs `flask serve`."""
    port = free_port()
    bench.start("sqlite.sink", [sys.executable, str(Path(__file__).with_name("sink.py")), str(port)], {})
    site = bench.sqlite_site("sqlite", PLEDGE_SMTP_URL=f"smtp://127.0.0.1:{port}")
    url = bench.serve(site)
    with bench.worker(site):
        seconds = 3 if bench.quick else SQLITE_SECONDS
        # Any answer that is an error ends the bench.
        run = load.run(f"{url}/ko/c/blue-skies/sign", seconds, "sign", "60", clients=SQLITE_CLIENTS)
    locked = sum(
        bench.log(f"sqlite.{name}").read_text().count("database is locked") for name in ("web", "worker")
    )
    detail = f", p50 {run.p50_ms:.1f} ms, p99 {run.p99_ms:.1f} ms"
    return [
        at_least("SQLite, synchronous=FULL, 8 clients: sign", run.rate, 200, detail=detail),
        Figure(f"SQLite: “database is locked” in {seconds} s", str(locked), "0", locked == 0),
    ]


def _arrived(sink: smtplib.SMTP, number: int) -> float:
    """Mails a second from the first to the last of `number`, as the sink saw them."""
    for _ in range(1200):
        count, first, last = sink.docmd("XCOUNT")[1].split()
        if int(count) >= number:
            return (number - 1) / (float(last) - float(first))
        time.sleep(0.1)
    raise load.Refused(f"only {int(count)} of {number} mails arrived")


def _connected(port: int) -> smtplib.SMTP:
    for _ in range(50):
        try:
            return smtplib.SMTP("127.0.0.1", port, "bench.example")
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise SystemExit("the mail sink did not start")
