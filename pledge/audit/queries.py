"""Reads of the audit log: a page of it, all of it for an export, the last entry about something."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, or_, select

from pledge.audit.chain import BATCH
from pledge.audit.models import AuditEntry
from pledge.core.db import reading
from pledge.core.i18n import SEOUL
from pledge.core.text.tables import BOM, csv_line

PAGE = 50

_TABLE = AuditEntry.__table__


@dataclass(frozen=True)
class AuditEntryView:
    """One entry, as it is shown and exported."""

    id: int
    at: datetime
    staff_id: int | None
    actor: str
    network: str
    action: str
    subject: str
    reason: str
    details: str  #: canonical JSON of an object, the very text that the hash covers
    previous_hash: str  #: hexadecimal
    hash: str


@dataclass(frozen=True)
class Search:
    """What is looked for; an empty part excludes nothing."""

    actor: str = ""  #: part of the address, whatever the case
    action: str = ""  #: `endorsement.publish`, or `endorsement` for everything of that area
    subject: str = ""  #: `endorsement:123`, or `endorsement` for all of them
    since: datetime | None = None
    until: datetime | None = None  #: not included

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.actor:
            found.append(_TABLE.c.actor.icontains(self.actor, autoescape=True))
        if self.action:
            found.append(_exactly_or_within(_TABLE.c.action, self.action, "."))
        if self.subject:
            found.append(_exactly_or_within(_TABLE.c.subject, self.subject, ":"))
        if self.since is not None:
            found.append(_TABLE.c.at >= self.since)
        if self.until is not None:
            found.append(_TABLE.c.at < self.until)
        return found


@dataclass(frozen=True)
class Page:
    lines: list[AuditEntryView]  #: newest first
    older: int | None  #: the next page holds what is before this entry; None on the last


def page(search: Search, before: int | None = None, size: int = PAGE) -> Page:
    """One page of what was found, newest first. It costs the same however far back it is."""
    query = _query(search).order_by(_TABLE.c.id.desc()).limit(size + 1)
    if before is not None:
        query = query.where(_TABLE.c.id < before)
    with reading() as connection:
        rows = connection.execute(query).all()
    lines = [_line(row) for row in rows[:size]]
    return Page(lines, lines[-1].id if len(rows) > size else None)


def all_lines(search: Search) -> Iterator[AuditEntryView]:
    """Everything that was found up to now, oldest first, a batch at a time."""
    with reading() as connection:
        newest = connection.execute(select(_TABLE.c.id).order_by(_TABLE.c.id.desc()).limit(1)).scalar()
    last = -1
    while newest is not None:
        query = _query(search).where(_TABLE.c.id > last, _TABLE.c.id <= newest).order_by(_TABLE.c.id)
        with reading() as connection:
            rows = connection.execute(query.limit(BATCH)).all()
        yield from map(_line, rows)
        if len(rows) < BATCH:
            return
        last = rows[-1].id


def last(action: str, subject: str) -> AuditEntryView | None:
    """The newest entry of one kind about one subject."""
    query = (
        select(_TABLE)
        .where(_TABLE.c.subject == subject, _TABLE.c.action == action)
        .order_by(_TABLE.c.id.desc())
        .limit(1)
    )
    with reading() as connection:
        row = connection.execute(query).first()
    return None if row is None else _line(row)


def _query(search: Search) -> Select[Any]:
    return select(_TABLE).where(*search.conditions())


def _exactly_or_within(column: ColumnElement[str], wanted: str, separator: str) -> ColumnElement[bool]:
    """The name itself, or whatever begins with it and a separator."""
    return or_(column == wanted, column.startswith(wanted + separator, autoescape=True))


def _line(row: Row[Any]) -> AuditEntryView:
    return AuditEntryView(
        id=row.id,
        at=row.at,
        staff_id=row.staff_id,
        actor=row.actor,
        network=row.network,
        action=row.action,
        subject=row.subject,
        reason=row.reason,
        details=row.details,
        previous_hash=bytes(row.previous_hash).hex(),
        hash=bytes(row.hash).hex(),
    )


#: Column names where the reader's language is not known.
COLUMNS = (
    "id",
    "at_utc",
    "at_seoul",
    "staff_id",
    "actor",
    "network",
    "action",
    "subject",
    "reason",
    "details",
    "previous_hash",
    "hash",
)


def as_csv(
    lines: Iterable[AuditEntryView],
    heads: Sequence[str] = COLUMNS,
    words_of: Callable[[AuditEntryView], str] | None = None,
) -> Iterator[bytes]:
    """Line by line, for Korean Excel: with BOM and CRLF, no cell a formula.

    `words_of` names an act in the reader's language, in one more column at the end.
    """
    yield BOM + csv_line(*heads).encode()
    for line in lines:
        cells = (
            *(line.id, utc(line.at), f"{line.at.astimezone(SEOUL):%Y-%m-%d %H:%M:%S}"),
            *("" if line.staff_id is None else line.staff_id, line.actor, line.network),
            *(line.action, line.subject, line.reason, line.details),
            *(line.previous_hash, line.hash),
            *([] if words_of is None else [words_of(line)]),
        )
        yield csv_line(*cells).encode()


def as_jsonl(lines: Iterable[AuditEntryView]) -> Iterator[bytes]:
    """One JSON object a line, with the very texts that the hashes cover (see `chain`)."""
    for line in lines:
        entry = asdict(line) | {"at": line.at.isoformat(timespec="microseconds")}
        yield json.dumps(entry, ensure_ascii=False).encode() + b"\n"


FORMATS: dict[str, Callable[[Iterable[AuditEntryView]], Iterator[bytes]]] = {"csv": as_csv, "jsonl": as_jsonl}


def utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"
