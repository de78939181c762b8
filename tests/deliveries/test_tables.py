"""The tables of a delivery for programs."""

import json

import pytest

from pledge.deliveries.tables import LISTS, ROWS, integrity_json, totals_csv, totals_json
from pledge.statistics.totals import PaperTotals
from tests.support.documents import document, organization, tiny_document
from tests.support.packs import ANSWER, DEMAND
from tests.support.tables import rows_of

organizations_csv = LISTS["organizations.csv"].csv


def test_totals_name_the_checkpoint_that_they_are_counted_at():
    totals = json.loads(totals_json(document()))
    assert totals["checkpoint"] == {"size": 48_612, "root": document().checkpoint.root}
    assert (totals["as_of"], totals["unnamed_organizations"]) == ("2026-11-24T14:00:00+09:00", 2)


def test_the_csv_names_the_size_of_the_log_and_no_root_that_could_look_like_a_formula():
    rows = rows_of(totals_csv(document()))
    assert ["checkpoint", "size", "공개 기록의 항목 수", "Entries of the public log", "48612"] in rows
    assert document().checkpoint.root not in totals_csv(document()).decode()


def test_organisations_have_codes_and_words():
    first = document().named_organizations[0]
    rows = rows_of(organizations_csv(document(named_organizations=[first])))
    assert dict(zip(*rows, strict=True)) == {
        "name_ko": "글로벌녹색성장연구소 1",
        "name_en": "Global Green Growth Institute 1",
        "type": "international",
        "type_ko": "국제기구",
        "type_en": "International organisation",
        "country": "KR",
        "country_ko": "대한민국",
        "country_en": "Republic of Korea",
        "region": "KR-11",
        "region_ko": "서울특별시",
        "region_en": "Seoul",
        "website": "https://organization.example",
        "level": "domain",
        "level_ko": "단체 도메인 이메일로 확인",
        "level_en": "Verified by its e-mail domain",
        "target_year": "2050",
        "interim_percent": "",
        "interim_year": "",
        "base_year": "",
        "scope": "chain",
        "scope_ko": "가치사슬 전체",
        "scope_en": "The whole value chain",
        "plan_url": "https://organization.example/plan",
        "report_url": "",
        "statement_ko": "함께합니다.",
        "statement_en": "We stand with it.",
        "published_on": "2026-10-05",
    }


def test_an_organisation_abroad_without_a_target_has_empty_cells():
    abroad = organization("", "Quiet", country="DE", region=None, target_year=None)
    row = dict(zip(*rows_of(organizations_csv(document(named_organizations=[abroad]))), strict=True))
    assert (row["region"], row["region_ko"], row["target_year"], row["country_ko"]) == ("", "", "", "독일")


def test_integrity_names_signatures_on_paper_apart_where_there_are_any():
    made = document(paper=PaperTotals(signatures=1287, sheets=90, batches=2))
    assert json.loads(integrity_json(made))["paper"] == {"signatures": 1287, "sheets": 90, "batches": 2}
    assert "paper" not in json.loads(integrity_json(document()))


def test_integrity_says_what_the_log_adds_up_to_and_hides_what_is_hidden():
    assert json.loads(integrity_json(document())) == {
        "as_of": "2026-11-24T14:00:00+09:00",
        "log": {
            "people": {"confirmed": 48_390, "withdrawn": 141, "invalidated": 40, "reinstated": 2},
            "organizations": {"confirmed": 49, "withdrawn": 2, "invalidated": 0, "reinstated": 0},
        },
        "sign_ups": {
            "as_of": "2026-11-24T14:10:00+09:00",
            "submitted": 50_220,
            "confirmed": 48_211,
            "not_counted": {"pending": 1900, "withdrawn": 71, "automated": 38},
        },
        "smallest_shown": 5,
    }
    hidden = json.loads(integrity_json(tiny_document()))["sign_ups"]
    assert (hidden["submitted"], hidden["not_counted"]) == (None, {"merged": None})


@pytest.mark.parametrize(
    ("name", "write"), [("totals.csv", totals_csv), *((name, listed.csv) for name, listed in LISTS.items())]
)
def test_the_row_count_is_that_of_the_file_without_its_head(name, write):
    for made in (document(demands=[DEMAND] * 2, answers=[ANSWER] * 3), tiny_document()):
        content, rows = write(made), ROWS[name](made)
        assert len(rows_of(content)) - 1 == rows
        assert content.startswith(b"\xef\xbb\xbf")
        assert content.count(b"\r\n") == content.count(b"\n") == rows + 1
