"""Reads of the audit log: a page of it, all of it for an export, the last entry about something."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from pledge.audit.chain import entries
from pledge.audit.models import AuditEntry
from pledge.core.db import fetch, load
from pledge.core.i18n import SEOUL
from pledge.core.text.tables import BOM, csv_line

PAGE = 50


@dataclass(frozen=True)
class Search:
    """Search terms; an empty one matches everything."""

    actor: str = ""  #: part of the address, whatever the case
    addresses: tuple[str, ...] = ()  #: or one of these: whose names it is a part of
    action: str = ""  #: `endorsement.publish`, or `endorsement` for everything of that area
    subject: str = ""  #: `endorsement:123`, or `endorsement` for all of them
    since: datetime | None = None
    until: datetime | None = None  #: not included

    def conditions(self) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        if self.actor:
            named = AuditEntry.actor.in_(self.addresses)
            conditions.append(or_(AuditEntry.actor.icontains(self.actor, autoescape=True), named))
        if self.action:
            conditions.append(_exactly_or_within(AuditEntry.action, self.action, "."))
        if self.subject:
            conditions.append(_exactly_or_within(AuditEntry.subject, self.subject, ":"))
        if self.since is not None:
            conditions.append(AuditEntry.at >= self.since)
        if self.until is not None:
            conditions.append(AuditEntry.at < self.until)
        return conditions


@dataclass(frozen=True)
class Page:
    lines: list[AuditEntry]  #: newest first
    older: int | None  #: the next page holds what is before this entry; None on the last


def page(search: Search, before: int | None = None, size: int = PAGE) -> Page:
    """One page of results, newest first, at the same cost however far back."""
    query = select(AuditEntry).where(*search.conditions()).order_by(AuditEntry.id.desc())
    if before is not None:
        query = query.where(AuditEntry.id < before)
    rows = load(query.limit(size + 1))
    lines = rows[:size]
    return Page(lines, lines[-1].id if len(rows) > size else None)


def all_lines(search: Search) -> Iterator[AuditEntry]:
    """All results up to now, oldest first, in batches."""
    return entries(*search.conditions(), AuditEntry.id <= newest())


def newest() -> int:
    """The number of the newest entry."""
    return fetch(select(func.max(AuditEntry.id))).scalar() or 0


def last(action: str, subject: str) -> AuditEntry | None:
    """The newest entry of one kind about one subject."""
    query = select(AuditEntry).where(AuditEntry.subject == subject, AuditEntry.action == action)
    return next(iter(load(query.order_by(AuditEntry.id.desc()).limit(1))), None)


def _exactly_or_within(
    column: InstrumentedAttribute[str], wanted: str, separator: str
) -> ColumnElement[bool]:
    """SQL: the name itself, or a name that begins with it and a separator."""
    return or_(column == wanted, column.startswith(wanted + separator, autoescape=True))


#: Column names where the reader's language is not known.
COLUMNS = (
    *("id", "at_seoul", "actor", "reason", "subject", "action", "details"),
    *("network", "staff_id", "at_utc", "previous_hash", "hash"),
)


def as_csv(
    lines: Iterable[AuditEntry],
    heads: Sequence[str] = COLUMNS,
    words_of: Callable[[AuditEntry], Sequence[str]] | None = None,
) -> Iterator[bytes]:
    """Line by line, for Korean Excel: with BOM and CRLF, no cell a formula.

    `words_of` says in the reader's language what was done, with what and by whom, in columns after the time.
    """
    yield BOM + csv_line(*heads).encode()
    for line in lines:
        cells = (
            *(line.id, f"{line.at.astimezone(SEOUL):%Y-%m-%d %H:%M:%S}"),
            *([] if words_of is None else words_of(line)),
            *(line.actor, line.reason, line.subject, line.action, line.details),
            *(line.network, "" if line.staff_id is None else line.staff_id, utc(line.at)),
            *(line.previous_hash.hex(), line.hash.hex()),
        )
        yield csv_line(*cells).encode()


def as_jsonl(lines: Iterable[AuditEntry]) -> Iterator[bytes]:
    """One JSON object a line, with the very texts that the hashes cover (see `chain`)."""
    for line in lines:
        entry = {column.key: getattr(line, column.key) for column in AuditEntry.__table__.c}
        entry |= {"previous_hash": line.previous_hash.hex(), "hash": line.hash.hex()}
        entry["at"] = line.at.isoformat(timespec="microseconds")
        yield json.dumps(entry, ensure_ascii=False).encode() + b"\n"


FORMATS: dict[str, Callable[[Iterable[AuditEntry]], Iterator[bytes]]] = {"csv": as_csv, "jsonl": as_jsonl}


def utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"
