"""Two spellings of one name are found; two names are kept apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledge.core.languages import Texts, texts
from pledge.endorsements.verification.names import MAX_KEY, Likeness, name_key, normalized, similar

TEXT = st.text(max_size=120)
SAME = [
    ("포스코", ["㈜포스코", "(주)포스코", "(주) 포스코", "（주）포스코", "주)포스코", "포스코(주)", "주식회사 포스코", "주식회사포스코", "포스코 주식회사", "포스코주식회사", "주식 회사 포스코", "포 스 코", "포스코\u200b", "포스코"]),
    ("posco", ["POSCO", "Posco Co., Ltd.", "POSCO CO.,LTD.", "posco co ltd", "ＰＯＳＣＯ Inc.", "POSCO, Inc", "Posco Corp.", "P.O.S.C.O.", "Posco Corporation", "POSCO Company Limited", "Posco LLC", "POSCO PLC", "Posco GmbH", "Posco S.A.", "Posco Pte. Ltd.", "㈜POSCO"]),
    ("기후행동", ["재단법인 기후행동", "(재)기후행동", "사단법인 기후행동", "(사) 기후행동", "사)기후행동", "유한회사 기후행동", "사회복지법인 기후행동", "기후 행동", "기후-행동", "「기후행동」"]),
    ("johnsonandjohnson", ["Johnson & Johnson", "Johnson and Johnson, Inc."]),
    ("トヨタ自動車", ["トヨタ自動車株式会社", "株式会社 トヨタ自動車", "ﾄﾖﾀ自動車㍿"]),
]  # fmt: skip


@pytest.mark.parametrize(("key", "name"), [(key, name) for key, names in SAME for name in names])
def test_spellings_of_one_name_have_one_key(key, name):
    assert normalized(name) == key


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ("아름다운재단", "아름다운가게"),
        ("서울재단", "서울"),
        ("한국협동조합", "한국"),
        ("Climate Foundation", "Climate"),
        ("Green Co-op", "Green"),
        ("주민센터", "민센터"),
        ("재능교육", "능교육"),
        ("Coca", "Ca"),
        ("हिन्दी", "हनद"),
    ],
)
def test_what_is_part_of_a_name_stays(first, other):
    assert normalized(first) != normalized(other)


@pytest.mark.parametrize("name", ["주식회사", "(주)", "㈜", "Inc.", "Co., Ltd.", "재단법인", "!!!", "🌍"])
def test_a_name_that_is_nothing_else_stays_whole(name):
    assert normalized(name)


def test_the_name_in_the_first_language_is_the_key_and_another_one_stands_in():
    assert name_key(Texts(en="POSCO", ko="㈜포스코")) == "포스코"
    assert name_key(Texts(en="POSCO Inc.")) == name_key(Texts(ja="Posco")) == "posco"


@given(TEXT)
def test_a_key_is_its_own_key_and_fits_its_column(name):
    key = normalized(name)
    assert normalized(key) == key
    assert len(key) <= MAX_KEY
    assert bool(key) == bool(name.split())


@given(
    st.text(alphabet="가나다라ABCabc 123", min_size=2, max_size=30).filter(
        lambda name: len(name.split()) == 1
    )
)
def test_a_legal_form_around_a_name_says_nothing(name):
    for dressed in (
        f"㈜{name}",
        f"{name} 주식회사",
        f"(재) {name}",
        f"{name} Inc.",
        f"{name}, Ltd.",
        f" {name.upper()} ",
    ):
        assert normalized(dressed) == normalized(name), dressed


# --- Candidates ---


def named(korean, english):
    return texts({"ko": korean, "en": english})


@pytest.mark.parametrize(
    ("names", "others", "likeness"),
    [
        (("㈜포스코", ""), ("포스코 주식회사", ""), Likeness.EQUAL),
        (("포스코", "POSCO"), ("", "Posco Inc."), Likeness.EQUAL),
        (("POSCO", ""), ("", "Posco"), Likeness.EQUAL),
        (("연세대학교", ""), ("연세대학교 의료원", ""), Likeness.CONTAINED),
        (("", "Greenpeace"), ("", "Greenpeace East Asia"), Likeness.CONTAINED),
        (("", "Samsung Electronics"), ("", "Samsung Electronix"), Likeness.CLOSE),
        (("한국기후환경협회", ""), ("한국기후환경협의회", ""), Likeness.CLOSE),
        (("서울", ""), ("서울대학교", ""), None),
        (("", "ABC"), ("", "ABC News"), None),
        (("삼성", ""), ("삼송", ""), None),
        (("포스코", ""), ("현대제철", ""), None),
        (("포스코", ""), ("", "Hyundai Steel"), None),
        (("", ""), ("", ""), None),
    ],
)
def test_how_two_organisations_are_alike(names, others, likeness):
    first, other = named(*names), named(*others)
    assert similar(first, other) == similar(other, first) == likeness
