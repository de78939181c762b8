"""What is in the database now, whatever the session of a test has read before."""

from typing import Any

from sqlalchemy import ColumnElement, func, select

from pledge.core.db import Model, db, fetch
from pledge.files.models import StoredFile
from pledge.mail.models import OutboxMail


def number_of(model: type[Model], *conditions: ColumnElement[bool]) -> int:
    """How many rows there are."""
    return fetch(select(func.count()).select_from(model).where(*conditions)).scalar_one()


def row(model: type[Model], number: int) -> Any:
    """The row of this number as it is now."""
    db.session.rollback()
    return db.session.get_one(model, number)


def again(row: Any) -> Any:
    """The same row as it is now; None when it is gone."""
    db.session.rollback()
    return db.session.get(type(row), row.id)


def enqueued() -> list[str]:
    """The kinds of the mails in the outbox, in their order."""
    return list(fetch(select(OutboxMail.kind).order_by(OutboxMail.id)).scalars())


def is_kept(file: str) -> bool:
    """Whether a row has kept this stored file."""
    return fetch(select(StoredFile.delete_after).where(StoredFile.name == file)).scalar_one() is None
