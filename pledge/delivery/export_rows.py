"""The rows that staff may take out, without anything that names a signer: which columns, how many, and the lines themselves.

`ledger`: every +1 and -1 in the order of the log. `organizations`: what stands on the wall, as anybody may see it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, TextClause, func, select, text

from pledge.copying import copied_out
from pledge.db import is_postgresql, reading
from pledge.endorsements import queries as endorsements
from pledge.endorsements.queries import OrganizationView
from pledge.ledger import queries as ledger
from pledge.ledger.leaves import korean_day
from pledge.ledger.models import LedgerHead
from pledge.spreadsheets import csv_line

Cell = str | int

#: Rows read at once where they do not come by COPY.
_AT_ONCE = 2000


@dataclass(frozen=True)
class Rows:
    """One kind of export."""

    columns: tuple[str, ...]
    #: How many there are now, for a campaign.
    count: Callable[[int], int]
    #: Whether exactly so many must come: an append-only list has its first so many for ever.
    is_exact: bool
    #: The first so many, as cells.
    cells: Callable[[int, int], Iterator[tuple[Cell, ...]]]
    #: The same as lines of CSV, in parts of whole or broken lines; the head is not among them.
    lines: Callable[[int, int], Iterator[bytes]]


# --- The ledger ---

# No more than the public log says: country, region or hour of one line could point at a person. So the day is that of Korea
# too: beside it, another one would tell in which part of the day it was.
_LEDGER = ("number", "kind", "of", "change", "day", "pledge_version", "takes_back")

_ENTRIES = """
    SELECT e.number, e.reason AS kind, e.kind AS of, e.delta AS change,
           {day} AS day, p.version AS pledge_version, e.takes_back + 1 AS takes_back
      FROM ledger_entries AS e JOIN pledge_texts AS p ON p.id = e.pledge_text_id
     WHERE e.campaign_id = {campaign_id} AND e.number > {after} AND e.number <= {upto}
     ORDER BY e.number"""

_PAGE: TextClause = text(
    _ENTRIES.format(day="e.hour", campaign_id=":campaign_id", after=":after", upto=":upto")
)

#: leaves.korean_day() in the words of PostgreSQL: from 15 hours UTC on it is the next day there.
_KOREAN_DAY = """CASE WHEN SUBSTR(e.hour, 12, 2) < '15' THEN SUBSTR(e.hour, 1, 10)
           ELSE TO_CHAR(CAST(SUBSTR(e.hour, 1, 10) AS DATE) + 1, 'YYYY-MM-DD') END"""

_COPY = f"""
    COPY ({_ENTRIES.format(day=_KOREAN_DAY, campaign_id="%(campaign_id)s", after="0", upto="%(upto)s")}) TO STDOUT
    WITH (FORMAT csv, FORCE_QUOTE (kind, of, day))"""


def _ledger_count(campaign_id: int) -> int:
    with reading() as connection:
        query = select(func.coalesce(func.max(LedgerHead.size), 0)).where(
            LedgerHead.campaign_id == campaign_id
        )
        return int(connection.execute(query).scalar_one())


def _ledger_cells(campaign_id: int, rows: int) -> Iterator[tuple[Cell, ...]]:
    for row in _entries(campaign_id, rows):
        back = "" if row.takes_back is None else row.takes_back
        yield (row.number, row.kind, row.of, row.change, korean_day(row.day), row.pledge_version, back)


def _ledger_lines(campaign_id: int, rows: int) -> Iterator[bytes]:
    """By the database's own COPY where it has one: four times as fast as row by row. No text of it comes from people."""
    if is_postgresql():
        for part in copied_out(_COPY, {"campaign_id": campaign_id, "upto": rows}):
            yield part.replace(b"\n", b"\r\n")
        return
    for row in _entries(campaign_id, rows):
        back = "" if row.takes_back is None else row.takes_back
        yield (
            f'{row.number},"{row.kind}","{row.of}",{row.change},"{korean_day(row.day)}",{row.pledge_version},{back}\r\n'
        ).encode()


def _entries(campaign_id: int, rows: int) -> Iterator[Row[Any]]:
    for after in range(0, rows, _AT_ONCE):
        span = {"campaign_id": campaign_id, "after": after, "upto": min(rows, after + _AT_ONCE)}
        with reading() as connection:
            found = _page(connection, span)
        yield from found


def _page(connection: Connection, span: dict[str, int]) -> list[Row[Any]]:
    return list(connection.execute(_PAGE, span))


# --- Organisations ---

_ORGANIZATIONS = (
    *("id", "published_at", "type", "name_ko", "name_en", "country", "region", "website", "level"),
    *("target_year", "interim_year", "interim_percent", "statement_ko", "statement_en", "spokesperson"),
)


def _organizations_count(campaign_id: int) -> int:
    return ledger.count(campaign_id).organizations


def _organizations_cells(campaign_id: int, _rows: int) -> Iterator[tuple[Cell, ...]]:
    after = 0
    while found := endorsements.listing(campaign_id, after):
        for one in found:
            yield _organization(one)
        after = found[-1].id


def _organizations_lines(campaign_id: int, rows: int) -> Iterator[bytes]:
    for cells in _organizations_cells(campaign_id, rows):
        yield csv_line(*cells).encode()


def _organization(one: OrganizationView) -> tuple[Cell, ...]:
    return (
        # As a text: a spreadsheet rounds a number of so many digits.
        *(str(one.id), f"{one.since:%Y-%m-%dT%H:%M:%SZ}", one.type.value),
        *(one.names.get("ko", ""), one.names.get("en", "")),
        *(one.country, one.region or "", one.website, one.level.value),
        *("" if year is None else year for year in (one.target_year, one.interim_year, one.interim_percent)),
        *(one.statements.get("ko", ""), one.statements.get("en", ""), one.spokesperson),
    )


KINDS: dict[str, Rows] = {
    "ledger": Rows(_LEDGER, _ledger_count, True, _ledger_cells, _ledger_lines),
    "organizations": Rows(
        _ORGANIZATIONS, _organizations_count, False, _organizations_cells, _organizations_lines
    ),
}


# --- What is wanted of them ---


@dataclass(frozen=True)
class Table:
    """What is wanted: which rows of which campaign, in which format; `at` is when it was asked for."""

    slug: str
    campaign_id: int
    kind: str
    form: str
    at: datetime

    @property
    def file_name(self) -> str:
        return f"{self.slug}-{self.kind}.{self.form}"

    @property
    def rows(self) -> Rows:
        return KINDS[self.kind]
