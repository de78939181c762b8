"""Names: any script, nothing that harms."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pledge.core.text.lines import BadLine, LineFault
from pledge.signatures.services import MAX_NAME, clean_name


@pytest.mark.parametrize(
    "name",
    [
        *(
            "홍길동",
            "김철",
            "이",
            "X",
            "李明",
            "O'Brien",
            "Seán O’Brien",
            "Mary-Jane van der Berg",
            "José María",
        ),
        *(
            "Müller",
            "Nguyễn Văn A",
            "محمد",
            "דוד",
            "Иван Петров",
            "नमन्",
            "J. R. Doe",
            "홍길동 (Gildong)",
            "1세종",
        ),
    ],
)
def test_a_name_of_any_script_is_kept_as_written(name):
    assert clean_name(name) == unicodedata.normalize("NFC", name)


def test_a_name_is_trimmed_and_its_spaces_made_single():
    assert clean_name("  홍   길동 ") == "홍 길동"


def test_decomposed_hangul_is_composed():
    assert clean_name(unicodedata.normalize("NFD", "홍길동")) == "홍길동"


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", LineFault.EMPTY),
        ("   ", LineFault.EMPTY),
        ("...", LineFault.EMPTY),
        ("가" * (MAX_NAME + 1), LineFault.TOO_LONG),
        ("홍\n길동", LineFault.CHARACTERS),
        ("홍\t길동", LineFault.CHARACTERS),
        ("홍\x7f길동", LineFault.CHARACTERS),
        ("abc\u202egnp", LineFault.CHARACTERS),
        ("a\u2066b", LineFault.CHARACTERS),
        ("a\u200eb", LineFault.CHARACTERS),
        ("zero\u200bwidth", LineFault.CHARACTERS),
        ("a\ufeffb", LineFault.CHARACTERS),
        ("a\u2028b", LineFault.CHARACTERS),
        ("a\ue000b", LineFault.CHARACTERS),
        ("a\ud800b", LineFault.CHARACTERS),
        ("<b>Kim", LineFault.CHARACTERS),
        ("=HYPERLINK(1)", LineFault.FORMULA),
        ("+82 Kim", LineFault.FORMULA),
        ("-Kim", LineFault.FORMULA),
        ("@kim", LineFault.FORMULA),
        ("＝cmd", LineFault.FORMULA),
        ("Win http://example.org", LineFault.LINK),
        ("HTTPS://EXAMPLE.ORG", LineFault.LINK),
        ("www.example.kr", LineFault.LINK),
        ("buy at cheap.shop now", LineFault.LINK),
        ("//evil.example", LineFault.LINK),
    ],
)
def test_a_name_that_harms_is_refused(name, fault):
    with pytest.raises(BadLine) as refused:
        clean_name(name)
    assert refused.value.fault is fault


def test_a_name_of_eighty_characters_is_accepted():
    assert len(clean_name("가" * MAX_NAME)) == MAX_NAME


@given(st.text(max_size=120))
@example("\u202e")
@example("\u200dx")
def test_a_cleaned_name_is_safe_and_stays_the_same_when_cleaned_again(text):
    try:
        name = clean_name(text)
    except BadLine:
        return
    assert 1 <= len(name) <= MAX_NAME
    assert name == name.strip() == unicodedata.normalize("NFC", name)
    assert name[0] not in "=+-@"
    assert not any(
        unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
        for c in name
    )
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in name)
    assert clean_name(name) == name
    name.encode("utf-8")
