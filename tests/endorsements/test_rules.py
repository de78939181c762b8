"""What an organisation may say of itself: what is kept is readable, and keeping it again changes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledge.endorsements import rules
from pledge.endorsements.rules import BadContent, ContentFault

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
HOSTILE = st.text("ab 가\u202e\u200d\u0000\t\r\n<>=+-@＝é́1", max_size=60)


@given(text=TEXT | HOSTILE | st.text("가 \n\r", min_size=590, max_size=620))
def test_a_statement_that_is_kept_has_lines_that_are_read_as_they_are_written(text):
    try:
        statement = rules.clean_statement(text)
    except BadContent:
        return
    assert len(statement) <= 600
    assert statement == statement.strip()
    assert "\r" not in statement
    assert "\n\n\n" not in statement
    assert not set(statement) & set("\u202e\u2066\0")
    assert rules.clean_statement(statement) == statement


@pytest.mark.parametrize(
    ("years", "faults"),
    [
        ((None, None, None, None), {}),
        ((2050, None, None, None), {}),
        ((2050, 2035, 60, 1990), {}),
        ((None, 2035, 60, 2034), {}),
        ((2050, 2050, 60, 2018), {"interim_year": ContentFault.ORDER}),
        ((2050, 2060, 60, 2018), {"interim_year": ContentFault.ORDER}),
        ((2050, 2035, None, 2018), {"interim_percent": ContentFault.HALF}),
        ((2050, None, 60, 2018), {"interim_year": ContentFault.HALF}),
        ((2050, 2035, 60, None), {"base_year": ContentFault.HALF}),
        ((2050, None, None, 2018), dict.fromkeys(("interim_year", "interim_percent"), ContentFault.HALF)),
        ((2050, 2035, 60, 2035), {"base_year": ContentFault.BASE}),
        ((2050, 2035, 60, 1989), {"base_year": ContentFault.BASE}),
        (
            (1999, 2035, 101, 2018),
            {"target_year": ContentFault.YEAR, "interim_percent": ContentFault.PERCENT},
        ),
        (
            (2101, 1999, 0, 1990),
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
