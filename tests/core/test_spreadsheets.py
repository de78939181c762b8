"""No text becomes a formula in somebody's spreadsheet."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pledge.core.text.spreadsheets import FORMULA_STARTS, csv_line, neutral


@given(st.text())
@example("=1")
@example(" \u00a0\u200b=1")
@example("\x00")
@example("\r\n=1")
def test_neutral_text_begins_like_no_formula_and_is_otherwise_kept(text):
    safe = neutral(text)
    assert safe in (text, "'" + text)
    trimmed = safe.lstrip(" \t\r\n\x00\u00a0\u2003\u200b\ufeff")
    assert not FORMULA_STARTS & {safe[:1], trimmed[:1]}


@pytest.mark.parametrize(
    "text", ["", "대한민국", "Republic of Korea", "KR-11", "2026-11-24", "O'Brien", "3+4", "a=b"]
)
def test_plain_text_stays_as_it_is(text):
    assert neutral(text) == text


@given(st.lists(st.one_of(st.text(st.characters(codec="utf-8")), st.integers()), min_size=1))
def test_a_line_is_read_back_as_it_was_written(cells):
    line = csv_line(*cells)
    assert line.endswith("\r\n")
    (read,) = csv.reader(io.StringIO(line, newline=""))
    assert read == [neutral(cell) if isinstance(cell, str) else str(cell) for cell in cells]
