"""Totals as files: CSV that Korean Excel opens as it is, XLSX, and JSON for programs. docs/totals.md shows each."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from xlsxwriter import Workbook

from pledge.delivery.cells import SMALLEST
from pledge.delivery.queries import Line, Totals, Words
from pledge.i18n import SEOUL
from pledge.spreadsheets import BOM, csv_line

_CAMPAIGN: Words = ("캠페인", "Campaign")
_AS_OF: Words = ("집계 기준 시각", "As of")
_PEOPLE: Words = ("서명한 사람", "People")
_ORGANIZATIONS: Words = ("참여 단체", "Organizations")
_NOTE: Words = ("알림", "Note")
_MERGED: Words = (
    f"{SMALLEST}명 미만인 항목은 개인이 드러나지 않도록 ‘기타’로 합쳤습니다.",
    f"Lines of fewer than {SMALLEST} people are merged into “Other”, so that no person shows.",
)


@dataclass(frozen=True)
class Section:
    """One breakdown, as the formats name it."""

    name: str
    sheet: str
    words: Words
    lines: Callable[[Totals], list[Line]]


SECTIONS = (
    Section("country", "by country", ("국가", "Country"), lambda totals: totals.by_country),
    Section("region", "by region", ("지역", "Region"), lambda totals: totals.by_region),
    Section("day", "by day", ("날짜 (한국 시간)", "Day (Korean time)"), lambda totals: totals.by_day),
)


def as_json(totals: Totals) -> bytes:
    document = {
        "campaign": {"slug": totals.slug, "title": {"ko": totals.title_ko, "en": totals.title_en}},
        "as_of": _utc(totals.as_of),
        "people": totals.people,
        "organizations": totals.organizations,
        "smallest_shown": SMALLEST,
        **{f"by_{section.name}": _documents(section.lines(totals)) for section in SECTIONS},
    }
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


def as_csv(totals: Totals) -> bytes:
    """One table of everything, one number in a row. UTF-8 with BOM and CRLF, as Korean Excel wants it."""
    rows = [("section", "key", "label_ko", "label_en", "people"), *_rows(totals)]
    return BOM + "".join(csv_line(*row) for row in rows).encode()


def as_xlsx(totals: Totals) -> bytes:
    """Four sheets. Every text is written as a text, so none is ever a formula."""
    file = io.BytesIO()
    # Row by row and forgotten: the memory needed does not grow with the table.
    with Workbook(file, {"constant_memory": True}) as book:
        book.set_properties({"title": totals.title_en, "created": totals.as_of})
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet("summary")
        _write(sheet, bold, ("항목", "Item", "값 Value"), (18, 18, 60), _summary(totals))
        for section in SECTIONS:
            ko, en = section.words
            heads = ("코드 Code", ko, en, " ".join(_PEOPLE))
            lines = ((line.key, line.ko, line.en, line.people) for line in section.lines(totals))
            _write(book.add_worksheet(section.sheet), bold, heads, (14, 32, 36, 20), lines)
    return file.getvalue()


FORMATS: dict[str, Callable[[Totals], bytes]] = {"csv": as_csv, "json": as_json, "xlsx": as_xlsx}


def _rows(totals: Totals) -> Iterator[tuple[str, str, str, str, int | str]]:
    yield "campaign", totals.slug, totals.title_ko, totals.title_en, ""
    yield "as_of", _utc(totals.as_of), *_AS_OF, ""
    yield "total", "people", *_PEOPLE, totals.people
    yield "total", "organizations", *_ORGANIZATIONS, totals.organizations
    for section in SECTIONS:
        for line in section.lines(totals):
            yield section.name, line.key, line.ko, line.en, line.people


def _summary(totals: Totals) -> Iterator[tuple[str, str, str | int]]:
    yield *_CAMPAIGN, f"{totals.title_ko} / {totals.title_en}"
    yield *_PEOPLE, totals.people
    yield *_ORGANIZATIONS, totals.organizations
    yield *_AS_OF, f"{totals.as_of.astimezone(SEOUL):%Y-%m-%d %H:%M:%S} KST ({_utc(totals.as_of)})"
    yield _NOTE[0], _NOTE[1], _MERGED[0]
    yield "", "", _MERGED[1]


def _write(
    sheet: Any,
    bold: Any,
    heads: tuple[str, ...],
    widths: tuple[int, ...],
    rows: Iterator[tuple[str | int, ...]],
) -> None:
    sheet.freeze_panes(1, 0)
    for column, (head, width) in enumerate(zip(heads, widths, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, head, bold)
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            if isinstance(value, int):
                sheet.write_number(number, column, value)
            else:
                sheet.write_string(number, column, value)


def _documents(lines: list[Line]) -> list[dict[str, Any]]:
    return [
        {"key": line.key, "label": {"ko": line.ko, "en": line.en}, "people": line.people} for line in lines
    ]


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
