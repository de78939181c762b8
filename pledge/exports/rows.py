"""The rows that staff may take out, without anything that names a signer: which columns, how many, and the lines themselves.

`ledger`: every +1 and -1 in the order of the log. `organizations`: what is on the wall, as anybody may see it. Both are
written for a reader, in one language: words instead of codes, the time of Seoul, parts in percent.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, TextClause, func, select, text

from pledge.core import countries, languages
from pledge.core.db import copied_out, is_postgresql, reading
from pledge.core.i18n import SEOUL, Phrase
from pledge.core.organization_types import TYPES
from pledge.core.text.tables import csv_line
from pledge.core.urls import organization_link
from pledge.endorsements import queries as endorsements
from pledge.endorsements.queries import OrganizationView
from pledge.exports import organization_rows
from pledge.exports.names import file_name
from pledge.ledger import queries as ledger
from pledge.ledger.leaves import korean_day
from pledge.ledger.models import Kind, LedgerHead, Reason
from pledge.statistics import labels

#: A datetime is in Seoul's time without a zone, as spreadsheets have none.
Cell = str | int | date | datetime

#: Rows read at once where they do not come by COPY.
_AT_ONCE = 2000


@dataclass(frozen=True)
class ExportColumn:
    head: str
    width: int  #: in characters of the workbook's font


@dataclass(frozen=True)
class Rows:
    """One kind of export."""

    title: Phrase  #: of the sheet
    #: In a language, by the names that programs know them by.
    columns: Callable[[str], dict[str, ExportColumn]]
    #: How many there are now, for a campaign.
    count: Callable[["Table"], int]
    #: Whether exactly so many must come: an append-only list has its first so many for ever.
    is_exact: bool
    #: The first so many, as cells.
    cells: Callable[["Table", int], Iterator[tuple[Cell, ...]]]
    #: The same as lines of CSV, in parts of whole or broken lines; the head is not among them.
    lines: Callable[["Table", int], Iterator[bytes]]


@dataclass(frozen=True)
class Table:
    """What is wanted: which rows of which campaign, for a reader of which language; `at` is when it was asked for."""

    slug: str
    campaign_id: int
    kind: str
    form: str
    lang: str
    at: datetime

    @property
    def file_name(self) -> str:
        return file_name(self.slug, self.kind, self.at, self.lang, self.form)

    @property
    def rows(self) -> Rows:
        return KINDS[self.kind]

    @property
    def columns(self) -> dict[str, ExportColumn]:
        return self.rows.columns(self.lang)

    @property
    def heads(self) -> list[str]:
        return [column.head for column in self.columns.values()]


def csv_row(cells: tuple[Cell, ...]) -> bytes:
    """The cells as a line of CSV, a moment to the minute."""
    return csv_line(*map(_plain, cells)).encode()


def _plain(cell: Cell) -> str | int:
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, date):
        return cell.isoformat()
    return cell


# --- The ledger ---

# No more than the public log says: country, region or hour of one line could point at a person. So the day is that of Korea
# too: beside it, another one would tell in which part of the day it was.


def _ledger_columns(lang: str) -> dict[str, ExportColumn]:
    return {
        "number": ExportColumn(Phrase("entries", "Number").of(lang), 10),
        "kind": ExportColumn(Phrase("entries", "Entry").of(lang), 16),
        "of": ExportColumn(Phrase("entries", "Of").of(lang), 14),
        "change": ExportColumn(Phrase("entries", "Change").of(lang), 8),
        "day": ExportColumn(Phrase("entries", "Day (KST)").of(lang), 14),
        "pledge_version": ExportColumn(Phrase("entries", "Pledge version").of(lang), 14),
        "takes_back": ExportColumn(Phrase("entries", "Takes back number").of(lang), 18),
    }


_REASONS: dict[str, Phrase] = {
    Reason.CONFIRMED: Phrase("entries", "Confirmed"),
    Reason.WITHDRAWN: Phrase("entries", "Withdrawn"),
    Reason.INVALIDATED: Phrase("entries", "Invalidated"),
    Reason.REINSTATED: Phrase("entries", "Reinstated"),
}
_KINDS: dict[str, Phrase] = {
    Kind.PERSON: Phrase("entries", "Person"),
    Kind.ORGANIZATION: Phrase("entries", "Organisation"),
    Kind.PAPER: Phrase("entries", "On paper"),
}

_ENTRIES = """
    SELECT e.number, {kind} AS kind, {of} AS of, e.delta AS change,
           {day} AS day, p.version AS pledge_version, e.takes_back + 1 AS takes_back
      FROM ledger_entries AS e LEFT JOIN pledge_texts AS p ON p.id = e.pledge_text_id
     WHERE e.campaign_id = {campaign_id} AND e.number > {after} AND e.number <= {upto}
     ORDER BY e.number"""

_PAGE: TextClause = text(
    _ENTRIES.format(
        kind="e.reason", of="e.kind", day="e.hour", campaign_id=":campaign_id", after=":after", upto=":upto"
    )
)

#: leaves.korean_day() in the words of PostgreSQL: from 15 hours UTC on it is the next day there.
_KOREAN_DAY = """CASE WHEN SUBSTR(e.hour, 12, 2) < '15' THEN SUBSTR(e.hour, 1, 10)
           ELSE TO_CHAR(CAST(SUBSTR(e.hour, 1, 10) AS DATE) + 1, 'YYYY-MM-DD') END"""


def _copy(lang: str) -> str:
    entries = _ENTRIES.format(
        kind=_in_words("e.reason", _REASONS, lang),
        of=_in_words("e.kind", _KINDS, lang),
        day=_KOREAN_DAY,
        campaign_id="%(campaign_id)s",
        after="0",
        upto="%(upto)s",
    )
    return f"COPY ({entries}) TO STDOUT WITH (FORMAT csv, FORCE_QUOTE (kind, of, day))"


def _in_words(column: str, names: Mapping[str, Phrase], lang: str) -> str:
    """The column in words, in SQL."""
    cases = " ".join(f"WHEN '{code}' THEN {_literal(name.of(lang))}" for code, name in names.items())
    return f"CASE {column} {cases} ELSE {column} END"


def _literal(text: str) -> str:
    """A text of the catalogue in SQL, with nothing in it that psycopg takes for a placeholder."""
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"


def _ledger_count(table: Table) -> int:
    with reading() as connection:
        query = select(func.coalesce(func.max(LedgerHead.size), 0)).where(
            LedgerHead.campaign_id == table.campaign_id
        )
        return int(connection.execute(query).scalar_one())


def _ledger_cells(table: Table, rows: int) -> Iterator[tuple[Cell, ...]]:
    for row in _entries(table.campaign_id, rows):
        yield (
            row.number,
            labels.named(_REASONS, row.kind, table.lang),
            labels.named(_KINDS, row.of, table.lang),
            row.change,
            date.fromisoformat(korean_day(row.day)),
            row.pledge_version or "",
            "" if row.takes_back is None else row.takes_back,
        )


def _ledger_lines(table: Table, rows: int) -> Iterator[bytes]:
    """By the database's own COPY where it has one: four times as fast as row by row. No text of it comes from people."""
    if is_postgresql():
        for part in copied_out(_copy(table.lang), {"campaign_id": table.campaign_id, "upto": rows}):
            yield part.replace(b"\n", b"\r\n")
        return
    reasons = {code: name.of(table.lang).replace('"', '""') for code, name in _REASONS.items()}
    kinds = {code: name.of(table.lang).replace('"', '""') for code, name in _KINDS.items()}
    for row in _entries(table.campaign_id, rows):
        back = "" if row.takes_back is None else row.takes_back
        yield (
            f'{row.number},"{reasons[row.kind]}","{kinds[row.of]}",{row.change},"{korean_day(row.day)}",'
            f"{row.pledge_version or ''},{back}\r\n"
        ).encode()


def _entries(campaign_id: int, rows: int) -> Iterator[Row[Any]]:
    for after in range(0, rows, _AT_ONCE):
        span = {"campaign_id": campaign_id, "after": after, "upto": min(rows, after + _AT_ONCE)}
        with reading() as connection:
            found = connection.execute(_PAGE, span).all()
        yield from found


# --- Organisations ---


def _organization_columns(lang: str) -> dict[str, ExportColumn]:
    return {
        "id": ExportColumn(Phrase("table", "Reference").of(lang), 34),
        "published_at": ExportColumn(Phrase("table", "Published (KST)").of(lang), 18),
        **_in_languages("name", organization_rows.NAME, 30, lang),
        "type": ExportColumn(organization_rows.TYPE.of(lang), 20),
        "country": ExportColumn(labels.COUNTRY.of(lang), 16),
        "region": ExportColumn(labels.REGION.of(lang), 16),
        "website": ExportColumn(organization_rows.WEBSITE.of(lang), 30),
        "level": ExportColumn(organization_rows.LEVEL.of(lang), 26),
        "target_year": ExportColumn(organization_rows.TARGET_YEAR.of(lang), 12),
        "interim_year": ExportColumn(Phrase("table", "Interim year").of(lang), 14),
        "interim_percent": ExportColumn(Phrase("table", "Interim target (%)").of(lang), 14),
        **_in_languages("statement", organization_rows.STATEMENT, 40, lang),
        "spokesperson": ExportColumn(Phrase("table", "Spokesperson").of(lang), 24),
        "page": ExportColumn(Phrase("table", "Public page").of(lang), 40),
    }


def _in_languages(name: str, head: Phrase, width: int, reader: str) -> dict[str, ExportColumn]:
    """A column for each language of the site."""
    return {
        f"{name}_{lang}": ExportColumn(head.of(reader, language=languages.name(lang, reader)), width)
        for lang in languages.codes()
    }


def _organizations_count(table: Table) -> int:
    return ledger.count(table.campaign_id).organizations


def _organizations_cells(table: Table, _rows: int) -> Iterator[tuple[Cell, ...]]:
    found: list[OrganizationView] = []
    while part := endorsements.listing(table.campaign_id, found[-1].id if found else 0):
        found += part
    for one in sorted(found, key=lambda one: (one.since, one.id)):
        yield _organization(one, table)


def _organizations_lines(table: Table, rows: int) -> Iterator[bytes]:
    for cells in _organizations_cells(table, rows):
        yield csv_row(cells)


def _organization(one: OrganizationView, table: Table) -> tuple[Cell, ...]:
    lang = table.lang
    return (
        # As the audit log names it: a spreadsheet takes digits alone for a number, and rounds one of so many.
        f"endorsement:{one.id}",
        one.since.astimezone(SEOUL).replace(tzinfo=None),
        *(one.names.get(code, "") for code in languages.codes()),
        labels.named(TYPES, one.type.value, lang),
        countries.country_name(one.country, lang),
        countries.region_name(one.region, lang) if one.region else "",
        one.website,
        labels.named(labels.LEVELS, one.level.value, lang),
        *("" if year is None else year for year in (one.target_year, one.interim_year)),
        "" if one.interim_percent is None else one.interim_percent,
        *(one.statements.get(code, "") for code in languages.codes()),
        one.spokesperson,
        organization_link(lang, table.slug, one.id),
    )


KINDS: dict[str, Rows] = {
    "ledger": Rows(
        Phrase("table", "Public log"), _ledger_columns, _ledger_count, True, _ledger_cells, _ledger_lines
    ),
    "organizations": Rows(
        labels.ORGANIZATIONS,
        _organization_columns,
        _organizations_count,
        False,
        _organizations_cells,
        _organizations_lines,
    ),
}
