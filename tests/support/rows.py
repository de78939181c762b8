"""What is in the database now, whatever the session of a test has read before."""

from typing import Any

from sqlalchemy import ColumnElement, func, select

from pledge.core.db import Model, db


def number_of(model: type[Model], *conditions: ColumnElement[bool]) -> int:
    """How many rows there are."""
    db.session.rollback()
    return db.session.scalars(select(func.count()).select_from(model).where(*conditions)).one()


def again(row: Model) -> Any:
    """A row as it is now; None when it is gone."""
    db.session.rollback()
    return db.session.get(type(row), row.id)  # type: ignore[attr-defined]
