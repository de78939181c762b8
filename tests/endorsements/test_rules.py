"""What an organisation may say of itself: what is kept is readable, and keeping it again changes nothing."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledge.core.text.lines import LineFault
from pledge.endorsements import rules
from pledge.endorsements.rules import BadContent, ContentFault

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
HOSTILE = st.text("ab 가\u202e\u200d\u0000\t\r\n<>=+-@＝é́1", max_size=60)


def kept(clean, *arguments):
    try:
        return clean(*arguments)
    except BadContent:
        return None


@given(text=TEXT | HOSTILE)
def test_a_name_that_is_kept_is_one_readable_line_and_no_formula(text):
    name = kept(rules.clean_line, "name", text, 120)
    if name is None:
        return
    assert 0 < len(name) <= 120
    assert name == name.strip() == unicodedata.normalize("NFC", name)
    assert name[0] not in "=+-@＝＋－＠"
    assert not any(unicodedata.category(character) in ("Cc", "Zl", "Zp", "Co") for character in name)
    assert not set(name) & set("<>\u202e\u2066\n\t")
    assert rules.clean_line("name", name, 120) == name


@given(text=TEXT | HOSTILE | st.text("가 \n\r", min_size=590, max_size=620))
def test_a_statement_that_is_kept_has_lines_that_are_read_as_they_are_written(text):
    statement = kept(rules.clean_statement, text)
    if statement is None:
        return
    assert len(statement) <= 600
    assert statement == statement.strip()
    assert "\r" not in statement
    assert "\n\n\n" not in statement
    assert not set(statement) & set("\u202e\u2066\0")
    assert rules.clean_statement(statement) == statement


@pytest.mark.parametrize(
    "text", ["900101-1234567", "번호 900101 1234567.", "9001012234567", "0002293234567 입니다"]
)
def test_a_resident_registration_number_is_not_taken(text):
    with pytest.raises(BadContent) as error:
        rules.clean_statement(text)
    assert error.value.fault is LineFault.RESIDENT_NUMBER


@pytest.mark.parametrize("text", ["2035-1234567", "901301-1234567", "900101-9234567", "02-123-4567", "2050"])
def test_a_number_that_is_no_resident_registration_number_is_taken(text):
    assert rules.clean_statement(text) == text


@pytest.mark.parametrize(
    ("years", "faults"),
    [
        ((None, None, None), {}),
        ((2050, None, None), {}),
        ((2050, 2035, 60), {}),
        ((None, 2035, 60), {}),
        ((2050, 2050, 60), {"interim_year": ContentFault.ORDER}),
        ((2050, 2060, 60), {"interim_year": ContentFault.ORDER}),
        ((2050, 2035, None), {"interim_percent": ContentFault.HALF}),
        ((2050, None, 60), {"interim_year": ContentFault.HALF}),
        ((1999, 2035, 101), {"target_year": ContentFault.YEAR, "interim_percent": ContentFault.PERCENT}),
        (
            (2101, 1999, 0),
            {
                "target_year": ContentFault.YEAR,
                "interim_year": ContentFault.YEAR,
                "interim_percent": ContentFault.PERCENT,
            },
        ),
    ],
)
def test_years_and_percentage_fit_together_and_every_fault_is_told(years, faults):
    assert rules.target_faults(*years) == faults
