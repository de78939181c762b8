"""Importing partners: planned as they will be, each fault at its line, then all of it or nothing."""

import json

import pytest

from pledge.audit.models import AuditEntry
from pledge.campaigns import items, moderation, staff_queries
from pledge.campaigns.models import CampaignState, PartnerRole
from pledge.campaigns.partner_import import (
    ImportFault,
    PlanChanged,
    import_partners,
    plan_import,
    write_table,
)
from pledge.campaigns.partners import PARTNER, PartnerFields
from pledge.campaigns.rules import FieldFault
from pledge.core.db import db
from pledge.core.languages import Texts
from pledge.core.text.tables import decode_table, read_table
from tests.support.factories import EDITOR, draft

pytestmark = pytest.mark.usefixtures("app")

HEADERS = "이름 (한국어),이름 (영어),웹 주소,단체 유형\n"


@pytest.fixture(autouse=True)
def _campaign(app):
    draft("air", secretariat=False)


def lines(text, headers=HEADERS):
    return read_table(headers + text)


def stored():
    return items.rows(PARTNER, staff_queries.desk("air").id)


def partner(ko, en="", **facts):
    fields = PartnerFields(**{"role": PartnerRole.PARTNER, "name": Texts(ko=ko, en=en), "url": "", **facts})
    return items.add(PARTNER, EDITOR, "air", fields)


def planned(table):
    return plan_import(stored(), CampaignState(staff_queries.desk("air").state), table)


def plan(text, headers=HEADERS):
    return planned(lines(text, headers))


def imported(text):
    seen = plan(text)
    assert not seen.faults
    import_partners(EDITOR, "air", lines(text), seen.stamp)
    return seen


def faults(text, headers=HEADERS):
    return [(fault.line, fault.field, fault.fault) for fault in plan(text, headers).faults]


def test_new_partners_come_at_the_end_in_the_order_of_the_table():
    partner("먼저", "First")
    imported("하늘,Sky,example.org,대사관,\n바다,Sea,,Business,\n산,Mountain,,civil\n")
    partners = [(row.fields.name["ko"], row.fields.url, row.fields.type) for row in stored()]
    assert partners == [
        ("먼저", "", ""),
        ("하늘", "https://example.org", "embassy"),
        ("바다", "", "business"),
        ("산", "", "civil"),
    ]


@pytest.mark.parametrize(
    "headers",
    [
        "이름 (한국어),이름 (영어),웹 주소,단체 유형\n",
        "Name in Korean,Name in English,Web address,Kind of organisation\n",
        "이름(한국어),Name in English,웹주소,단체 유형\n",
        "name_ko,name_en,url,type\n",
    ],
)
def test_columns_are_known_by_their_headers_in_any_language(headers):
    (partner,) = plan("하늘,Sky,example.org,media\n", headers=headers).partners
    assert partner.fields.name == Texts(ko="하늘", en="Sky")
    assert (partner.fields.url, partner.fields.type) == ("https://example.org", "media")


def test_columns_may_stand_in_any_order_and_others_are_left_out_and_named():
    seen = plan("1,Sky,하늘\n", headers="번호,Name in English,이름 (한국어)\n")
    assert (seen.ignored, seen.partners[0].fields.name) == (["번호"], Texts(ko="하늘", en="Sky"))


def test_a_partner_of_the_same_name_in_one_language_is_changed_where_the_table_says_something():
    partner("하늘", url="https://sky.example", type="media")
    seen = imported("“하늘”,Sky,,embassy\n")
    assert [planned.changes for planned in seen.changed] == [["name", "type"]]
    (row,) = stored()
    assert row.fields == PartnerFields(
        PartnerRole.PARTNER, Texts(ko="“하늘”", en="Sky"), "https://sky.example", "embassy"
    )


def test_the_same_table_again_changes_nothing():
    text = "하늘,Sky,example.org,embassy,\n바다,Sea,,\n"
    imported(text)
    before = [(row.id, row.content) for row in stored()]
    again = imported(text)
    assert (len(again.partners), again.added, again.changed) == (2, [], [])
    assert [(row.id, row.content) for row in stored()] == before


def test_each_fault_is_told_at_its_line_and_column():
    partner("구름", "Cloud")
    partner("비", "Rain")
    assert faults(
        "하늘,Sky,no address,\n"
        ",,example.org,\n"
        "바다,Sea,,castle\n"
        "HANEUL,sky,,\n"
        "=1+1,Formula,,\n"
        "구름,Rain,,\n"
        "해, 달,Sun and moon,example.org,media\n" + "가" * 201 + ",Long,,\n"
    ) == [
        (2, "url", FieldFault.LINK),
        (3, "name_ko", FieldFault.MISSING),
        (4, "type", ImportFault.TYPE),
        (5, "", ImportFault.REPEATED),
        (6, "name_ko", ImportFault.FORMULA),
        (7, "", ImportFault.AMBIGUOUS),
        (8, "", ImportFault.MORE_CELLS),
        (9, "name_ko", FieldFault.TOO_LONG),
    ]


def test_a_repeated_line_tells_the_line_before():
    assert [fault.other for fault in plan("하늘,Sky,,,\n바다,SKY,,\n").faults] == [2]


@pytest.mark.parametrize(
    ("headers", "fault"),
    [
        ("번호,주소\n", ImportFault.NO_NAME_COLUMN),
        ("이름 (한국어),url,웹 주소\n", ImportFault.COLUMN_TWICE),
    ],
)
def test_a_table_without_usable_headers_is_told_at_its_first_line(headers, fault):
    assert [(line[0], line[2]) for line in faults("하늘,Sky\n", headers=headers)] == [(1, fault)]


def test_a_public_campaign_needs_the_names_in_every_language():
    partner("사무국", "Office", role=PartnerRole.SECRETARIAT)
    moderation.move(EDITOR, "air", CampaignState.DRAFT, CampaignState.OPEN)
    assert faults("하늘,,,\n") == [(2, "name_en", FieldFault.MISSING)]


def test_with_one_bad_line_nothing_is_imported():
    text = "하늘,Sky,,,\n바다,Sea,no address,\n"
    seen = plan(text)
    with pytest.raises(PlanChanged):
        import_partners(EDITOR, "air", lines(text), seen.stamp)
    assert stored() == []


def test_what_would_be_done_otherwise_than_shown_is_not_done():
    seen = plan("하늘,Sky,,\n")
    partner("하늘", "Sky", url="https://sky.example")
    with pytest.raises(PlanChanged):
        import_partners(EDITOR, "air", lines("하늘,Sky,example.org,\n"), seen.stamp)
    assert [row.fields.url for row in stored()] == ["https://sky.example"]


def test_an_import_is_one_entry_of_the_audit_log_with_the_words_before_and_after():
    number = partner("하늘", "Sky")
    imported("하늘,Sky,example.org,,\n바다,Sea,,\n")
    entry = db.session.query(AuditEntry).order_by(AuditEntry.id.desc()).first()
    assert entry.action == "campaign.partner.import"
    details = json.loads(entry.details)
    assert (details["added"], details["changed"]) == (["바다"], ["하늘"])
    urls = [details[when][str(number)]["url"] for when in ("before", "after")]
    assert urls == ["", "https://example.org"]


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_our_own_table_can_be_imported_again(lang):
    partner("하늘", "Sky", url="https://sky.example", type="embassy")
    seen = planned(read_table(decode_table(write_table(staff_queries.desk("air").id, lang))))
    assert (len(seen.partners), seen.changed, seen.added, seen.faults) == (1, [], [], [])
    assert not seen.ignored


def test_a_name_like_a_formula_is_refused_with_the_apostrophe_of_our_own_table_too():
    partner("=SUM", "Formula")
    written = decode_table(write_table(staff_queries.desk("air").id, "en"))
    assert "'=SUM" in written
    (fault,) = planned(read_table(written)).faults
    assert (fault.field, fault.fault) == ("name_ko", ImportFault.FORMULA)
