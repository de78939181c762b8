"""The letter: what it says (pdf.letter_data), and that the PDF holds it for eyes, screen readers and byte comparers."""

import json
import re
import sys
import threading
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pledge.core.languages import Texts
from pledge.core.typesetting import compiler
from pledge.deliveries.document import Reply, from_json
from pledge.deliveries.letter import pdf
from pledge.deliveries.letter.pdf import letter_data, letter_pdf
from pledge.deliveries.letter.texts import default_letter, filled, fixed
from pledge.statistics.cells import Cell
from pledge.statistics.totals import PaperTotals
from pledge.verifier import ANYWHERE, PROGRAM
from tests.support import programs
from tests.support.documents import ROOT as LOG_ROOT
from tests.support.documents import document, organization, tiny_document
from tests.support.pdf import pdf_text

HOSTILE = [
    *("#set text(fill: red)", '#import "@preview/x:1.0.0": *', "#panic()", "$x^2$", "*bold* _it_ `raw`"),
    *("@ref <label>", "<script>alert(1)</script>", "\"quotes\" 'single'", "// gone /* gone */", "\\u{41} \\"),
    *(
        "= Heading",
        "- item",
        "+ enum",
        "/ term: x",
        "{title} {0} %s &amp;",
        "{{ 7 * 7 }}",
        "🙂👩‍👩‍👧",
        "مرحبا (منظمة)",
    ),
    *("\u202eright to left", "W" * 400, "가" * 400, "\x00\x1b", "\u0301", "—"),
]


def typst_query(made, selector, field=None, lang="ko"):
    """What Typst finds in the finished document."""
    return json.loads(compiler(pdf.SOURCE, letter_data(made, lang)).query(selector, field=field))


def words_of(value):
    """Every text in what Typst says of an element."""
    if isinstance(value, dict):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        return own + [word for key, inner in value.items() if key != "supplement" for word in words_of(inner)]
    return [word for inner in value for word in words_of(inner)] if isinstance(value, list) else []


def headings(made, lang="ko"):
    return [
        (heading["level"], "".join(words_of(heading["body"])))
        for heading in typst_query(made, "heading", lang=lang)
    ]


def test_each_language_is_a_letter_with_the_same_parts():
    korean, english = headings(document()), headings(document(), "en")
    assert [level for level, _ in korean] == [level for level, _ in english]
    assert [text for level, text in korean + english if level <= 2] == [
        "‘푸른 하늘과 탄소중립 2050’ 서명 집계 결과 제출",
        *("서명 집계 결과", "함께하는 기관과 단체", "서명한 서약문", "집계 방법과 검증 방법"),
        "Totals of the signatures for “Blue Skies and Net Zero 2050”",
        *("Totals of the signatures", "Who supports it", "The pledge that was signed"),
        "How it is counted, and how to check",
    ]


def test_the_letter_says_to_whom_on_what_occasion_and_how_many():
    data = letter_data(document(), "ko")
    assert data["recipient"] == "환경부 장관"
    assert data["occasion"] == "2026 P4G 서울 녹색미래 정상회의"
    assert data["date"] == "2026년 11월 24일"
    assert (data["people_number"], data["organizations_number"]) == ("48,211", "47")
    assert data["as_of"] == "2026년 11월 24일 14:00(한국 시간) 기준"
    assert data["senders"] == ["글로벌녹색성장연구소(GGGI)", "기후변화센터"]
    assert data["paragraphs"][0]["lines"] == ["귀 기관의 무궁한 발전을 기원합니다."]


@pytest.mark.parametrize(
    ("lang", "heading"), [("ko", "접수된 서명의 처리 결과"), ("en", "The outcome of the sign-ups")]
)
def test_a_letter_of_an_earlier_moment_has_no_table_of_all_sign_ups(lang, heading):
    assert (4, heading) in headings(document(), lang)
    assert (4, heading) not in headings(document(sign_ups=None), lang)


REPLY = Reply(
    number="사무국-2026-17",
    department=Texts(ko="기후정책과", en="Climate Policy Division"),
    submitted_as="proposal",
    person=Texts(ko="김하늘 팀장", en="Kim Haneul, Head of Team"),
    phone="02-123-4567",
    email="reply@pledge.example",
    address=Texts(ko="서울특별시 중구 세종대로 1", en="1 Sejong-daero, Jung-gu, Seoul"),
)


def test_the_letter_says_where_to_reply_and_has_a_number():
    data = letter_data(document(reply=REPLY), "ko")
    assert data["reply"]["rows"] == [
        ["담당자", "김하늘 팀장"],
        ["전화", "02-123-4567"],
        ["전자우편", "reply@pledge.example"],
        ["주소", "서울특별시 중구 세종대로 1"],
    ]
    assert (data["number"], data["department"]) == ("사무국-2026-17", "기후정책과")
    assert data["submitted_as"] == "이 문서는 건의로 제출합니다."
    short = letter_data(document(reply=Reply(email="reply@pledge.example")), "en")
    assert short["reply"]["rows"] == [["E-mail", "reply@pledge.example"]]
    assert (short["number"], short["department"], short["submitted_as"]) == ("", "", "")
    assert letter_data(document(), "en")["reply"]["rows"] == []  # frozen before letters had it


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_where_to_reply_stands_on_the_first_page(lang):
    address = dict.fromkeys(("ko", "en"), "3rd floor, 110 Sejong-daero, Jung-gu, Seoul 04524")
    reply = replace(REPLY, address=Texts(address))
    made = document(reply=reply, paper=PaperTotals(signatures=1287, sheets=90, batches=2))
    made = replace(made, letter=default_letter(made.title, with_organizations=True))
    first, *_rest = pdf_text(letter_pdf(filled(made), lang)).split("\f")
    assert reply.phone in first


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_last_page_says_how_to_check_beside_the_checkpoint_and_never_holds_that_alone(lang):
    six = [organization(f"단체 {number}", f"Organisation {number}") for number in range(6)]
    last = pdf_text(letter_pdf(document(named_organizations=six), lang)).rstrip("\f").split("\f")[-1]
    assert fixed(lang)["method"]["checking"] in last
    assert LOG_ROOT in last


def test_a_draft_says_on_every_page_that_it_is_one():
    assert letter_data(document(), "ko", draft=True)["draft"] == "초안(확정되지 않음)"
    assert letter_data(document(), "en", draft=True)["draft"] == "Draft, not fixed yet"
    assert letter_data(document(), "en")["draft"] == ""
    assert letter_pdf(document(), "ko", draft=True) != letter_pdf(document(), "ko")


def test_people_and_organisations_are_never_summed():
    text = json.dumps([letter_data(document(), lang) for lang in ("ko", "en")])
    assert f"{48_211 + 47:,}" not in text
    assert str(48_211 + 47) not in text


def test_signatures_on_paper_have_a_line_of_their_own_where_there_are_any():
    made = document(paper=PaperTotals(signatures=1287, sheets=90, batches=2))
    assert letter_data(made, "ko")["paper"].startswith("종이 서명: 1,287건(서명지 90장, 2묶음).")
    assert letter_data(document(), "ko")["paper"] == ""
    assert from_json(made.to_json()) == made


def test_a_campaign_without_a_secretariat_speaks_for_itself():
    assert letter_data(tiny_document(), "ko")["senders"] == ["‘푸른 하늘과 탄소중립 2050’ 캠페인"]


def test_a_text_that_one_language_lacks_is_taken_from_the_other():
    made = document(occasion=Texts(ko="정상회의", en=""), named_organizations=[organization("", "Quiet Sky")])
    assert letter_data(made, "en")["occasion"] == "정상회의"
    for lang in ("ko", "en"):
        groups = letter_data(made, lang)["supporters"]["groups"]
        assert groups[0]["names"] == [{"name": "Quiet Sky", "other": ""}]


def test_growth_is_told_by_months_and_its_last_total_is_the_count():
    days = letter_data(document(), "en")["results"]["days"]
    assert [row[0] for row in days["rows"]] == [
        *("July 2026", "August 2026", "September 2026", "October 2026", "November 2026"),
    ]
    assert days["rows"][-1][2] == "48,211"
    assert days["picture"]["last"] == "48,211"
    assert days["picture"]["line"][0][0] == 0
    assert days["picture"]["line"][-1][0] == 1
    assert days["merged"] == []


def test_few_days_are_told_one_by_one_and_merged_days_close_the_sum():
    cells = [
        Cell("2026-11-20", Texts(ko="", en=""), 10),
        Cell("2026-11-22", Texts(ko="", en=""), 20),
        Cell("other", Texts(ko="", en=""), 7),
    ]
    days = letter_data(document(by_day=cells), "ko")["results"]["days"]
    assert days["rows"] == [["2026년 11월 20일", "+10", "10"], ["2026년 11월 22일", "+20", "30"]]
    assert days["merged"] == ["따로 적지 않은 날", "+7", "37"]


def test_regions_are_told_from_the_largest_with_their_share_and_the_rest_last():
    regions = letter_data(document(), "ko")["results"]["regions"]
    assert regions[0] == {
        "label": "서울특별시",
        "people": "14,180",
        "share": "29.4%",
        "bar": 1.0,
        "is_place": True,
    }
    assert [row["label"] for row in regions][-1] == "해외 또는 지역 미기재"
    assert len(regions) == 18


def test_korea_has_no_bar_among_the_countries_so_that_the_others_can_be_compared():
    countries = letter_data(document(), "en")["results"]["countries"]
    assert (countries[0]["label"], countries[0]["bar"]) == ("Republic of Korea", 0.0)
    assert (countries[1]["label"], countries[1]["bar"]) == ("United States of America", 1.0)


def test_many_countries_fit_on_a_page_and_none_is_lost_from_the_sum():
    cells = [Cell(f"X{number}", Texts(ko="가", en="A"), 1000 - number) for number in range(120)]
    results = letter_data(document(by_country=cells), "en")["results"]
    rows = results["countries"]
    assert results["country_scale"].endswith("totals.xlsx lists every country.")
    assert len(rows) == pdf.COUNTRIES
    assert rows[-1]["label"] == "81 more countries"
    assert sum(int(row["people"].replace(",", "")) for row in rows) == sum(cell.people for cell in cells)


def test_where_everything_is_small_nothing_is_broken_down():
    results = letter_data(tiny_document(), "ko")["results"]
    assert results["regions"] == results["countries"] == []
    assert results["days"]["picture"] is None
    assert "5명 미만" in results["only_small"]


def test_partners_and_organisations_are_listed_by_kind_and_the_unnamed_are_counted():
    data = letter_data(document(), "ko")["supporters"]
    assert [group["title"] for group in data["partner_groups"]] == ["대사관 2곳", "기업 1곳"]
    assert [group["title"] for group in data["groups"]][:3] == [
        "지방자치단체 5곳",
        "학교·학술기관 5곳",
        "시민사회단체 5곳",
    ]
    assert sum(len(group["names"]) for group in data["groups"]) == 45
    assert "2곳" in data["unnamed"]
    assert data["more"] == ""


def test_a_list_that_is_too_long_for_paper_says_where_it_goes_on(monkeypatch):
    monkeypatch.setattr(pdf, "ORGANIZATIONS", 10)
    data = letter_data(document(), "en")["supporters"]
    assert sum(len(group["names"]) for group in data["groups"]) == 10
    assert "organizations.csv" in data["more"]


def test_each_pledge_text_stands_with_its_hash():
    versions = letter_data(document(), "ko")["pledge"]["versions"]
    assert [version["sha256"] for version in versions] == [version.sha256 for version in document().pledges]
    assert versions[0]["blocks"][1]["items"][1].startswith("시민사회")


def test_the_letter_says_how_the_count_is_made_and_how_to_check_it():
    data = letter_data(document(), "en")["method"]
    assert data["moves_people"] == ["48,390", "−181", "+2", "48,211"]
    assert ("Root hash", LOG_ROOT) in [tuple(row) for row in data["checkpoint_rows"]]
    assert ["Ids of the public keys", "1a2b3c4d"] in data["checkpoint_rows"]
    assert ["Page for checking", "https://pledge.example/en/verify"] in data["checkpoint_rows"]
    assert ["SHA-256 of anywhere.html", sha256(ANYWHERE.read_bytes()).hexdigest()] in data["checkpoint_rows"]
    assert ["SHA-256 of verify.py", sha256(PROGRAM.read_bytes()).hexdigest()] in data["checkpoint_rows"]
    assert "https://pledge.example/log/blue-skies/key" in data["checking_text"][2]
    assert "https://pledge.example/verify.py" in data["checking_text"][1]
    assert "The public log proves how many people" in data["checking_text"][3]
    assert ["Latest checkpoint when this was frozen", "48,612 entries, 48,211 people, 47 organisations"] in [
        list(row) for row in data["checkpoint_rows"]
    ]
    assert data["sign_up_rows"][-1] == ["Stored sign-ups", "50,220"]


def test_what_a_subtraction_would_reveal_is_not_written():
    rows = letter_data(tiny_document(), "ko")["method"]["sign_up_rows"]
    assert rows == [
        ["확인되어 집계됨", "3"],
        ["건수가 적어 따로 표시하지 않는 항목", "5건 미만"],
        ["보관 중인 접수", "적지 않음"],
    ]


def test_characters_without_a_glyph_are_marked_and_the_letter_says_so():
    made = document(named_organizations=[organization("초록 🌱", "Green 🌱")])
    assert letter_data(made, "ko")["supporters"]["groups"][0]["names"][0]["name"] == "초록 〓"
    assert "〓" in letter_data(made, "ko")["method"]["missing"]
    assert letter_data(document(), "ko")["method"]["missing"] == ""


def test_no_text_of_a_person_is_taken_for_markup():
    made = document(
        title=Texts(ko=HOSTILE[0], en=HOSTILE[5]),
        recipient=Texts(ko=HOSTILE[1], en=HOSTILE[6]),
        occasion=Texts(ko=HOSTILE[19], en=HOSTILE[20]),
        letter=Texts(ko="\n\n".join(HOSTILE), en="- " + "\n- ".join(HOSTILE)),
        named_organizations=[organization(text, text[::-1] + "x") for text in HOSTILE],
        secretariat=[Texts(ko=HOSTILE[3], en=HOSTILE[4])],
    )
    assert len(headings(made)) == len(
        headings(replace(made, letter=Texts(ko="가", en="a"), title=Texts(ko="가", en="a")))
    )
    paragraphs = words_of(typst_query(made, "par"))
    for text in (*HOSTILE[:11], "{title} {0} %s &amp;", "{{ 7 * 7 }}"):
        assert text in paragraphs
    assert letter_pdf(made, "ko").startswith(b"%PDF-1.7")


@settings(max_examples=6, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=40, max_size=80))
def test_any_text_can_be_set(texts):
    assert letter_pdf(tiny_document(named_organizations=[organization(text, "x") for text in texts]), "ko")


def test_links_lead_into_the_letter_and_to_the_page_for_checking_only():
    made = document(letter=Texts(ko="https://elsewhere.example 가", en="https://elsewhere.example"))
    assert {dest for dest in typst_query(made, "link", "dest") if not dest.startswith("<")} == {
        "https://pledge.example/ko/verify"
    }


def test_the_picture_of_growth_is_told_in_words():
    (korean,), (english,) = (typst_query(document(), "figure", "alt", lang) for lang in ("ko", "en"))
    assert "2026년 11월 24일에 누적 48,211명" in korean
    assert "reaches a total of 48,211 on 24 November 2026" in english


def test_the_pdf_is_tagged_says_its_languages_and_embeds_its_fonts():
    made = letter_pdf(document(), "ko")
    assert b"pdfuaid:part" in made
    for mark in (
        b"/StructTreeRoot",
        b"/MarkInfo",
        b"/Lang(ko)",
        b"/S/Table",
        b"/S/TH",
        b"/S/Figure",
    ):
        assert mark in made.replace(b" ", b""), mark
    named = set(re.findall(rb"/FontName\s*/[A-Z]{6}\+([\w-]+)", made))
    assert named == {b"Pretendard-Regular", b"Pretendard-SemiBold"}
    assert made.count(b"/FontDescriptor ") == len(re.findall(rb"/FontFile[23]? ", made))


def test_the_same_document_gives_the_same_bytes_in_a_thread_and_in_another_process():
    made = letter_pdf(document(), "ko")
    elsewhere: list[bytes] = []
    thread = threading.Thread(target=lambda: elsewhere.append(letter_pdf(document(), "ko")))
    thread.start()
    script = (
        "from hashlib import sha256; from tests.support.documents import document;"
        "from pledge.deliveries.letter.pdf import letter_pdf; print(sha256(letter_pdf(document(), 'ko')).hexdigest())"
    )
    # Another zone and another language of the machine, and some seconds later.
    surroundings = {
        "TZ": "America/Lima",
        "LANG": "de_DE.UTF-8",
        "PYTHONHASHSEED": "7",
        "PATH": "/usr/bin:/bin",
    }
    done = programs.run(sys.executable, "-c", script, env=surroundings)
    thread.join()
    assert elsewhere == [made]
    assert done.stdout.strip() == sha256(made).hexdigest()
    assert b"2026-11-24T05:10:00" in made, "its date is the document's"
