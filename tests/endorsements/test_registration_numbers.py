"""The Korean business registration number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledge.endorsements.rules import BadContent, check_digit, clean_registration_number

NINE = st.integers(101_000_000, 999_999_999).map(str)


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        # Published by their owners: Samsung Electronics, Kakao, Naver.
        *(("124-81-00998", "1248100998"), ("120-81-47521", "1208147521"), ("220-81-62517", "2208162517")),
        *((typed, "1248100998") for typed in (" 124 81 00998 ", "124–81–00998", "１２４-８１-００９９８")),
        *((typed, "1248100998") for typed in ("124.81.00998", "124-81-00998\n")),
    ],
)
def test_a_registration_number_is_read_as_people_type_it(typed, digits):
    assert clean_registration_number(typed) == digits


@pytest.mark.parametrize(
    "typed",
    ["124-81-0099", "124-81-009989", "124-81-00997", "abc-81-00998", "000-00-00000", "100-00-00000", "١٢٤٨١٠٠٩٩٨", "124/81/00998"],
)  # fmt: skip
def test_a_wrong_registration_number_is_refused(typed):
    with pytest.raises(BadContent):
        clean_registration_number(typed)


@given(NINE)
def test_exactly_one_last_digit_fits(nine):
    fitting = []
    for last in "0123456789":
        try:
            fitting.append(clean_registration_number(nine + last))
        except BadContent:
            pass
    assert fitting == [nine + check_digit(nine)]


@given(st.text(max_size=30))
def test_any_text_is_digits_or_refused(text):
    try:
        assert len(clean_registration_number(text) or "") == (10 if text.strip() else 0)
    except BadContent:
        pass
