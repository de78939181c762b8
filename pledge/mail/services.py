"""Sending what is waiting in the outbox: claim, compose, hand over outside any transaction, mark each mail on its own.

A mail goes out at least once: a worker that is killed between handing over and marking leaves a mail that the next one
sends again, with the same Message-ID. No two workers have the same mail while its lease lasts, and a running sender
renews it.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr
from random import SystemRandom
from typing import Self

from sqlalchemy.exc import SQLAlchemyError

from config import Config
from pledge.core import clock
from pledge.core.db import NotDurable, reading
from pledge.core.logs import log
from pledge.mail import queries, suppression
from pledge.mail.bounces import return_path
from pledge.mail.messages import (
    Claimed,
    Composers,
    Message,
    UnsafeAddress,
    render,
)
from pledge.mail.models import TO_STAFF, is_to_known
from pledge.mail.transports import (
    MailboxTransport,
    MailRefused,
    PermanentFailure,
    ServerUnavailable,
    SmtpTransport,
    TemporaryFailure,
    Transport,
)
from pledge.switches import queries as switches

DATABASE_ERRORS = (SQLAlchemyError, NotDurable)

#: Seconds between tries to mark a mail while the database is away, as in a restart.
_RETRY_PAUSES = (0.1, 0.4, 1.0, 2.0)


class SenderGroup:
    """What senders share that work side by side in one process.

    They take their mails one after the other. When nothing is due, nobody asks again for `pause` seconds, so that idle senders
    ask as often as one would, and what comes meanwhile is taken together.
    """

    def __init__(self, pause: float = 0.0) -> None:
        self._pause = pause
        self._claim_lock = threading.Lock()
        self._next_look = 0.0
        self._flush_lock = threading.Lock()
        self._waiting: list[Claimed] = []  # appending to and slicing a list is atomic

    def claim(self, claim: Callable[[], list[Claimed]]) -> list[Claimed]:
        """What `claim` gives, alone with it; nothing within the pause. Never waits for the pause to end."""
        with self._claim_lock:
            if clock.monotonic() < self._next_look:
                return []
            mails = claim()
            if not mails:
                self._next_look = clock.monotonic() + self._pause
            return mails

    def mark_sent(self, mail: Claimed) -> None:
        """Mark a mail as sent before its sender begins the next, several senders' mails in one statement.

        A group commit: whoever holds the lock writes for all who wait for it. So no more mails are unmarked at any moment than
        there are senders, and they do not wait for the disk one after another.
        """
        self._waiting.append(mail)
        with self._flush_lock:
            if mail not in self._waiting:
                return  # written by whoever held the lock before
            together = self._waiting[:]
            try:
                retry_write(lambda: queries.sent(together))
            except DATABASE_ERRORS:
                self._waiting.remove(mail)  # the others try for themselves
                raise
            del self._waiting[: len(together)]


def retry_write(write: Callable[[], object]) -> None:
    """Try a write again for some seconds: losing it would send a mail twice or let it wait for its lease."""
    for pause in _RETRY_PAUSES:
        try:
            write()
            return
        except DATABASE_ERRORS:
            time.sleep(pause)
    write()


#: How many mails are taken at a time unless the caller says otherwise.
BATCH = 50
#: How long they stay claimed. A running sender renews the lease; mails of one that was killed go out soon after it ends.
LEASE = timedelta(seconds=30)
#: Seconds between two renewals.
RENEW_EVERY = 8.0
#: Nothing new is begun with a lease that could not be renewed and has no more left than this.
MIN_LEASE_LEFT = timedelta(seconds=10)

FIRST_PAUSE = timedelta(seconds=30)
MAX_PAUSE = timedelta(hours=1)
JITTER = 0.2
GIVE_UP_AFTER = timedelta(hours=72)

#: The domain of all sample addresses (tools/demo): of those that RFC 2606 reserves, and nothing is ever sent to it.
SAMPLE_DOMAIN = "sample.example.org"

_random = SystemRandom()


@dataclass
class SendingResult:
    """What became of the mails of one or more batches."""

    sent: int = 0
    dropped: int = 0
    deferred: int = 0
    dead: int = 0
    #: The server takes nothing now: the rest of the batch was given back, and the caller should wait before the next one.
    stalled: bool = False

    @property
    def total(self) -> int:
        return self.sent + self.dropped + self.deferred + self.dead


def transport(config: Config) -> Transport:
    """Where this site's mails go: the SMTP server, or the mailbox of a development machine."""
    url = config.smtp_url.get_secret_value()
    if not url:
        return MailboxTransport(config.mailbox_dir)
    _, sender = parseaddr(config.mail_from)
    return SmtpTransport(url, sender, config.base_host or "localhost")


def deliver(
    composers: Composers,
    transport: Transport,
    limit: int = BATCH,
    stop: Callable[[], bool] = lambda: False,
    group: SenderGroup | None = None,
) -> SendingResult:
    """Send up to `limit` due mails, fewer when `stop` or the switch of mail says so. What was not begun is given back.

    Senders that work side by side are one `group`.
    """
    done, group = SendingResult(), group or SenderGroup()
    waiting = group.claim(lambda: [] if _paused() or not queries.any_due() else queries.claim(limit, LEASE))
    if not waiting:
        return done
    with Renewal(waiting) as lease:
        try:
            composed = _without_suppressed(_compose(composers, waiting), waiting)
            while waiting and not stop() and not _paused() and lease.lasts() and not done.stalled:
                _send(waiting[0], composed.get(waiting[0].id), transport, group, done)
                del waiting[0]
        finally:
            if waiting:
                retry_write(lambda: queries.release(waiting))
    return done


class Renewal:
    """Keeps the lease of claimed mails, in a thread of its own: a mail server may take longer for one than a lease lasts."""

    def __init__(self, mails: list[Claimed]) -> None:
        self._mails = mails
        self._renewed_at = clock.monotonic()
        self._stop = threading.Event()
        # In a copy of this context, which holds the application whose database it is.
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._run,), name="lease", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def lasts(self) -> bool:
        """Whether there is time to begin another mail."""
        return clock.monotonic() < self._renewed_at + (LEASE - MIN_LEASE_LEFT).total_seconds()

    def _run(self) -> None:
        while not self._stop.wait(RENEW_EVERY):
            at = clock.monotonic()
            try:
                queries.renew(self._mails[:], LEASE)
            except DATABASE_ERRORS:
                continue  # the next round tries again; the lease tells when it is too late
            self._renewed_at = at


def _paused() -> bool:
    return switches.current().mail_paused


def _send(
    mail: Claimed,
    message: Message | MailRefused | None,
    transport: Transport,
    group: SenderGroup,
    done: SendingResult,
) -> None:
    """Hand one mail over and record the outcome."""
    if message is None:
        retry_write(lambda: queries.drop(mail))
        done.dropped += 1
        return
    try:
        if isinstance(message, MailRefused):
            raise message
        content = _rendered(mail, message)
        transport.send(message.to, content, return_path.address(mail.id, suppression.key(message.to)))
    except UnsafeAddress:
        _give_up(mail, MailRefused("address"), done)
    except PermanentFailure as refusal:
        if refusal.returned in suppression.REASONS and isinstance(message, Message):
            address, reason = message.to, refusal.returned
            known = is_to_known(mail.kind, known=mail.known)
            retry_write(lambda: suppression.stop(address, reason, known=known))
        _give_up(mail, refusal, done)
    except TemporaryFailure as refusal:
        done.stalled = isinstance(refusal, ServerUnavailable)
        _put_off(mail, refusal, done)
    else:
        group.mark_sent(mail)
        done.sent += 1


def _give_up(mail: Claimed, refusal: MailRefused, done: SendingResult) -> None:
    log.warning("mail dead", mail=mail.id, kind=mail.kind.value, error=refusal.code, attempts=mail.attempts)
    retry_write(lambda: queries.give_up(mail, refusal.code, refusal.returned, refusal.status))
    done.dead += 1


def _put_off(mail: Claimed, refusal: TemporaryFailure, done: SendingResult) -> None:
    now = clock.now()
    if now - mail.created_at >= GIVE_UP_AFTER:
        _give_up(mail, refusal, done)
        return
    # While the server takes nothing from anyone, a mail's own pause must not grow: it should go out soon after.
    away = isinstance(refusal, ServerUnavailable)
    again_at = now + pause_after(1 if away else mail.attempts)
    mark = queries.postpone if away else queries.defer
    log.warning(
        "mail deferred", mail=mail.id, kind=mail.kind.value, error=refusal.code, attempts=mail.attempts
    )
    retry_write(lambda: mark(mail, again_at, refusal.code))
    done.deferred += 1


def pause_after(attempts: int) -> timedelta:
    """30 s after the first attempt, doubled each time up to an hour, spread so that not all come back at once."""
    pause = min(FIRST_PAUSE * 2.0 ** min(attempts - 1, 10), MAX_PAUSE)
    return pause * _random.uniform(1 - JITTER, 1 + JITTER)


def _compose(composers: Composers, mails: Sequence[Claimed]) -> dict[int, Message | MailRefused]:
    """Messages by outbox id, one query for each kind; a fault in one mail does not hold up the others."""
    composed: dict[int, Message | MailRefused] = {}
    for kind in {mail.kind for mail in mails}:
        composed |= _compose_kind(composers, [mail for mail in mails if mail.kind is kind])
    return composed


def _without_suppressed(
    composed: dict[int, Message | MailRefused], mails: Sequence[Claimed]
) -> dict[int, Message | MailRefused]:
    """Drop mails to suppressed addresses (those to staff still go out) and to addresses of sample data."""
    to = {
        mail: (message.to, is_to_known(mail.kind, known=mail.known))
        for mail in mails
        if isinstance(message := composed.get(mail.id), Message)
    }
    with reading() as connection:
        suppressed = suppression.suppressed(connection, to.values())
    dropped = {
        mail.id
        for mail, recipient in to.items()
        if (recipient in suppressed and mail.kind not in TO_STAFF)
        or recipient[0].endswith(f"@{SAMPLE_DOMAIN}")
    }
    return {mail_id: message for mail_id, message in composed.items() if mail_id not in dropped}


def _compose_kind(composers: Composers, batch: Sequence[Claimed]) -> dict[int, Message | MailRefused]:
    try:
        return dict(composers[batch[0].kind](batch))
    except DATABASE_ERRORS:
        raise
    except Exception as error:  # noqa: BLE001  # for instance a row that no configured data key opens
        if len(batch) == 1:
            # Put off rather than dropped: the fault is ours, and the mail must still go out.
            return {batch[0].id: TemporaryFailure(f"compose {type(error).__name__}")}
        return {key: message for mail in batch for key, message in _compose_kind(composers, [mail]).items()}


def _rendered(mail: Claimed, message: Message) -> bytes:
    """Raises UnsafeAddress, and TemporaryFailure for all that is our fault."""
    try:
        return render(mail, message)
    except UnsafeAddress:
        raise
    except Exception as error:  # for instance a language that the site no longer has
        raise TemporaryFailure(f"compose {type(error).__name__}") from error
