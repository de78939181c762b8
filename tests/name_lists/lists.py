"""A list of names as the worker makes it and as its recipient reads it."""

import csv
import io

from sqlalchemy import select

from pledge.audit.models import AuditEntry
from pledge.core.db import db
from pledge.jobs import services
from pledge.jobs.models import JobKind
from pledge.name_lists import rows as list_rows
from pledge.name_lists import services as named_lists
from pledge.name_lists.models import NamedList

WHY = "letter 2026-17 of the Secretariat, Article 123"
MAKERS = {JobKind.LIST: list_rows.make}


def take(who, list_id, why):
    """The bytes that somebody downloads."""
    job, parts = named_lists.download(who, list_id, why)
    data = b"".join(parts)
    assert len(data) == job.size
    return data


def make():
    assert services.advance(MAKERS)


def table(clear):
    """Rows after the head, and the foot."""
    rows = list(csv.reader(io.StringIO(clear, newline="")))
    start = next(number for number, row in enumerate(rows) if row and row[0] == "번호 No.")
    end = rows.index([], start)
    return rows[:start], rows[start + 1 : end], rows[end + 1 :]


def names(clear):
    return sorted(row[1] for row in table(clear)[1])


def row(list_id):
    db.session.rollback()
    return db.session.get_one(NamedList, list_id)


def acts(prefix="list."):
    db.session.rollback()
    query = select(AuditEntry).where(AuditEntry.action.startswith(prefix)).order_by(AuditEntry.id)
    return list(db.session.scalars(query))
