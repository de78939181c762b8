"""Reading tables that people send, and cells that no spreadsheet takes for a formula."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pledge.core.text.tables import (
    FORMULA_STARTS,
    MAX_BYTES,
    MAX_LINES,
    BadTable,
    Line,
    TableFault,
    csv_line,
    decode_table,
    neutral,
    read_table,
)

TABLE = "이름,링크\n기후변화센터,example.org\n"
READ = [Line(1, ("이름", "링크")), Line(2, ("기후변화센터", "example.org"))]


def read(data):
    return read_table(decode_table(data))


def fault_of(data):
    with pytest.raises(BadTable) as refused:
        read(data)
    return refused.value.fault, refused.value.line


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_as_spreadsheets_save_it(encoding, delimiter):
    assert read(TABLE.replace(",", delimiter).replace("\n", "\r\n").encode(encoding)) == READ


def test_lines_have_the_number_that_the_spreadsheet_shows():
    """Empty lines count, and a cell of two lines is one line."""
    lines = read_table('이름\n\n,,\n"두\n줄"\n끝\n')
    assert [(line.number, line.cells[0]) for line in lines] == [(1, "이름"), (4, "두\n줄"), (5, "끝")]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", TableFault.EMPTY),
        (TABLE.partition("\n")[0].encode(), TableFault.EMPTY),
        (b"x" * (MAX_BYTES + 1), TableFault.TOO_LARGE),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), TableFault.WRONG_TYPE),  # .xls
        (b"PK\x03\x04" + bytes(60), TableFault.WRONG_TYPE),  # .xlsx, .zip
        (b"\x89PNG\r\n\x1a\n" + bytes(100), TableFault.WRONG_TYPE),
    ],
)
def test_a_file_that_is_no_table_is_refused(data, fault):
    assert fault_of(data)[0] is fault


def test_a_broken_line_is_told_by_its_number():
    assert fault_of(b'a,b\nx,y\n"x,y\nz,z\n') == (TableFault.QUOTES, 3)


def test_a_table_has_at_most_so_many_lines():
    assert len(read(b"a\n" + b"x\n" * MAX_LINES)) == MAX_LINES + 1
    assert fault_of(b"a\n" + b"x\n" * (MAX_LINES + 1))[0] is TableFault.TOO_MANY_LINES


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
