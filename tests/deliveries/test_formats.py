"""The totals as files, each read back by another program's reader."""

import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import openpyxl

from pledge.core.languages import Texts
from pledge.deliveries.tables import totals_csv, totals_json, totals_xlsx
from pledge.statistics.cells import Cell
from pledge.statistics.totals import Totals
from tests.support.tables import rows_of

TOTALS = Totals(
    slug="blue-skies",
    languages=["ko", "en"],
    title=Texts(ko="푸른 하늘", en="Blue Skies"),
    goal=1000,
    people=28,
    organizations=0,
    as_of=datetime(2026, 11, 24, 20, 30, 5, tzinfo=UTC),
    by_country=[
        Cell("KR", Texts(ko="대한민국", en="Republic of Korea"), 23),
        Cell("other", Texts(ko="기타", en="Other"), 5),
    ],
    by_region=[
        Cell("KR-11", Texts(ko="서울특별시", en="Seoul"), 20),
        Cell("other", Texts(ko="기타", en="Other"), 8),
    ],
    by_day=[Cell("2026-11-24", Texts(ko="2026년 11월 24일", en="24 November 2026"), 28)],
)


def test_csv_is_one_tidy_table():
    assert rows_of(totals_csv(TOTALS)) == [
        ["section", "key", "label_ko", "label_en", "people"],
        ["campaign", "blue-skies", "푸른 하늘", "Blue Skies", ""],
        ["as_of", "2026-11-25T05:30:05+09:00", "집계 기준 시각", "As of", ""],
        ["total", "people", "서명한 사람", "People", "28"],
        ["total", "organizations", "참여 단체", "Organisations", "0"],
        ["country", "KR", "대한민국", "Republic of Korea", "23"],
        ["country", "other", "기타", "Other", "5"],
        ["region", "KR-11", "서울특별시", "Seoul", "20"],
        ["region", "other", "기타", "Other", "8"],
        ["day", "2026-11-24", "2026년 11월 24일", "24 November 2026", "28"],
    ]


def test_json_says_what_it_holds():
    assert json.loads(totals_json(TOTALS)) == {
        "campaign": {"slug": "blue-skies", "title": {"ko": "푸른 하늘", "en": "Blue Skies"}},
        "as_of": "2026-11-25T05:30:05+09:00",
        "people": 28,
        "organizations": 0,
        "smallest_shown": 5,
        "by_country": [
            {"key": "KR", "label": {"ko": "대한민국", "en": "Republic of Korea"}, "people": 23},
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


def test_the_present_totals_are_a_workbook_without_a_checkpoint():
    book = openpyxl.load_workbook(io.BytesIO(totals_xlsx(TOTALS)))
    assert book.sheetnames == ["요약 Summary", "국가별 By country", "지역별 By region", "날짜별 By day"]
    summary = {row[1]: row[2] for row in book["요약 Summary"].iter_rows(values_only=True)}
    assert (summary["Campaign"], summary["People"], summary["Goal"]) == ("푸른 하늘 / Blue Skies", 28, 1000)
    assert summary["As of"] == "2026-11-25 05:30:05 KST"


def test_totals_in_one_language_are_in_that_alone():
    totals = replace(TOTALS, languages=["en"])
    book = openpyxl.load_workbook(io.BytesIO(totals_xlsx(totals)))
    assert book.sheetnames == ["Summary", "By country", "By region", "By day"]
    heads, line = list(book["By region"].iter_rows(values_only=True))[:2]
    assert (heads, line) == (("Region", "People", "Share"), ("Seoul", 20, 20 / 28))
    assert "Republic of Korea" in totals_csv(totals).decode()
    cells = [str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row]
    assert not re.search("[가-힣]", " ".join([*cells, totals_csv(totals).decode()]))


def test_nobody_is_no_share_of_nobody():
    nobody = replace(TOTALS, people=0, by_country=[Cell("KR", Texts(ko="대한민국", en="Korea"), 0)])
    sheet = openpyxl.load_workbook(io.BytesIO(totals_xlsx(nobody)))["국가별 By country"]
    assert (sheet["C2"].value, sheet["D2"].value) == (0, 0)
