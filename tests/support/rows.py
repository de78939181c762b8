"""What is in the database now, whatever the session of a test has read before."""

from sqlalchemy import ColumnElement, func, select

from pledge.core.db import Model, db


def number_of(model: type[Model], *conditions: ColumnElement[bool]) -> int:
    """How many rows there are."""
    db.session.rollback()
    return db.session.scalars(select(func.count()).select_from(model).where(*conditions)).one()
