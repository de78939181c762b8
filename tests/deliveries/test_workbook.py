"""The totals as a workbook, read back by another program's reader."""

import io
import re
import zipfile
from datetime import datetime

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pledge.core.languages import Texts
from pledge.core.text.tables import FORMULA_STARTS
from pledge.deliveries.tables import ROWS, totals_xlsx
from pledge.exports.sheets import CellTooLong
from tests.support.documents import document, organization, tiny_document
from tests.support.packs import ANSWER, DEMAND

FORMULA = '=HYPERLINK("https://evil.example","click")'


def opened(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def test_the_workbook_has_a_sheet_for_each_question():
    book = opened(totals_xlsx(document()))
    assert book.sheetnames == [
        *("요약 Summary", "국가별 By country", "지역별 By region", "날짜별 By day"),
        "참여 단체 Organisations",
    ]
    summary = {row[1]: row[2] for row in book["요약 Summary"].iter_rows(values_only=True)}
    assert (summary["People"], summary["Organisations"]) == (48_211, 47)
    assert summary["Entries of the public log"] == 48_612
    assert summary["Root hash"] == document().checkpoint.root
    assert summary["As of"] == "2026-11-24 14:00:00 KST"
    assert (summary["People: Confirmed"], summary["People: Withdrawn"]) == (48_390, 141)
    assert [row[0] for row in book["요약 Summary"].iter_rows(values_only=True)][:3] == [
        *("항목", "캠페인", "서명한 사람"),
    ]
    assert summary["Page for checking"] == "https://pledge.example/ko/verify"


def test_numbers_are_numbers_days_are_dates_and_the_last_running_total_is_the_count():
    rows = list(opened(totals_xlsx(document()))["날짜별 By day"].iter_rows(values_only=True))
    assert rows[0] == (
        *("날짜 (한국 시간, KST) Day (Korean time, KST)", "서명한 사람 People", "누적 In all", "비율 Share"),
    )
    assert rows[1][0] == datetime.fromisoformat("2026-07-28")
    assert {type(row[1]) for row in rows[1:]} == {type(row[2]) for row in rows[1:]} == {int}
    assert rows[-1][2] == 48_211
    assert sum(row[3] for row in rows[1:]) == pytest.approx(1)


def test_shares_are_numbers_shown_in_percent_and_every_table_can_be_filtered():
    book = opened(totals_xlsx(document()))
    sheet = book["지역별 By region"]
    people, share = sheet["C2"].value, sheet["D2"]
    assert share.value == pytest.approx(people / 48_211)
    assert share.number_format == "0.0%"
    for sheet in book.worksheets[1:]:
        assert sheet.auto_filter.ref == sheet.dimensions
    assert book["요약 Summary"].auto_filter.ref is None


def test_organisations_stand_with_their_names_in_both_languages():
    sheet = opened(totals_xlsx(document()))["참여 단체 Organisations"]
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == 46
    assert rows[1][:5] == (
        *("글로벌녹색성장연구소 1", "Global Green Growth Institute 1"),
        *("국제기구 International organisation", "대한민국 Republic of Korea", "서울특별시 Seoul"),
    )
    assert rows[1][7] == 2050
    assert rows[1][-1] == datetime.fromisoformat("2026-10-05")


def test_heads_stay_while_scrolling_and_on_every_printed_page():
    for sheet in opened(totals_xlsx(document())):
        assert sheet.freeze_panes == "A2"
        assert sheet.print_title_rows == "$1:$1"
        assert (sheet.page_setup.paperSize, sheet.page_setup.fitToHeight) == (9, 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage


def test_a_column_is_wide_enough_for_its_korean():
    book = opened(totals_xlsx(document()))
    assert book["지역별 By region"].column_dimensions["A"].width >= 2 * len("강원특별자치도")
    assert book["참여 단체 Organisations"].column_dimensions["A"].width <= 30, (
        "what is longer is broken into lines"
    )


def test_growth_and_regions_have_a_chart_that_shows_without_recalculation():
    with zipfile.ZipFile(io.BytesIO(totals_xlsx(document()))) as parts:
        charts = [parts.read(name).decode() for name in parts.namelist() if "/charts/chart" in name]
    assert len(charts) == 2
    growth, regions = charts
    assert "<c:areaChart>" in growth
    assert "'날짜별 By day'!$C$2:$C$121" in growth
    assert "<c:v>48211</c:v>" in growth
    assert "<c:barChart>" in regions
    assert "<c:v>서울특별시</c:v>" in regions


def test_a_campaign_of_three_has_no_chart_of_growth_and_no_empty_sheet_breaks():
    content = totals_xlsx(tiny_document())
    book = opened(content)
    assert list(book["날짜별 By day"].iter_rows(values_only=True))[1] == ("기타 Other", 3, 3, 1)
    assert book["참여 단체 Organisations"].max_row == 1
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert sum("/charts/chart" in name for name in parts.namelist()) == 1


def test_demands_and_answers_have_a_sheet_of_their_own_where_there_are_any():
    book = opened(totals_xlsx(document(demands=[DEMAND], answers=[ANSWER])))
    asked, answers = (
        list(book[name].iter_rows(values_only=True)) for name in ("요청 사항 Demands", "답변 Answers")
    )
    assert asked[1][:4] == (1, "계획을 공개해 주십시오.", "Publish a plan.", "요청함 Asked")
    assert asked[1][4] == datetime.fromisoformat("2026-10-01")
    assert answers[1][0] == 3
    assert answers[1][5] == datetime.fromisoformat("2026-11-02")


def test_the_manifest_counts_the_rows_below_the_heads():
    made = document(demands=[DEMAND], answers=[ANSWER])
    book = opened(totals_xlsx(made))
    assert ROWS["totals.xlsx"](made) == sum(
        book[name].max_row - 1 for name in book.sheetnames if name != "요약 Summary"
    )


def test_the_workbook_has_no_time_but_that_of_its_document():
    content = totals_xlsx(document())
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert {member.date_time[0] for member in parts.infolist()} == {1980}, (
            "no member has a time of its own"
        )
        created = re.findall(r"<dcterms:\w+ [^>]*>([^<]*)<", parts.read("docProps/core.xml").decode())
    assert set(created) == {document().checkpoint.signed_at}


def test_what_looks_like_a_formula_stays_a_text_when_the_cell_is_edited():
    made = document(title=Texts(ko=FORMULA, en="+1"), named_organizations=[organization(FORMULA, "plain")])
    book = opened(totals_xlsx(made))
    risky, plain = book["참여 단체 Organisations"]["A2"], book["참여 단체 Organisations"]["B2"]
    assert (risky.value, risky.data_type, risky.quotePrefix) == (FORMULA, "s", True)
    assert (plain.data_type, bool(plain.quotePrefix)) == ("s", False)
    assert book["요약 Summary"]["C2"].value == f"{FORMULA} / +1"
    assert book["요약 Summary"]["C2"].data_type == "s"


@settings(max_examples=30)
@given(
    st.lists(
        st.one_of(st.text(), st.builds(str.__add__, st.sampled_from(sorted(FORMULA_STARTS)), st.text())),
        min_size=1,
        max_size=40,
    )
)
def test_any_name_is_a_text_and_keeps_what_xml_can_carry(names):
    made = tiny_document(named_organizations=[organization(name, "x") for name in names])
    content = totals_xlsx(made)
    cells = list(opened(content)["참여 단체 Organisations"].iter_rows(min_row=2, max_col=1))
    for (cell,), name in zip(cells, names, strict=True):
        assert cell.data_type in ("s", "n"), "an empty cell has the type of a number"
        assert (cell.value or "") == re.sub("[\x00-\x08\x0b-\x1f\ufffe\uffff]", "", name)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert not any(b"<f>" in parts.read(name) for name in parts.namelist() if "worksheets" in name)


def test_a_text_that_no_cell_can_hold_is_not_lost_in_silence():
    with pytest.raises(CellTooLong):
        totals_xlsx(tiny_document(named_organizations=[organization("가" * 32_768, "x")]))
