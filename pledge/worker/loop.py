"""The worker: answers requests, sends mails, folds the ledger, applies invalidations and deletes what has expired, until it is stopped.

Each step of the timetable has a thread of its own, so that a hanging mail server never delays the count. A step that fails is
tried again after a pause; the process ends only by SIGTERM or SIGINT, after the current mail and the current fold are finished.
"""

import signal
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask, Response
from sqlalchemy import ColumnElement, select

from config import Config
from pledge.abuse import mail_servers, webhook
from pledge.accounts import staff_alerts
from pledge.campaigns.queries import published_slugs
from pledge.core import clock, metrics, tracing
from pledge.core.db import MAX_CLOCK_DIFFERENCE, clock_difference, fetch
from pledge.core.db.failures import describe
from pledge.core.logs import log
from pledge.deliveries import open_data
from pledge.deliveries import queries as deliveries
from pledge.diagnosis import contents, staff
from pledge.endorsements import asking
from pledge.inbox.services import alert_waiting
from pledge.jobs import services as jobs
from pledge.ledger import log as public_log
from pledge.ledger import services as ledger
from pledge.ledger import witnesses
from pledge.mail import breaker, requests
from pledge.mail import queries as outbox
from pledge.mail import services as mail
from pledge.mail.bounces import mailboxes
from pledge.mail.bounces import services as bounces
from pledge.mail.bounces.mailboxes import MailboxAway
from pledge.mail.services import DATABASE_ERRORS, SenderGroup
from pledge.news import queries as news
from pledge.news import sending
from pledge.paper import services as paper
from pledge.retention import services as retention
from pledge.signatures import reminding
from pledge.signatures import services as signatures
from pledge.signatures.invalidation import applying
from pledge.statistics import integrity, places
from pledge.statistics.dashboard import alert_reached_goals
from pledge.watch import clusters, deliverability
from pledge.watch import services as watch
from pledge.worker.registry import composers, confirmations, handlers, ledger_sources, makers

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

#: The name of sending, which is no step of the timetable but several threads.
MAIL = "mail"
#: The step that looks up the hosts to which this process has sent: it alone knows them.
MAIL_SERVERS = "mail servers"
#: The steps that sign the log.
SIGNING = frozenset({"fold", "log"})
#: Seconds between two looks whether a mail waits. A worker at rest does little but look, and nobody's mail or count comes a
#: second later for it.
LOOK = 0.7
#: What these steps wait for, each a condition in SQL, by the seconds between two looks, which are one statement each.
WAITS = {
    LOOK: {
        "requests": requests.ANY_DUE,
        "fold": ledger.ANYTHING_WAITS,
        "files": jobs.ANY_WANTED,
        "invalidate": applying.ANY_AT_WORK,
        "news": sending.ANY_DUE,
        "webhook": webhook.ANY_DUE,
        MAIL: outbox.WAITS,
    },
    # A program needs some seconds to answer its mail.
    3.0: {
        "watch": clusters.ANYBODY_LATELY,
        "valve": outbox.IS_FIRST_DUE,
        "breaker": breaker.ANY_TO_JUDGE,
    },
}
#: Seconds after which they run even so, so that monitoring sees that they can.
MAX_REST = 30.0
#: Threads that send, each with its own connection: while one waits for the disk or the server another works.
SENDERS = 8
#: Mails that one sender takes at once: to claim and read them costs the same for few.
MAILS_AT_ONCE = 32
#: SQLite has one writer at a time anyway.
SENDERS_ON_SQLITE = 1

#: Seconds of the first pause while the database or the mail server is away, and of the longest ones.
FIRST_PAUSE = 0.5
MAX_PAUSE_WITHOUT_DATABASE = 5.0
MAX_PAUSE_WITHOUT_SMTP = 15.0

#: Seconds between comparisons with the database's clock.
CLOCK_CHECK_INTERVAL = 5.0


@dataclass(frozen=True)
class Step:
    """What the worker does again and again, in a thread of its own."""

    name: str  #: in the log and in the metrics
    run: Callable[[], object]  #: true when there was work
    idle: (
        float | None
    )  #: seconds until it runs again when there was none; None: until something waits (WAITS)
    busy: float | None = None  #: seconds until it runs again when there was some, if not the same
    enabled: bool = True

    def __call__(self) -> float | None:
        return self.idle if not self.run() or self.busy is None else self.busy


def timetable(config: Config, is_stopping: Callable[[], bool]) -> list[Step]:
    """All steps but the sending of mails, which has several threads."""

    def fold() -> int:
        # Again at once only while more waits: a fold costs the same for one entry and for a hundred, and each one signs a
        # checkpoint that is kept.
        while (folded := ledger.fold(ledger_sources())) >= ledger.BATCH and not is_stopping():
            pass
        return folded

    def read_bounces() -> bool:
        try:
            return mailboxes.read(bounce_mailbox, bounces.handle_message, is_stopping) == mailboxes.BATCH
        except MailboxAway as away:
            log.warning("mailbox of bounces away", kind=str(away))
            return False

    def watch_breaker() -> None:
        breaker.watch(confirmations())
        staff_alerts.watch_breaker()

    def watch_sign_ups() -> None:
        watch.hold_suspicious()
        watch.alert_held()

    def show_newer_regions() -> None:
        # Each of them decides whether it is due.
        places.renew_today_lines()
        places.renew_places()

    bounce_mailbox = config.bounce_mailbox.get_secret_value()
    asks_dns = config.mail_server_checks and bool(config.smtp_url.get_secret_value())
    resolve = mail_servers.mail_hosts if asks_dns else mail_servers.no_answer
    return [
        # Many requests are answered by as many statements as one: so it rests unless more waits.
        Step("requests", lambda: requests.answer(handlers()) >= requests.BATCH, idle=None, busy=0),
        Step("fold", fold, idle=None, busy=0.5),
        Step("log", lambda: public_log.sign_missing_checkpoints(published_slugs), idle=60),
        Step(
            "retention",
            lambda: retention.run(
                deliveries.last_handed_over(news.last_sent()), deliveries.last_answered(news.last_sent())
            ),
            idle=3600,
        ),
        Step("files", lambda: jobs.advance(makers(), is_stopping), idle=None, busy=0),
        Step("open data", open_data.enqueue_due, idle=60),
        Step("old files", jobs.sweep, idle=60),
        # Between two batches others want to write too, on SQLite.
        Step("invalidate", applying.advance, idle=None, busy=0.05),
        Step("news", lambda: sending.advance(config.news_pace), idle=None, busy=0.05),
        Step("reminders", reminding.advance, idle=60, busy=1),
        Step("promises", asking.advance, idle=3600, busy=1),
        Step("erasures", signatures.erase_due, idle=30, busy=0.05),
        Step("watch", watch_sign_ups, idle=None),
        Step("today", show_newer_regions, idle=120),
        Step("valve", staff_alerts.watch_valve, idle=None),
        Step("breaker", watch_breaker, idle=None),
        Step("delivery", deliverability.alert_falls, idle=300),
        Step("webhook", webhook.advance, idle=None, busy=0),
        Step("paper", paper.announce_and_count, idle=60),
        Step("steps", alert_reached_goals, idle=15),
        Step("inbox", alert_waiting, idle=60),
        Step("integrity", integrity.renew, idle=60),
        Step("compare", contents.compare, idle=3600),
        Step("staff", staff.alert_differences, idle=3600),
        Step("audit", staff.alert_changes, idle=15),
        Step(MAIL_SERVERS, lambda: mail_servers.look_up_next(resolve), idle=5, busy=0),
        Step("bounces", read_bounces, idle=30, busy=0, enabled=bool(bounce_mailbox)),
        *(Step(f"witness {feed.name}", feed.advance, idle=2) for feed in witnesses.feeds(published_slugs)),
    ]


@dataclass
class Pauses:
    """Growing pauses while something is unreachable."""

    max_pause: float
    used: int = 0

    def next(self) -> float:
        self.used += 1
        return min(FIRST_PAUSE * 2.0 ** min(self.used - 1, 10), self.max_pause)

    def reset(self) -> None:
        self.used = 0


@dataclass
class ClockCheck:
    """Whether this machine's clock agrees with the database's; checked every few seconds, by one thread for all."""

    asking: threading.Lock = field(default_factory=threading.Lock)
    due: float = 0.0
    is_right: bool = True

    def passes(self) -> bool:
        """Raises the errors of a database that is away."""
        with self.asking:
            if clock.monotonic() >= self.due:
                was_right, difference = self.is_right, clock_difference()
                self.is_right = abs(difference) <= MAX_CLOCK_DIFFERENCE
                if not self.is_right:
                    log.error(
                        "worker: wrong clock, nothing is done", database_ahead_seconds=round(difference, 1)
                    )
                elif not was_right:
                    log.warning("worker: the clock is right again")
                self.due = clock.monotonic() + CLOCK_CHECK_INTERVAL
            return self.is_right


def measured(name: str, step: Callable[[], float | None]) -> float | None:
    """Run a step in a span of its own, and note for monitoring when it succeeded and how long it took."""
    began = clock.monotonic()
    with tracing.step(name):
        rest = step()
    metrics.step_seconds.labels(name).observe(clock.monotonic() - began)
    metrics.step_succeeded.labels(name).set(clock.now().timestamp())
    return rest


@dataclass
class Worker:
    """Runs each step in its thread, again and again."""

    app: Flask
    stopping: threading.Event = field(default_factory=threading.Event)
    senders: SenderGroup = field(init=False)
    clock_check: ClockCheck = field(default_factory=ClockCheck)
    #: By step: set when something waits for it.
    woken: dict[str, threading.Event] = field(init=False)

    def __post_init__(self) -> None:
        self.senders = SenderGroup(LOOK)
        self.woken = {name: threading.Event() for waits in WAITS.values() for name in waits}

    def run(self, only: Collection[str] = ()) -> None:
        """Work until a signal comes; returns when all running steps are done. `only`: names of steps; none: all of them."""
        # Blocked in every thread and waited for below: a handler could interrupt a lock that it needs itself.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        config: Config = self.app.extensions["pledge.config"]
        senders = SENDERS_ON_SQLITE if config.uses_sqlite else SENDERS
        if MAIL in only:
            only = {*only, MAIL_SERVERS}
        elif only:
            senders = 0
        steps = [
            step
            for step in timetable(config, self.stopping.is_set)
            if step.enabled and (not only or step.name in only)
        ]
        threads = [
            threading.Thread(target=self.repeat, args=(step.name, step), name=step.name) for step in steps
        ]
        threads += [
            threading.Thread(target=self.send_mails, args=(config,), name=f"mail-{number}")
            for number in range(senders)
        ]
        for seconds, waits in WAITS.items():
            if asked := {name: waits[name] for name in waits if not only or name in only}:
                threads.append(threading.Thread(target=self.look, args=(seconds, asked), name="look"))
        log.info("worker started", senders=senders, steps=len(steps))
        for thread in threads:
            thread.start()
        if config.worker_port:
            serve_health(self.app, config.worker_port, lambda: all(thread.is_alive() for thread in threads))
        signal.sigwait(STOP_SIGNALS)
        self.stopping.set()
        for event in self.woken.values():
            event.set()
        for thread in threads:
            thread.join()
        log.info("worker stopped")

    def send_mails(self, config: Config) -> None:
        """One sender: its own transport, used by this thread alone."""
        transport = mail.transport(config)
        pauses = Pauses(MAX_PAUSE_WITHOUT_SMTP)

        def step() -> float | None:
            done = mail.deliver(
                composers(), transport, MAILS_AT_ONCE, stop=self.stopping.is_set, group=self.senders
            )
            for outcome in ("sent", "dropped", "deferred", "dead"):
                metrics.mails.labels(outcome).inc(getattr(done, outcome))
            if done.stalled:
                return pauses.next()
            pauses.reset()
            return 0.0 if done.total else None

        try:
            self.repeat(MAIL, step)
        finally:
            transport.close()

    def look(self, seconds: float, waits: Mapping[str, ColumnElement[bool]]) -> None:
        """Wake those of these steps for which something waits, again and again."""
        query = select(*waits.values())

        def step() -> float:
            for name, something_waits in zip(waits, fetch(query).one(), strict=True):
                if something_waits:
                    self.woken[name].set()
            return seconds

        self.repeat("look", step)

    def repeat(self, name: str, step: Callable[[], float | None]) -> None:
        """Run a step until the worker stops; a failure costs a pause, not the thread.

        With a wrong clock nothing is done: links would be refused, and leases of other workers ignored.
        """
        pauses = Pauses(MAX_PAUSE_WITHOUT_DATABASE)
        failures = metrics.step_failures.labels(name)
        while not self.stopping.is_set():
            try:
                with self.app.app_context():
                    rest = measured(name, step) if self.clock_check.passes() else CLOCK_CHECK_INTERVAL
            except DATABASE_ERRORS as error:
                failures.inc()
                if not pauses.used:
                    log.error("worker: database away", step=name, kind=describe(error))
                rest = pauses.next()
            except Exception as error:  # noqa: BLE001  # any error: mails and the count must go on
                failures.inc()
                rest = pauses.next()
                log.error("worker: step failed", step=name, exc_info=error)
            else:
                if pauses.used:
                    log.warning("worker: working again", step=name)
                pauses.reset()
            if rest is not None:
                self.stopping.wait(rest)
            elif self.woken[name].wait(MAX_REST) and not self.stopping.is_set():
                self.woken[name].clear()


# --- Health and metrics of a worker that runs alone, as in a container, at PLEDGE_WORKER_PORT ---

#: Nothing else is answered there.
PATHS = frozenset({"/healthz", "/metrics"})


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = 5  #: seconds that a client may be silent

    def log_message(self, *_: object) -> None:
        """No line for each request: the application logs them."""


def serve_health(app: Flask, port: int, is_alive: Callable[[], bool]) -> WSGIServer:
    """Answer on all addresses, in a thread of its own. `/healthz` is 503 when the worker is not alive."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if path not in PATHS:
            return Response(status=404)(environ, start_response)
        if path == "/healthz" and not is_alive():
            return Response(status=503)(environ, start_response)
        return app.wsgi_app(environ, start_response)

    server = make_server("", port, answer, server_class=_Server, handler_class=_Handler)
    threading.Thread(target=server.serve_forever, name="watched", daemon=True).start()
    return server
