"""The rows that staff may take out, without anything that names a signer: which columns, how many, and the lines themselves.

`ledger`: every +1 and -1 in the order of the log. `organizations`: what stands on the wall, as anybody may see it. Both are
written for a reader, in one language: words instead of codes, the time of Seoul, parts in percent.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, TextClause, func, select, text

from pledge.core import countries
from pledge.core.db import is_postgresql, reading
from pledge.core.db.bulk_rows import copied_out
from pledge.core.i18n import SEOUL
from pledge.core.text.spreadsheets import csv_line
from pledge.core.urls import organization_link
from pledge.endorsements import queries as endorsements
from pledge.endorsements.queries import OrganizationView
from pledge.exports.names import file_name
from pledge.ledger import queries as ledger
from pledge.ledger.leaves import korean_day
from pledge.ledger.models import Kind, LedgerHead, Reason
from pledge.statistics import labels
from pledge.statistics.values import Words

#: A datetime is in Seoul's time without a zone, as spreadsheets have none; a float is a share from 0 to 1.
Cell = str | int | float | date | datetime

#: Rows read at once where they do not come by COPY.
_AT_ONCE = 2000


@dataclass(frozen=True)
class ExportColumn:
    head: Words
    width: int  #: in characters of the workbook's font


@dataclass(frozen=True)
class Rows:
    """One kind of export."""

    title: Words  #: of the sheet
    columns: Mapping[str, ExportColumn]
    #: How many there are now, for a campaign.
    count: Callable[["Table"], int]
    #: Whether exactly so many must come: an append-only list has its first so many for ever.
    is_exact: bool
    #: The first so many, as cells.
    cells: Callable[["Table", int], Iterator[tuple[Cell, ...]]]
    #: The same as lines of CSV, in parts of whole or broken lines; the head is not among them.
    lines: Callable[["Table", int], Iterator[bytes]]

    def heads(self, lang: str) -> tuple[str, ...]:
        return tuple(column.head.of(lang) for column in self.columns.values())


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


def csv_row(cells: tuple[Cell, ...]) -> bytes:
    """The cells as a line of CSV: a part in percent, a moment to the minute."""
    return csv_line(*map(_plain, cells)).encode()


def _plain(cell: Cell) -> str | int | float:
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float):
        percent = round(100 * cell, 1)
        return int(percent) if percent.is_integer() else percent
    return cell


# --- The ledger ---

# No more than the public log says: country, region or hour of one line could point at a person. So the day is that of Korea
# too: beside it, another one would tell in which part of the day it was.
_LEDGER = {
    "number": ExportColumn(Words("번호", "Number"), 10),
    "kind": ExportColumn(Words("기록", "Entry"), 16),
    "of": ExportColumn(Words("대상", "Of"), 14),
    "change": ExportColumn(Words("증감", "Change"), 8),
    "day": ExportColumn(Words("날짜 (KST)", "Day (KST)"), 14),
    "pledge_version": ExportColumn(Words("서약 판", "Pledge version"), 14),
    "takes_back": ExportColumn(Words("되돌린 번호", "Takes back number"), 18),
}
_REASONS: dict[str, Words] = {
    Reason.CONFIRMED: Words("확인", "Confirmed"),
    Reason.WITHDRAWN: Words("철회", "Withdrawn"),
    Reason.INVALIDATED: Words("무효 처리", "Invalidated"),
    Reason.REINSTATED: Words("무효 처리 취소", "Reinstated"),
}
_KINDS: dict[str, Words] = {
    Kind.PERSON: Words("사람", "Person"),
    Kind.ORGANIZATION: Words("단체", "Organisation"),
}

_ENTRIES = """
    SELECT e.number, {kind} AS kind, {of} AS of, e.delta AS change,
           {day} AS day, p.version AS pledge_version, e.takes_back + 1 AS takes_back
      FROM ledger_entries AS e JOIN pledge_texts AS p ON p.id = e.pledge_text_id
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


def _in_words(column: str, names: Mapping[str, Words], lang: str) -> str:
    """The column in words, in SQL. The names are our own constants and hold no quotes."""
    cases = " ".join(f"WHEN '{code}' THEN '{name.of(lang)}'" for code, name in names.items())
    return f"CASE {column} {cases} ELSE {column} END"


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
            labels.named(_REASONS, row.kind).of(table.lang),
            labels.named(_KINDS, row.of).of(table.lang),
            row.change,
            date.fromisoformat(korean_day(row.day)),
            row.pledge_version,
            "" if row.takes_back is None else row.takes_back,
        )


def _ledger_lines(table: Table, rows: int) -> Iterator[bytes]:
    """By the database's own COPY where it has one: four times as fast as row by row. No text of it comes from people."""
    if is_postgresql():
        for part in copied_out(_copy(table.lang), {"campaign_id": table.campaign_id, "upto": rows}):
            yield part.replace(b"\n", b"\r\n")
        return
    reasons = {code: name.of(table.lang) for code, name in _REASONS.items()}
    kinds = {code: name.of(table.lang) for code, name in _KINDS.items()}
    for row in _entries(table.campaign_id, rows):
        back = "" if row.takes_back is None else row.takes_back
        yield (
            f'{row.number},"{reasons[row.kind]}","{kinds[row.of]}",{row.change},"{korean_day(row.day)}",'
            f"{row.pledge_version},{back}\r\n"
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

_ORGANIZATIONS = {
    "id": ExportColumn(Words("관리 번호", "Reference"), 34),
    "published_at": ExportColumn(Words("공개 시각 (KST)", "Published (KST)"), 18),
    "name_ko": ExportColumn(Words("이름 (국문)", "Name in Korean"), 30),
    "name_en": ExportColumn(Words("이름 (영문)", "Name in English"), 30),
    "type": ExportColumn(Words("유형", "Kind"), 20),
    "country": ExportColumn(Words("국가", "Country"), 16),
    "region": ExportColumn(Words("지역", "Region"), 16),
    "website": ExportColumn(Words("홈페이지", "Website"), 30),
    "level": ExportColumn(Words("확인 단계", "Checked by"), 26),
    "target_year": ExportColumn(Words("목표 연도", "Target year"), 12),
    "interim_year": ExportColumn(Words("중간 목표 연도", "Interim year"), 14),
    "interim_percent": ExportColumn(Words("중간 목표 (%)", "Interim target (%)"), 14),
    "statement_ko": ExportColumn(Words("공개 메시지 (국문)", "Statement in Korean"), 40),
    "statement_en": ExportColumn(Words("공개 메시지 (영문)", "Statement in English"), 40),
    "spokesperson": ExportColumn(Words("대표자", "Spokesperson"), 24),
    "page": ExportColumn(Words("공개 페이지", "Public page"), 40),
}


def _organizations_count(table: Table) -> int:
    return ledger.count(table.campaign_id).organizations


def _organizations_cells(table: Table, _rows: int) -> Iterator[tuple[Cell, ...]]:
    after = 0
    while found := endorsements.listing(table.campaign_id, after):
        for one in found:
            yield _organization(one, table)
        after = found[-1].id


def _organizations_lines(table: Table, rows: int) -> Iterator[bytes]:
    for cells in _organizations_cells(table, rows):
        yield csv_row(cells)


def _organization(one: OrganizationView, table: Table) -> tuple[Cell, ...]:
    lang = table.lang
    return (
        # As the audit log names it: a spreadsheet takes digits alone for a number, and rounds one of so many.
        f"endorsement:{one.id}",
        one.since.astimezone(SEOUL).replace(tzinfo=None),
        *(one.names.get("ko", ""), one.names.get("en", "")),
        labels.named(labels.TYPES, one.type.value).of(lang),
        countries.country_name(one.country, lang),
        countries.region_name(one.region, lang) if one.region else "",
        one.website,
        labels.named(labels.LEVELS, one.level.value).of(lang),
        *("" if year is None else year for year in (one.target_year, one.interim_year)),
        "" if one.interim_percent is None else one.interim_percent / 100,
        *(one.statements.get("ko", ""), one.statements.get("en", ""), one.spokesperson),
        organization_link(lang, table.slug, one.id),
    )


KINDS: dict[str, Rows] = {
    "ledger": Rows(
        Words("공개 기록", "Public log"), _LEDGER, _ledger_count, True, _ledger_cells, _ledger_lines
    ),
    "organizations": Rows(
        labels.ORGANIZATIONS,
        _ORGANIZATIONS,
        _organizations_count,
        False,
        _organizations_cells,
        _organizations_lines,
    ),
}
