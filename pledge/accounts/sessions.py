"""Sessions of staff in the database: a browser has a random id, the table its hash, and ending one deletes the row.

A session ends after half an hour without a request, eight hours after the sign-in, and at once when the account is
closed or somebody ends it (OWASP ASVS 5.0, 7.3 and 7.4).
"""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, or_, select, update
from sqlalchemy.orm import Session, defer

from pledge.accounts.models import StaffMember, StaffSession
from pledge.core import clock
from pledge.core.db import load, transaction, write_autocommit

IDLE = timedelta(minutes=30)
MAX_AGE = timedelta(hours=8)
#: `seen_at` is written at most this often, so that reading a page costs no write.
BETWEEN_NOTES = timedelta(minutes=1)

_BYTES = 32


def start(person: StaffMember, data: Mapping[str, Any], *, network: str, browser: str) -> str:
    """Open a session; returns its new id. Sessions that have expired are deleted."""
    token = secrets.token_urlsafe(_BYTES)
    now = clock.now()
    with transaction() as session:
        session.execute(delete(StaffSession).where(or_(*_expired(now))))
        session.execute(
            insert(StaffSession).values(
                staff_id=person.id,
                auth_version=person.auth_version,
                token_hash=_hash(token),
                data=dict(data),
                network=network,
                browser=browser[:120],
                created_at=now,
                seen_at=now,
            )
        )
    return token


def find(token: str) -> StaffSession | None:
    """The session of a browser; None when it expired or was ended. Its use is recorded."""
    now = clock.now()
    query = (
        select(StaffSession)
        .join(StaffMember, StaffMember.id == StaffSession.staff_id)
        .where(
            StaffSession.token_hash == _hash(token),
            StaffSession.auth_version == StaffMember.auth_version,
            StaffMember.active,
            ~or_(*_expired(now)),
        )
    )
    row = next(iter(load(query)), None)
    if row is not None and now - row.seen_at >= BETWEEN_NOTES:
        _change(row.id, seen_at=now)
    return row


def save(session_id: int, data: Mapping[str, Any]) -> None:
    """Store the data of a session; nothing happens when it was ended meanwhile."""
    _change(session_id, data=dict(data))


def renew(session_id: int, data: Mapping[str, Any]) -> str:
    """As save, under a new id; the old one opens nothing from now on."""
    token = secrets.token_urlsafe(_BYTES)
    _change(session_id, data=dict(data), token_hash=_hash(token))
    return token


def end(session_id: int) -> None:
    """Sign a browser out."""
    gone = delete(StaffSession).where(StaffSession.id == session_id)
    write_autocommit(lambda connection: connection.execute(gone))


def end_all(session: Session, staff_id: int, *, only: int | None = None, keep: int | None = None) -> int:
    """End a person's sessions in the caller's transaction, one of them (`only`) or all but one (`keep`); returns how many."""
    gone = delete(StaffSession).where(StaffSession.staff_id == staff_id)
    if only is not None:
        gone = gone.where(StaffSession.id == only)
    if keep is not None:
        gone = gone.where(StaffSession.id != keep)
    return int(session.execute(gone).rowcount)  # type: ignore[attr-defined]  # a DELETE's result has it


def for_staff(staff_id: int) -> list[StaffSession]:
    """The open sessions of a person without what they hold, the latest first."""
    query = (
        select(StaffSession)
        .options(defer(StaffSession.data, raiseload=True))
        .where(StaffSession.staff_id == staff_id, ~or_(*_expired(clock.now())))
        .order_by(StaffSession.seen_at.desc(), StaffSession.id.desc())
    )
    return load(query)


def _change(session_id: int, **values: Any) -> None:
    change = update(StaffSession).where(StaffSession.id == session_id).values(values)
    write_autocommit(lambda connection: connection.execute(change))


def _expired(now: datetime) -> list[ColumnElement[bool]]:
    return [StaffSession.seen_at <= now - IDLE, StaffSession.created_at <= now - MAX_AGE]


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()
