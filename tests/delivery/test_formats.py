"""The totals as files, each read back by another program's reader."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import openpyxl

from pledge.delivery.formats import as_csv, as_json, as_xlsx
from pledge.delivery.queries import Line, Totals

TOTALS = Totals(
    slug="blue-skies",
    title_ko="푸른 하늘",
    title_en="Blue Skies",
    people=28,
    organizations=0,
    as_of=datetime(2026, 11, 24, 20, 30, 5, tzinfo=UTC),
    by_country=[Line("KR", "대한민국", "South Korea", 23), Line("other", "기타", "Other", 5)],
    by_region=[Line("KR-11", "서울특별시", "Seoul", 20), Line("other", "기타", "Other", 8)],
    by_day=[Line("2026-11-24", "2026년 11월 24일", "24 November 2026", 28)],
)
FORMULA = '=HYPERLINK("https://evil.example","click")'


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_csv_is_one_tidy_table():
    assert rows_of(as_csv(TOTALS)) == [
        ["section", "key", "label_ko", "label_en", "people"],
        ["campaign", "blue-skies", "푸른 하늘", "Blue Skies", ""],
        ["as_of", "2026-11-24T20:30:05Z", "집계 기준 시각", "As of", ""],
        ["total", "people", "서명한 사람", "People", "28"],
        ["total", "organizations", "참여 단체", "Organizations", "0"],
        ["country", "KR", "대한민국", "South Korea", "23"],
        ["country", "other", "기타", "Other", "5"],
        ["region", "KR-11", "서울특별시", "Seoul", "20"],
        ["region", "other", "기타", "Other", "8"],
        ["day", "2026-11-24", "2026년 11월 24일", "24 November 2026", "28"],
    ]


def test_csv_is_what_korean_excel_opens_as_it_is():
    content = as_csv(TOTALS)
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\n") == content.count(b"\r\n") == 10
    assert b',"South Korea",23\r\n' in content, "numbers are numbers, texts are quoted"


def test_csv_neutralises_a_formula_in_any_text():
    titled = replace(TOTALS, title_ko=FORMULA, by_country=[Line("@KR", "\t=1", "＝1", 9)])
    rows = rows_of(as_csv(titled))
    assert rows[1][2] == "'" + FORMULA
    assert rows[5] == ["country", "'@KR", "'\t=1", "'＝1", "9"]


def test_json_says_what_it_holds():
    assert json.loads(as_json(TOTALS)) == {
        "campaign": {"slug": "blue-skies", "title": {"ko": "푸른 하늘", "en": "Blue Skies"}},
        "as_of": "2026-11-24T20:30:05Z",
        "people": 28,
        "organizations": 0,
        "smallest_shown": 5,
        "by_country": [
            {"key": "KR", "label": {"ko": "대한민국", "en": "South Korea"}, "people": 23},
            {"key": "other", "label": {"ko": "기타", "en": "Other"}, "people": 5},
        ],
        "by_region": [
            {"key": "KR-11", "label": {"ko": "서울특별시", "en": "Seoul"}, "people": 20},
            {"key": "other", "label": {"ko": "기타", "en": "Other"}, "people": 8},
        ],
        "by_day": [
            {"key": "2026-11-24", "label": {"ko": "2026년 11월 24일", "en": "24 November 2026"}, "people": 28}
        ],
    }


def test_xlsx_has_a_summary_and_a_sheet_for_each_breakdown():
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx(TOTALS)))

    assert book.sheetnames == ["summary", "by country", "by region", "by day"]
    summary = {row[1]: row[2] for row in book["summary"].iter_rows(values_only=True)}
    assert summary["Campaign"] == "푸른 하늘 / Blue Skies"
    assert summary["People"] == 28
    assert summary["As of"] == "2026-11-25 05:30:05 KST (2026-11-24T20:30:05Z)"
    assert list(book["by region"].iter_rows(values_only=True)) == [
        ("코드 Code", "지역", "Region", "서명한 사람 People"),
        ("KR-11", "서울특별시", "Seoul", 20),
        ("other", "기타", "Other", 8),
    ]
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert sheet.column_dimensions["A"].width > 10


def test_xlsx_holds_no_formula_whatever_a_text_says():
    titled = replace(TOTALS, title_ko=FORMULA, by_country=[Line("=1", "+1", "@x", 9)])
    content = as_xlsx(titled)

    book = openpyxl.load_workbook(io.BytesIO(content))
    kinds = {
        cell.data_type
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    }
    assert kinds == {"s", "n", "d"}
    assert [cell.value for cell in book["by country"][2]] == ["=1", "+1", "@x", 9]
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert not any(b"<f>" in parts.read(name) for name in parts.namelist())
