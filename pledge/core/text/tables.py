"""Tables: reading one that somebody sends, a workbook of Excel or CSV as Excel writes it; cells that no spreadsheet takes for a formula
(OWASP, CSV Injection), and lines of CSV as Korean Excel wants them.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from itertools import islice
from typing import Any

from pledge.core.i18n import Phrase
from pledge.core.text import lines

#: Also what may be skipped at the very beginning of a cell.
FORMULA_STARTS = lines.FORMULA_STARTS | frozenset("\t\r\n\0")

#: Before the first line: tells Excel that the file is UTF-8.
BOM = b"\xef\xbb\xbf"


def neutral(text: str) -> str:
    """The text, with an apostrophe before it when a spreadsheet could take it for a formula."""
    return f"'{text}" if text[:1] in FORMULA_STARTS or lines.is_formula(text) else text


def csv_line(*cells: str | float | date) -> str:
    """One line with CRLF: texts neutral and quoted, numbers as they are, a moment to the minute."""
    line = io.StringIO()
    writer = csv.writer(line, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(map(_plain, cells))
    return line.getvalue()


def csv_file(head: Sequence[str], rows: Iterable[Iterable[str | float | date]]) -> bytes:
    """UTF-8 with BOM and CRLF, as Korean Excel wants it."""
    return BOM + "".join(csv_line(*row) for row in (head, *rows)).encode()


def _plain(cell: str | float | date) -> str | float:
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, date):
        return cell.isoformat()
    return neutral(cell) if isinstance(cell, str) else cell


MAX_BYTES = 2_000_000
#: Of a workbook, which is a zip: what its parts say they have. The library reads no part further than that.
MAX_UNPACKED = 10_000_000
MAX_LINES = 300  #: below the header
MAX_COLUMNS = 40
#: Of a sheet, empty ones too; the library makes something of each.
_MAX_SHEET_LINES = 10_000
_ZIP = b"PK\x03\x04"


class TableFault(Enum):
    """What is wrong with a table, in words for who sent it."""

    #: no file, or nothing below its header
    EMPTY = Phrase("table", "The table is empty. It needs a line with headers and one line for each partner.")
    TOO_LARGE = Phrase(
        "table", "The table is too large. Please send only the columns that are needed, without pictures."
    )
    #: neither a workbook nor text
    WRONG_TYPE = Phrase(
        "table", "This is neither an XLSX nor a CSV file. Please save the table as one of these."
    )
    DAMAGED = Phrase(
        "table", "The table is damaged or incomplete. Please save it again and choose the new file."
    )
    TOO_MANY_LINES = Phrase("table", "The table has more than 300 lines. Please send it in parts.")
    TOO_MANY_COLUMNS = Phrase("table", "A line has more than 40 cells.")
    #: a quotation mark of CSV that does not close
    QUOTES = Phrase("table", "A quotation mark is not closed, or stands inside a cell.")
    #: a cell whose formula has come to an error
    ERROR_VALUE = Phrase("table", "A cell shows an error instead of a value.")


class BadTable(ValueError):
    """A file that is no table; `fault` says why, and `line` where it is known."""

    def __init__(self, fault: TableFault, line: int = 0) -> None:
        super().__init__(f"{fault.name}, line {line}")
        self.fault = fault
        self.line = line


@dataclass(frozen=True)
class Line:
    """A line that is not empty, with its number as the spreadsheet shows it; cells trimmed, none at the end empty."""

    number: int
    cells: tuple[str, ...]


def read_table(data: bytes) -> list[Line]:
    """The lines of a file, the header first. Raises BadTable.

    Of a formula the value counts that the spreadsheet has stored. In a workbook the first sheet counts.
    """
    if not data:
        raise BadTable(TableFault.EMPTY)
    if len(data) > MAX_BYTES:
        raise BadTable(TableFault.TOO_LARGE)
    rows = _workbook_rows(data) if data.startswith(_ZIP) else _csv_rows(_text(data))
    lines = list(islice(_lines(rows), MAX_LINES + 2))
    if len(lines) < 2:
        raise BadTable(TableFault.EMPTY)
    if len(lines) > MAX_LINES + 1:
        raise BadTable(TableFault.TOO_MANY_LINES)
    return lines


def _lines(rows: Iterable[Iterable[str]]) -> Iterator[Line]:
    for number, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if len(cells) > MAX_COLUMNS:
            raise BadTable(TableFault.TOO_MANY_COLUMNS, number)
        if cells:
            yield Line(number, tuple(cells))


def _text(data: bytes) -> str:
    """UTF-8, UTF-16 with its mark (what Excel calls Unicode text), or CP949, as Korean Excel writes CSV."""
    encodings = ("utf-16",) if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp949")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise BadTable(TableFault.WRONG_TYPE)


def _csv_rows(text: str) -> Iterator[list[str]]:
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise BadTable(TableFault.QUOTES, number) from None


def _workbook_rows(data: bytes) -> Iterator[list[str]]:
    # It takes 20 MB of each process that has it.
    from openpyxl import load_workbook  # noqa: PLC0415

    _check_parts(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        lines = sheet.max_row or 0
        sheet.reset_dimensions()  # what the file says of its size need not be true
        rows = sheet.iter_rows(max_row=_MAX_SHEET_LINES, max_col=MAX_COLUMNS + 1)
        read = [[_cell_text(cell, number) for cell in row] for number, row in enumerate(rows, 1)]
    except BadTable:
        raise
    except Exception:  # noqa: BLE001  # the library raises whatever a broken file makes it stumble over
        raise BadTable(TableFault.DAMAGED) from None
    if lines > _MAX_SHEET_LINES:
        raise BadTable(TableFault.TOO_MANY_LINES)
    yield from read


def _check_parts(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            sizes = {part.filename: part.file_size for part in parts.infolist()}
    except (zipfile.BadZipFile, ValueError, OSError):
        raise BadTable(TableFault.DAMAGED) from None
    if "[Content_Types].xml" not in sizes:
        raise BadTable(TableFault.WRONG_TYPE)
    if sum(sizes.values()) > MAX_UNPACKED:
        raise BadTable(TableFault.TOO_LARGE)


def _cell_text(cell: Any, number: int) -> str:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "e":
        raise BadTable(TableFault.ERROR_VALUE, number)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
