"""The worker: answers requests, sends mails, folds the ledger, applies invalidations and deletes what has expired, until it is stopped.

The fold has a thread of its own, so that a hanging mail server never delays the count. A step that fails is tried
again after a pause; the process ends only by SIGTERM or SIGINT, after the current mail and the current fold are finished.
"""

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Flask

from config import Config
from pledge.abuse import mail_servers, webhook
from pledge.accounts import alarms
from pledge.campaigns.log_facts import published
from pledge.core import metrics
from pledge.core.db.failures import describe
from pledge.core.logs import log
from pledge.deliveries import queries as deliveries
from pledge.diagnosis import comparing
from pledge.jobs import services
from pledge.ledger import log as public_log
from pledge.ledger import services as ledger
from pledge.mail import breaker, requests
from pledge.mail import services as mail
from pledge.mail.bounces import mailboxes
from pledge.mail.bounces import services as bounces
from pledge.mail.bounces.mailboxes import MailboxAway
from pledge.mail.sender_group import DATABASE_ERRORS, SenderGroup, Turns
from pledge.news import queries as news
from pledge.news import sending
from pledge.retention import services as retention
from pledge.signatures import reminding, watching
from pledge.signatures.invalidation import applying
from pledge.statistics import deliverability, places
from pledge.statistics.dashboard import alert_reached_goals
from pledge.worker import watched
from pledge.worker.clock_check import BETWEEN_CLOCK_CHECKS, ClockCheck
from pledge.worker.composers import composers, handlers
from pledge.worker.makers import makers
from pledge.worker.measured import measured
from pledge.worker.pauses import Pauses
from pledge.worker.sources import confirmations, ledger_sources

#: Does some work and returns how many seconds the worker may rest before the next step.
Step = Callable[[], float]

#: Seconds between checks while there is nothing to do.
IDLE_MAIL = 0.2
IDLE_REQUESTS = 0.2
IDLE_FOLD = 0.2
AFTER_FOLD = 0.5
IDLE_INVALIDATION = 1.0
IDLE_FILES = 1.0
IDLE_NEWS = 2.0
IDLE_REMINDERS = 60.0
IDLE_MAIL_SERVERS = 0.2

#: Seconds between checks whether mails to new addresses are held back.
BETWEEN_VALVE_LOOKS = 2.0
#: Seconds between checks how many of those mails were confirmed.
BETWEEN_BREAKER_LOOKS = 5.0
#: Seconds between looks whether far fewer mails than usual arrive at a provider.
BETWEEN_DELIVERY_LOOKS = 300.0

#: Seconds between looks into the mailbox of bounces, and while it is away.
BETWEEN_BOUNCE_LOOKS = 30.0
WITHOUT_BOUNCE_MAILBOX = 120.0
IDLE_WEBHOOK = 2.0
#: Seconds between looks whether a campaign has reached its next step.
BETWEEN_STEP_LOOKS = 5.0

#: Seconds between looks at the last sign-ups (signatures/watching.py): a program needs some to answer its mail.
BETWEEN_WATCHES = 3.0

#: Seconds between two batches of reminders.
BETWEEN_REMINDERS = 1.0

#: Seconds between two batches of an invalidation: on SQLite others want to write too.
BETWEEN_BATCHES = 0.05

#: Seconds between searches for logs without a checkpoint by the current key and address.
BETWEEN_RENEWALS = 60.0

#: Seconds between deletions of what has expired.
BETWEEN_SWEEPS = 3600.0
BETWEEN_FILE_SWEEPS = 60.0

#: Seconds between attempts to show newer regions (statistics/places.py decides when it may be).
BETWEEN_TODAY = 120.0

#: Pauses while the database or the mail server is away.
MAX_PAUSE_WITHOUT_DATABASE = 5.0
MAX_PAUSE_WITHOUT_SMTP = 15.0

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

#: Threads that send, each with its own connection: while one waits for the disk or the server another works.
SENDERS = 8
#: Mails that one sender takes at once. Few, as it sends them one after another while the other senders may have none.
MAILS_AT_ONCE = 8
#: SQLite has one writer at a time anyway.
SENDERS_ON_SQLITE = 1


@dataclass
class Worker:
    """Runs each step in its thread, again and again."""

    app: Flask
    stopping: threading.Event = field(default_factory=threading.Event)
    senders: SenderGroup = field(init=False)
    clock_check: ClockCheck = field(default_factory=ClockCheck)

    def __post_init__(self) -> None:
        self.senders = SenderGroup(Turns(IDLE_MAIL))

    def run(self) -> None:
        """Work until a signal comes; returns when all running steps are done."""
        # Blocked in every thread and waited for below: a handler could interrupt a lock that it needs itself.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        config: Config = self.app.extensions["pledge.config"]
        senders = SENDERS_ON_SQLITE if config.uses_sqlite else SENDERS
        steps = [
            ("requests", self.answer),
            ("fold", self.fold),
            ("log", self.renew_log),
            ("retention", self.sweep),
            ("files", self.make_files),
            ("old files", self.sweep_files),
            ("invalidate", self.invalidate),
            ("news", self.send_news),
            ("reminders", self.remind),
            ("watch", self.watch),
            ("today", self.tell_today),
            ("valve", self.watch_valve),
            ("breaker", self.watch_breaker),
            ("delivery", self.watch_delivery),
            ("webhook", self.call_webhook),
            ("steps", self.watch_steps),
            ("compare", comparing.compare_hourly),
        ]
        if config.mail_server_checks and config.smtp_url.get_secret_value():
            steps.append(("mail servers", self.look_up_mail_servers))
        if config.bounce_mailbox.get_secret_value():
            steps.append(("bounces", self.read_bounces))
        threads = [threading.Thread(target=self.repeat, args=step, name=step[0]) for step in steps]
        threads += [
            threading.Thread(target=self.send_mails, args=(config,), name=f"mail-{number}")
            for number in range(senders)
        ]
        log.info("worker started", senders=senders)
        for thread in threads:
            thread.start()
        if config.worker_port:
            watched.serve(self.app, config.worker_port, lambda: all(thread.is_alive() for thread in threads))
        signal.sigwait(STOP_SIGNALS)
        self.stopping.set()
        for thread in threads:
            thread.join()
        log.info("worker stopped")

    def answer(self) -> float:
        # Not again at once unless more waits: many requests are answered by as many statements as one.
        return 0.0 if requests.answer(handlers()) >= requests.BATCH else IDLE_REQUESTS

    def fold(self) -> float:
        # Not again at once unless more waits: a fold costs the same for one entry and for a hundred, and each one signs a
        # checkpoint that is kept.
        folded = ledger.fold(ledger_sources())
        if folded >= ledger.BATCH:
            return 0.0
        return AFTER_FOLD if folded else IDLE_FOLD

    def renew_log(self) -> float:
        public_log.sign_missing_checkpoints(published)
        return BETWEEN_RENEWALS

    def invalidate(self) -> float:
        return BETWEEN_BATCHES if applying.advance() else IDLE_INVALIDATION

    def make_files(self) -> float:
        return 0.0 if services.advance(makers(), self.stopping.is_set) else IDLE_FILES

    def send_news(self) -> float:
        config: Config = self.app.extensions["pledge.config"]
        return BETWEEN_BATCHES if sending.advance(config.news_pace) else IDLE_NEWS

    def remind(self) -> float:
        return BETWEEN_REMINDERS if reminding.advance() else IDLE_REMINDERS

    def watch(self) -> float:
        watching.look()
        watching.alert_held()
        return BETWEEN_WATCHES

    def tell_today(self) -> float:
        places.renew_today_lines()
        places.renew_places()
        return BETWEEN_TODAY

    def watch_valve(self) -> float:
        alarms.watch_valve()
        return BETWEEN_VALVE_LOOKS

    def look_up_mail_servers(self) -> float:
        return 0.0 if mail_servers.look_up_next() else IDLE_MAIL_SERVERS

    def watch_breaker(self) -> float:
        breaker.watch(confirmations())
        alarms.watch_breaker()
        return BETWEEN_BREAKER_LOOKS

    def watch_delivery(self) -> float:
        deliverability.watch()
        return BETWEEN_DELIVERY_LOOKS

    def read_bounces(self) -> float:
        config: Config = self.app.extensions["pledge.config"]
        url = config.bounce_mailbox.get_secret_value()
        try:
            read = mailboxes.read(url, bounces.take, self.stopping.is_set)
        except MailboxAway as away:
            log.warning("mailbox of bounces away", kind=str(away))
            return WITHOUT_BOUNCE_MAILBOX
        return 0.0 if read == mailboxes.BATCH else BETWEEN_BOUNCE_LOOKS

    def watch_steps(self) -> float:
        alert_reached_goals()
        return BETWEEN_STEP_LOOKS

    def call_webhook(self) -> float:
        return 0.0 if webhook.advance() else IDLE_WEBHOOK

    def sweep(self) -> float:
        retention.run(deliveries.last_handed_over(news.last_sent()))
        return BETWEEN_SWEEPS

    def sweep_files(self) -> float:
        services.sweep()
        return BETWEEN_FILE_SWEEPS

    def send_mails(self, config: Config) -> None:
        """One sender: its own transport, used by this thread alone. While nothing is due, one of them looks for all."""
        transport = mail.transport(config)
        writers = composers()
        pauses = Pauses(MAX_PAUSE_WITHOUT_SMTP)

        def step() -> float:
            done = mail.deliver(
                writers, transport, MAILS_AT_ONCE, stop=self.stopping.is_set, group=self.senders
            )
            for outcome in ("sent", "dropped", "deferred", "dead"):
                metrics.mails.labels(outcome).inc(getattr(done, outcome))
            if done.stalled:
                return pauses.next()
            pauses.reset()
            return 0.0 if done.total else IDLE_MAIL

        try:
            self.repeat("mail", step)
        finally:
            transport.close()

    def repeat(self, name: str, step: Step) -> None:
        """Run a step until the worker stops; a failure costs a pause, not the thread.

        With a wrong clock nothing is done: links would be refused, and leases of other workers ignored.
        """
        pauses = Pauses(MAX_PAUSE_WITHOUT_DATABASE)
        failures = metrics.step_failures.labels(name)
        while not self.stopping.is_set():
            try:
                with self.app.app_context():
                    rest = measured(name, step) if self.clock_check.passes() else BETWEEN_CLOCK_CHECKS
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
            self.stopping.wait(rest)
