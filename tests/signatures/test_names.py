"""Names: any script, nothing that harms."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pledge.signatures.rules import LONGEST_NAME, BadName, NameFault, clean_name


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
        ("", NameFault.EMPTY),
        ("   ", NameFault.EMPTY),
        ("...", NameFault.EMPTY),
        ("가" * (LONGEST_NAME + 1), NameFault.TOO_LONG),
        ("홍\n길동", NameFault.CHARACTERS),
        ("홍\t길동", NameFault.CHARACTERS),
        ("홍\x7f길동", NameFault.CHARACTERS),
        ("abc\u202egnp", NameFault.CHARACTERS),
        ("a\u2066b", NameFault.CHARACTERS),
        ("a\u200eb", NameFault.CHARACTERS),
        ("zero\u200bwidth", NameFault.CHARACTERS),
        ("a\ufeffb", NameFault.CHARACTERS),
        ("a\u2028b", NameFault.CHARACTERS),
        ("a\ue000b", NameFault.CHARACTERS),
        ("a\ud800b", NameFault.CHARACTERS),
        ("<b>Kim", NameFault.CHARACTERS),
        ("=HYPERLINK(1)", NameFault.FORMULA),
        ("+82 Kim", NameFault.FORMULA),
        ("-Kim", NameFault.FORMULA),
        ("@kim", NameFault.FORMULA),
        ("＝cmd", NameFault.FORMULA),
        ("Win http://example.org", NameFault.URL),
        ("HTTPS://EXAMPLE.ORG", NameFault.URL),
        ("www.example.kr", NameFault.URL),
        ("buy at cheap.shop now", NameFault.URL),
        ("//evil.example", NameFault.URL),
    ],
)
def test_a_name_that_harms_is_refused(name, fault):
    with pytest.raises(BadName) as refused:
        clean_name(name)
    assert refused.value.fault is fault


def test_a_name_of_eighty_characters_is_accepted():
    assert len(clean_name("가" * LONGEST_NAME)) == LONGEST_NAME


@given(st.text(max_size=120))
@example("\u202e")
@example("\u200dx")
def test_a_cleaned_name_is_safe_and_stays_the_same_when_cleaned_again(text):
    try:
        name = clean_name(text)
    except BadName:
        return
    assert 1 <= len(name) <= LONGEST_NAME
    assert name == name.strip() == unicodedata.normalize("NFC", name)
    assert name[0] not in "=+-@"
    assert not any(
        unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
        for c in name
    )
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in name)
    assert clean_name(name) == name
    name.encode("utf-8")
