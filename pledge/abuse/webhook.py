"""Calling the site's webhook for each alert (PLEDGE_ALERT_WEBHOOK), with retries, until it answers with 2xx or a day has passed.

An alert may be told twice when a worker is killed between the call and its mark; `id` is the same. Nothing is followed:
no redirect, and no address of a network that is not public, whichever name leads there (SSRF).
"""

import hashlib
import hmac
import json
import socket
import ssl
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import urllib3
from sqlalchemy import Row, and_, exists, select, update

from config import Config, current_config
from pledge.abuse import alerts
from pledge.abuse.models import Alert, CallState, Facts
from pledge.core import clock, languages
from pledge.core.db import fetch, transaction, write_autocommit
from pledge.core.db.types import NOW
from pledge.core.logs import log
from pledge.core.networks import is_public

TIMEOUT = urllib3.Timeout(connect=5, read=10)
#: How long a call belongs to one worker: longer than it can take.
LEASE = timedelta(minutes=1)
FIRST_PAUSE = timedelta(seconds=30)
MAX_PAUSE = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=1)


class CallFailed(Exception):
    """The webhook could not be called; the message is a short code."""


#: Of an alert that this worker may tell the webhook: id, kind, facts, time and attempts, this one included.
Call = Row[int, str, Facts, datetime, int]


def advance() -> bool:
    """Make the oldest call that is due. False when there is none."""
    call = _claim()
    if call is None:
        return False
    config = current_config()
    try:
        post(config, body(call))
    except CallFailed as error:
        _put_off(call, str(error))
    else:
        _mark(call, call_state=CallState.SENT, call_error=None)
    return True


def body(call: Call) -> bytes:
    """The JSON that is sent. `text` is one sentence for a chat; `facts` are its numbers."""
    lang = languages.default()
    content = {
        "id": call.id,
        "kind": call.kind,
        "at": clock.iso_utc(call.at),
        "site": current_config().base_url,
        "text": alerts.headline(call.kind, call.facts, lang),
        "details": alerts.details(call.kind, call.facts, lang),
        "facts": call.facts,
    }
    return json.dumps(content, ensure_ascii=False).encode()


def signature(key: str, at: int, content: bytes) -> str:
    """The header that proves who sent it: the time in Unix seconds, and HMAC-SHA256 over time, a dot and the body."""
    digest = hmac.digest(key.encode(), f"{at}.".encode() + content, hashlib.sha256)
    return f"t={at},v1={digest.hex()}"


def post(config: Config, content: bytes) -> None:
    """POST to the webhook. Raises CallFailed."""
    parts = urlsplit(config.alert_webhook)
    host, port = parts.hostname or "", parts.port or 443
    headers = {
        "Content-Type": "application/json",
        "Host": parts.netloc.rpartition("@")[2],
        "User-Agent": "pledge",
        "Pledge-Signature": signature(
            config.alert_webhook_key.get_secret_value(), int(clock.now().timestamp()), content
        ),
    }
    # To the address that was checked, whatever the name leads to a moment later.
    address = public_address(host, port)
    with urllib3.HTTPSConnectionPool(
        address, port, server_hostname=host, assert_hostname=host, ssl_context=_tls(), timeout=TIMEOUT
    ) as pool:
        target = parts.path or "/"
        if parts.query:
            target += f"?{parts.query}"
        try:
            answer = pool.urlopen(
                "POST", target, content, headers, retries=False, redirect=False, preload_content=False
            )
            answer.close()  # nothing of what it says is read
        except urllib3.exceptions.HTTPError as error:
            raise CallFailed(type(error).__name__) from None
    if not 200 <= answer.status < 300:
        raise CallFailed(f"HTTP {answer.status}")


def public_address(host: str, port: int) -> str:
    """The first address of a host, when all of them are public. Raises CallFailed."""
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise CallFailed("no such host") from None
    addresses = [str(line[4][0]) for line in answers]
    if not all(is_public(address.partition("%")[0]) for address in addresses):
        raise CallFailed("not a public address")
    return addresses[0]


def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


_IS_DUE = and_(Alert.call_state == CallState.QUEUED, Alert.call_due_at <= NOW)
#: SQL: a call waits to be made.
ANY_DUE = exists().where(_IS_DUE)
_ANY_DUE = select(ANY_DUE)


def _claim() -> Call | None:
    if not fetch(_ANY_DUE).scalar_one():
        return None
    now = clock.now()
    due = select(Alert.id).where(_IS_DUE).order_by(Alert.call_due_at).limit(1)
    with transaction() as session:
        return session.execute(
            update(Alert)
            .where(Alert.id.in_(due.with_for_update(skip_locked=True)))
            .values(call_attempts=Alert.call_attempts + 1, call_due_at=now + LEASE)
            .returning(Alert.id, Alert.kind, Alert.facts, Alert.at, Alert.call_attempts)
        ).first()


def _put_off(call: Call, error: str) -> None:
    now = clock.now()
    if now - call.at >= GIVE_UP_AFTER:
        log.error("webhook: given up", alert=call.id, kind=call.kind, error=error)
        _mark(call, call_state=CallState.DEAD, call_error=error)
        return
    pause = min(FIRST_PAUSE * 2.0 ** min(call.call_attempts - 1, 10), MAX_PAUSE)
    log.warning("webhook: put off", alert=call.id, kind=call.kind, error=error)
    _mark(call, call_due_at=now + pause, call_error=error)


def _mark(call: Call, **values: object) -> None:
    marked = update(Alert).where(Alert.id == call.id).values(**values)
    write_autocommit(lambda connection: connection.execute(marked))
