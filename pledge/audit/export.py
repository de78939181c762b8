"""The audit log as a file: CSV for people, JSON lines for programs that check the chain themselves."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime

from pledge.audit.queries import AuditEntryView
from pledge.core.i18n import SEOUL
from pledge.core.text.tables import BOM, csv_line

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
