"""Which characters the letter can show."""

import re
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledge.core.typesetting import FONTS, MISSING, fonts, presentable


@pytest.mark.parametrize(
    "text",
    [
        "푸른 하늘과 탄소중립 2050 ㈜ 뷁",
        "李漢字聯盟 日本環境協会 环境保护",
        "Straßburg, Łódź, Ñuñoa, Tiếng Việt, Монгол Үндэсний",
        "مرحبا بالعالم",
        "שלום עולם",
        "สมาคมสิ่งแวดล้อม",
        "हिन्दी क्षेत्र",
        "‘…’ “…” · – — ~ ※ ① ㎡ ℃",
    ],
)
def test_names_in_the_scripts_of_our_neighbours_are_shown_whole(text):
    assert presentable(text) == text


def test_what_no_font_has_becomes_one_mark_for_each_run():
    assert presentable("Green 🌱🌳 ქართული") == f"Green {MISSING} {MISSING}"
    assert presentable("👩‍👩‍👧‍👦") == MISSING


def test_composed_and_decomposed_korean_are_the_same():
    assert presentable("\u1112\u1161\u11ab\u1100\u116e\u11a8") == "한국"


def test_nothing_reorders_or_hides_and_lines_stay_lines():
    assert presentable("a\u202ecba\u2066\x00b\tc\u200b\r\nd") == "acbab c\nd"


def test_a_mark_is_set_from_the_font_of_what_it_stands_on():
    assert presentable("한\u0301") in ("한\u0301", MISSING)
    assert presentable("ก\u0301") == MISSING, "no font has both"


@given(st.text())
def test_all_that_is_left_has_a_glyph(text):
    known = frozenset().union(*fonts())
    for character in presentable(text):
        assert ord(character) in known or character in "\u200c\u200d\n"


def test_each_font_is_the_file_that_its_table_names_and_has_its_licence_beside_it():
    named = dict(
        re.findall(r"^\| `([^`]+)` .* `([0-9a-f]{64})` \|$", (FONTS / "README.md").read_text(), re.MULTILINE)
    )
    there = {path.name: sha256(path.read_bytes()).hexdigest() for path in FONTS.glob("*.[ot]tf")}
    assert named == there
    for licence in FONTS.glob("*-OFL.txt"):
        assert "SIL OPEN FONT LICENSE Version 1.1" in licence.read_text()
    assert {path.name.split("-")[0] for path in FONTS.glob("*-OFL.txt")} == {"Noto", "Pretendard"}
