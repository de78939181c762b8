"""Reading tables that people send, and cells that no spreadsheet takes for a formula."""

import csv
import io
import time
import zipfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl import Workbook

from pledge.core.text.tables import (
    FORMULA_STARTS,
    MAX_BYTES,
    MAX_COLUMNS,
    MAX_LINES,
    BadTable,
    Line,
    TableFault,
    csv_line,
    neutral,
    read_table,
)

TABLE = "이름,링크\n기후변화센터,example.org\n"
READ = [Line(1, ("이름", "링크")), Line(2, ("기후변화센터", "example.org"))]


def workbook(*rows, cells=()):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for place, value in cells:
        book.active[place] = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_part(data, name, content):
    """The workbook with another content of one of its parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, content if part == name else old.read(part))
    return out.getvalue()


def fault_of(data):
    with pytest.raises(BadTable) as refused:
        read_table(data)
    return refused.value.fault, refused.value.line


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_as_excel_writes_it(encoding, delimiter):
    assert read_table(TABLE.replace(",", delimiter).replace("\n", "\r\n").encode(encoding)) == READ


def test_a_workbook_is_read_as_csv_is():
    assert read_table(workbook(("이름", "링크"), ("기후변화센터", "example.org"))) == READ


def test_lines_have_the_number_that_the_spreadsheet_shows():
    """Empty lines count, and a cell of two lines is one line."""
    lines = read_table('이름\n\n,,\n"두\n줄"\n끝\n'.encode())
    assert [(line.number, line.cells[0]) for line in lines] == [(1, "이름"), (4, "두\n줄"), (5, "끝")]
    sheet = workbook(("이름",), (), (None, " "), ("하나",))
    assert [(line.number, line.cells[0]) for line in read_table(sheet)] == [(1, "이름"), (4, "하나")]


def test_numbers_of_a_workbook_are_text_as_people_write_it():
    assert read_table(workbook(("a", "b"), (2050.0, 1.5)))[1].cells == ("2050", "1.5")


def test_a_formula_counts_by_the_value_that_is_stored_with_it():
    sheet = workbook(("a", "b"), ("=1+1", "x"))
    name = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(sheet)) as parts:
        content = parts.read(name)
    assert b"<f>1+1</f><v />" in content or b"<f>1+1</f><v></v>" in content
    stored = content.replace(b"<v />", b"<v>2</v>", 1).replace(b"<v></v>", b"<v>2</v>", 1)
    assert read_table(with_part(sheet, name, stored))[1].cells == ("2", "x")
    assert read_table(sheet)[1].cells == ("", "x"), "nothing is computed here"


def test_an_error_in_a_cell_is_told_with_its_line():
    assert fault_of(workbook(("a",), ("x",), ("#REF!",))) == (TableFault.ERROR_VALUE, 3)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", TableFault.EMPTY),
        (TABLE.partition("\n")[0].encode(), TableFault.EMPTY),
        (b"x" * (MAX_BYTES + 1), TableFault.TOO_LARGE),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), TableFault.WRONG_TYPE),  # .xls
        (b"\x89PNG\r\n\x1a\n" + bytes(100), TableFault.WRONG_TYPE),
        (b"PK\x03\x04 and then nothing", TableFault.DAMAGED),
        (workbook(("a",), ("b",))[:-200], TableFault.DAMAGED),
    ],
)
def test_a_file_that_is_no_table_is_refused(data, fault):
    assert fault_of(data)[0] is fault


def test_a_broken_line_of_csv_is_told_by_its_number():
    assert fault_of(b'a,b\nx,y\n"x,y\nz,z\n') == (TableFault.QUOTES, 3)


def test_a_table_has_at_most_so_many_lines_and_columns():
    assert len(read_table(b"a\n" + b"x\n" * MAX_LINES)) == MAX_LINES + 1
    assert fault_of(b"a\n" + b"x\n" * (MAX_LINES + 1))[0] is TableFault.TOO_MANY_LINES
    wide = b"a\n" + b"x," * MAX_COLUMNS + b"x\n"
    assert fault_of(wide) == (TableFault.TOO_MANY_COLUMNS, 2)
    assert fault_of(workbook(("a",), ["x"] * 500)) == (TableFault.TOO_MANY_COLUMNS, 2)


def hostile_workbooks():
    sheet = "xl/worksheets/sheet1.xml"
    plain = workbook(("a",), ("b",))
    yield "a bomb", with_part(plain, sheet, b"<worksheet>" + b" " * 50_000_000)
    laughs = (
        b"<!DOCTYPE x [<!ENTITY a '"
        + b"ha" * 5000
        + b"'>"
        + b"".join(b"<!ENTITY %c '%s'>" % (letter, b"&%c;" % (letter - 1) * 20) for letter in b"bcdefgh")
    )
    yield "entities", with_part(plain, sheet, laughs + b"]><worksheet><sheetData>&h;</sheetData></worksheet>")
    far = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:XFD1048576"/>'
    far += b'<sheetData><row r="%d"><c r="XFD%d"><v>1</v></c></row></sheetData></worksheet>'
    yield "a far cell", with_part(plain, sheet, far % (1_048_576, 1_048_576))
    unsaid = far.replace(b'<dimension ref="A1:XFD1048576"/>', b"")
    yield "a far cell that it does not announce", with_part(plain, sheet, unsaid % (10**12, 10**12))


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in hostile_workbooks()])
def test_a_hostile_workbook_is_refused_soon(data):
    begins = time.process_time()
    fault_of(data)
    assert time.process_time() - begins < 3


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
