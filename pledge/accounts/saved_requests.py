"""Forms that staff sent and that could not be processed yet: the second factor was not recent, or the session had expired.

Each is encrypted for the person who sent it and the session in which they did, expires by itself, and is carried out at
most once: `take` removes the row that it reads (docs/adr/0083).
"""

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, insert, or_, select

from pledge.accounts.models import StaffMember, StaffSavedRequest
from pledge.core import clock
from pledge.core.db import reading, transaction, write_autocommit
from pledge.core.encryption import Unreadable, vault

#: How long an act waits for the second factor.
FOR_SECOND_FACTOR = timedelta(minutes=10)
#: How long typed text waits for its form to be opened again.
FOR_FORM = timedelta(hours=1)
#: For one person at a time; the oldest are replaced.
MAX_PER_PERSON = 10

_BYTES = 32
_MAX_TOKEN = 64


@dataclass(frozen=True)
class SavedRequest:
    """A POST from a browser, without its files."""

    path: str
    query: str
    page: str  #: the address of the page that holds its form
    fields: list[tuple[str, str]]
    has_files: bool = False

    @property
    def address(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


def save(staff_id: int, session_id: int | None, request: SavedRequest, lifetime: timedelta) -> str | None:
    """Store a request; returns its token. None for an account that is closed."""
    token, now = secrets.token_urlsafe(_BYTES), clock.now()
    sealed = vault().seal(json.dumps(asdict(request)), _context(staff_id, session_id))
    mine = StaffSavedRequest.staff_id == staff_id
    with transaction() as session:
        if not session.scalar(select(StaffMember.active).where(StaffMember.id == staff_id)):
            return None
        newest = session.scalars(
            select(StaffSavedRequest.id)
            .where(mine)
            .order_by(StaffSavedRequest.id.desc())
            .limit(MAX_PER_PERSON - 1)
        ).all()
        session.execute(delete(StaffSavedRequest).where(mine, StaffSavedRequest.id.not_in(newest)))
        session.execute(delete(StaffSavedRequest).where(StaffSavedRequest.expires_at <= now))
        session.execute(
            insert(StaffSavedRequest).values(
                staff_id=staff_id,
                session_id=session_id,
                token_hash=_hash(token),
                request=sealed,
                expires_at=now + lifetime,
            )
        )
    return token


def find(token: str, staff_id: int, session_id: int | None) -> SavedRequest | None:
    """The person's own saved request, of this session or of one that had expired. Reads only."""
    query = select(StaffSavedRequest.session_id, StaffSavedRequest.request).where(
        *_own(token, staff_id),
        or_(StaffSavedRequest.session_id.is_(None), StaffSavedRequest.session_id == session_id),
    )
    with reading() as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else _opened(row.request, staff_id, row.session_id)


def take(token: str, staff_id: int, session_id: int) -> SavedRequest | None:
    """As find, for carrying it out, in its own session only. The row is deleted: of two calls, one gets it."""
    removed = (
        delete(StaffSavedRequest)
        .where(*_own(token, staff_id), StaffSavedRequest.session_id == session_id)
        .returning(StaffSavedRequest.request)
    )
    sealed = write_autocommit(lambda connection: connection.execute(removed).scalar_one_or_none())
    return None if sealed is None else _opened(sealed, staff_id, session_id)


def _own(token: str, staff_id: int) -> list[ColumnElement[bool]]:
    return [
        StaffSavedRequest.token_hash == _hash(token[:_MAX_TOKEN]),
        StaffSavedRequest.staff_id == staff_id,
        StaffSavedRequest.expires_at > clock.now(),
    ]


def _opened(sealed: bytes, staff_id: int, session_id: int | None) -> SavedRequest | None:
    try:
        held = json.loads(vault().unseal(bytes(sealed), _context(staff_id, session_id)))
    except Unreadable:  # its data key is gone
        return None
    return SavedRequest(**{**held, "fields": [(name, value) for name, value in held["fields"]]})


def _context(staff_id: int, session_id: int | None) -> str:
    return f"staff_saved_requests.request:{staff_id}:{session_id or 0}"


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()
