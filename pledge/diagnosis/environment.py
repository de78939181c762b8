"""Checks of what the site depends on: settings, Redis, SMTP, the mailbox of bounces, storage, the worker, the clock."""

import secrets
from collections.abc import Iterator
from urllib.parse import urlsplit

import redis
from sqlalchemy import func, make_url, select

from config import Config, unknown_names
from pledge.core import clock
from pledge.core.db import MAX_CLOCK_DIFFERENCE, fetch
from pledge.core.networks import is_this_machine
from pledge.diagnosis import Finding, advice, ok, problem, warning
from pledge.diagnosis.state import Readiness
from pledge.files.faults import StorageAway
from pledge.files.storage import current_storage
from pledge.ledger.models import LedgerEntry
from pledge.mail import breaker, valve
from pledge.mail import queries as mail
from pledge.mail.bounces import mailboxes
from pledge.mail.services import transport
from pledge.mail.transports import BadSmtpUrl, MailRefused, Server, SmtpTransport
from pledge.watch import deliverability

#: Seconds that Redis may take here. The site itself waits less.
REDIS_TIMEOUT = 2.0
#: Key of a test write to Redis.
_WRITTEN = "pledge:doctor"
#: Seconds that our clock may lag behind the newest entry: links and codes expire by the clock.
CLOCK_PROBLEM = 60.0


def settings_findings(config: Config) -> Iterator[Finding]:
    faults = config.problems()
    for fault in faults:
        yield problem("settings", fault)
    if not faults:
        yield ok("settings", f"fit for {config.env.value}")
    for name in unknown_names():
        yield warning(
            "settings", f"{name} is set, but nothing reads it: is it spelled right (docs/settings.md)?"
        )


def address_findings(config: Config) -> Iterator[Finding]:
    if config.base_url.startswith("https://"):
        yield ok("address", config.base_url)
    elif not config.is_production:  # in production another finding reports it
        yield ok("address", f"{config.base_url} (a development address: production needs https)")
    hops = config.trusted_proxies
    if hops:
        yield ok("proxies", f"visitors' addresses are taken from X-Forwarded-For through {hops} of yours")
    else:
        remedy = "behind a proxy all visitors share one limit: set PLEDGE_TRUSTED_PROXIES"
        yield advice(config, "proxies", "none is trusted", remedy)


def encryption_findings(config: Config) -> Iterator[Finding]:
    """Check for settings that connect to another machine without TLS or without checking its certificate."""
    unsafe = {
        "PLEDGE_DATABASE_URL: add sslmode=verify-full": _asks_unknown_database(config),
        "PLEDGE_REDIS_URL: use rediss://": _asks_in_clear(config.redis_url),
        "PLEDGE_STORAGE_ENDPOINT: use https://": _asks_in_clear(config.storage_endpoint),
        "PLEDGE_OTLP_ENDPOINT: use https://": _asks_in_clear(config.otlp_endpoint),
    }
    remedies = [remedy for remedy, is_unsafe in unsafe.items() if is_unsafe]
    for remedy in remedies:
        yield warning("encryption", f"{remedy}, as it names another machine: fine only on a closed network")
    if not remedies:
        yield ok("encryption", "whatever is asked on other machines is asked by TLS")


def _asks_in_clear(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in ("redis", "http") and not is_this_machine(parts.hostname or "")


def _asks_unknown_database(config: Config) -> bool:
    if config.uses_sqlite:
        return False
    url = make_url(config.sqlalchemy_url)
    _, arguments = url.get_dialect()().create_connect_args(url)
    hosts = [host for host in str(arguments.get("host", "")).split(",") if host and not host.startswith("/")]
    is_checked = arguments.get("sslmode") in ("verify-ca", "verify-full")
    return not is_checked and not all(is_this_machine(host) for host in hosts)


def redis_findings(config: Config) -> Iterator[Finding]:
    if not config.redis_url:
        fault = "not set: limits are counted in each process"
        yield advice(config, "redis", fault, "set PLEDGE_REDIS_URL when there are several")
        return
    try:
        with redis.Redis.from_url(
            config.redis_url, socket_timeout=REDIS_TIMEOUT, socket_connect_timeout=REDIS_TIMEOUT
        ) as client:
            client.set(_WRITTEN, 1, ex=1)  # a full or read-only Redis answers but counts nothing
    except (redis.RedisError, ValueError, OSError) as error:
        yield problem(
            "redis",
            f"takes no counts ({type(error).__name__}): limits are counted in each process meanwhile; "
            "check PLEDGE_REDIS_URL, that the server runs and that it may write",
        )
    else:
        yield ok("redis", "answers")


def smtp_findings(config: Config) -> Iterator[Finding]:
    try:
        sender = transport(config)
        if not isinstance(sender, SmtpTransport):
            yield ok("mail", "lands in /dev/mailbox on this machine")
            return
        sender.check()
    except BadSmtpUrl as error:
        yield problem("mail", f"PLEDGE_SMTP_URL: {error}")
    except MailRefused as error:
        yield problem(
            "mail",
            f"the SMTP server takes no mail ({error.code}): check PLEDGE_SMTP_URL; mails wait in the outbox",
        )
    else:
        if Server.parse(config.smtp_url.get_secret_value()).scheme == "smtp":
            yield warning(
                "mail", "the SMTP server answers, without TLS: fine only on this machine or a closed network"
            )
        else:
            yield ok("mail", "the SMTP server answers, with TLS")


def bounce_findings(config: Config) -> Iterator[Finding]:
    """Open the mailbox of bounces, if there is one, without reading or deleting anything."""
    url = config.bounce_mailbox.get_secret_value()
    if not url and config.bounce_hook_key.get_secret_value():
        yield ok("bounces", "another program forwards them (/hooks/mail)")
        return
    if not url:
        fault = "not read: addresses that do not exist are written to again and again"
        yield advice(config, "bounces", fault, "see docs/bounces.md")
        return
    try:
        messages = mailboxes.waiting(url)
    except mailboxes.BadMailboxUrl as error:
        yield problem("bounces", f"PLEDGE_BOUNCE_MAILBOX: {error}")
    except mailboxes.MailboxAway as away:
        yield problem(
            "bounces",
            f"the mailbox cannot be opened ({away}): check PLEDGE_BOUNCE_MAILBOX, its server and rights; "
            "addresses that do not exist are written to meanwhile",
        )
    else:
        yield ok("bounces", f"the mailbox can be opened, {messages} messages wait to be read")


def storage_findings(config: Config) -> Iterator[Finding]:
    """Check the storage: write a few bytes, read and delete them."""
    place = "the bucket" if config.storage_url else "the folder files/ of the instance"
    key, probe = f"doctor/{secrets.token_hex(8)}", secrets.token_bytes(16)
    try:
        current_storage().put(key, probe)
        read = current_storage().get(key)
        current_storage().delete(key)
    except StorageAway as away:
        yield problem(
            "files",
            f"{place} cannot be used ({away}): pictures and documents are refused meanwhile; "
            "check its rights, free space and PLEDGE_STORAGE_…",
        )
        return
    if read == probe:
        yield ok("files", f"{place} takes, gives and deletes")
    else:
        yield problem("files", f"{place} does not give back what it took")


def worker_findings(state: Readiness) -> Iterator[Finding]:
    for fault in state.problems:
        yield problem("worker", fault)
    if state.ready:
        yield ok(
            "worker",
            f"mail due for {state.outbox_age_seconds} s, entries waiting for {state.fold_lag_seconds} s",
        )
    for name in state.paused:
        yield warning(name, "paused by staff (staff area, switches)")
    if state.valve_closed:
        yield warning(
            "mail",
            f"{valve.HELD_BACK}: a busy day, on which the pace grows with those who confirm up to PLEDGE_FIRST_MAIL_PACE, or "
            "somebody who types other people's addresses; see the dashboard of the staff area",
        )
    if state.breaker_open:
        yield warning(
            "mail",
            f"{breaker.OPEN} (PLEDGE_BREAKER_SHARE, PLEDGE_BREAKER_PACE): somebody may be typing other people's addresses; "
            "see the staff area",
        )
    if (slow_since := valve.current().slow_since) is not None:
        yield warning(
            "mail",
            f"the mails of one domain or network go out slowly since {clock.iso_utc(slow_since)}: few of them are confirmed",
        )
    for fault in state.late:
        yield warning("mail", fault)
    for fall in deliverability.falls():
        yield warning(
            "mail",
            f"of the mails of the last hours to {fall.recent.provider} {fall.recent.delivered_share:.0%} were delivered, usually "
            f"{fall.usual.delivered_share:.0%}, and {fall.recent.confirmed_share:.0%} confirmed, usually "
            f"{fall.usual.confirmed_share:.0%}: it may refuse them or sort them out as spam; see the staff area, e-mail",
        )
    if dead := mail.given_up().mails:
        yield warning("mail", f"{dead} mails were given up: see `flask mail dead`, then `flask mail retry`")


def clock_findings() -> Iterator[Finding]:
    """Compare the clock with the newest entry, which cannot be from the future. readiness() compares it with the database's."""
    now = clock.now()
    newest = fetch(select(func.max(LedgerEntry.occurred_at))).scalar_one()
    ahead = 0.0 if newest is None else (newest - now).total_seconds()
    if ahead < MAX_CLOCK_DIFFERENCE:
        yield ok("clock", clock.iso_utc(now))
        return
    finding = problem if ahead >= CLOCK_PROBLEM else warning
    yield finding("clock", f"this machine is {ahead:.0f} s behind the newest entry: run NTP")
