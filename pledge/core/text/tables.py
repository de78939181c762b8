"""CSV tables: read as spreadsheets save them, written as Korean Excel expects them, with no cell that can run as a formula
(OWASP, CSV Injection).
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from pledge.core.i18n import Phrase
from pledge.core.text import lines

#: Includes characters that spreadsheets may skip at the beginning of a cell.
FORMULA_STARTS = lines.FORMULA_STARTS | frozenset("\t\r\n\0")

#: Before the first line: tells Excel that the file is UTF-8.
BOM = b"\xef\xbb\xbf"


def neutral(text: str) -> str:
    """The text, prefixed with an apostrophe if a spreadsheet could run it as a formula."""
    return f"'{text}" if text[:1] in FORMULA_STARTS or lines.is_formula(text) else text


def csv_line(*cells: str | float | date) -> str:
    """One line with CRLF: texts neutralised and quoted, numbers unquoted, datetimes to the minute."""
    line = io.StringIO()
    writer = csv.writer(line, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(map(_plain, cells))
    return line.getvalue()


def csv_file(head: Sequence[str], rows: Iterable[Iterable[str | float | date]]) -> bytes:
    """UTF-8 with BOM and CRLF, as Korean Excel expects it."""
    return BOM + "".join(csv_line(*row) for row in (head, *rows)).encode()


def _plain(cell: str | float | date) -> str | float:
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, date):
        return cell.isoformat()
    return neutral(cell) if isinstance(cell, str) else cell


#: Bytes of a file that is read; a form then carries its text.
MAX_BYTES = 100_000
MAX_LINES = 300  #: below the header


class TableFault(Enum):
    """What is wrong with a table, in words for its sender."""

    #: no file, or no line below the header
    EMPTY = Phrase("table", "The table is empty. It needs a line with headers and one line for each partner.")
    TOO_LARGE = Phrase("table", "The table is too large. Please send only the columns that are needed.")
    #: not text, for instance a workbook
    WRONG_TYPE = Phrase(
        "table", "This is not a CSV file. In your spreadsheet, please save the table as CSV and choose that."
    )
    TOO_MANY_LINES = Phrase("table", "The table has more than 300 lines. Please send it in parts.")
    #: an unclosed quotation mark
    QUOTES = Phrase("table", "A quotation mark is not closed, or stands inside a cell.")


class BadTable(ValueError):
    """The file cannot be read as a table: `fault` says why, `line` where, if known."""

    def __init__(self, fault: TableFault, line: int = 0) -> None:
        super().__init__(f"{fault.name}, line {line}")
        self.fault = fault
        self.line = line


@dataclass(frozen=True)
class Line:
    """A line with its number in the spreadsheet. Cells are trimmed, and empty ones at the end dropped."""

    number: int
    cells: tuple[str, ...]


def decode_table(data: bytes) -> str:
    """The text of a file in UTF-8, UTF-16 with a BOM (Excel's "Unicode text") or CP949 (CSV of Korean Excel).

    Raises BadTable.
    """
    if len(data) > MAX_BYTES:
        raise BadTable(TableFault.TOO_LARGE)
    encodings = ("utf-16",) if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp949")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise BadTable(TableFault.WRONG_TYPE)


def read_table(text: str) -> list[Line]:
    """The lines of CSV with commas, semicolons or tabs, the header first. Raises BadTable."""
    lines = list(_lines(text))
    if len(lines) < 2:
        raise BadTable(TableFault.EMPTY)
    if len(lines) > MAX_LINES + 1:
        raise BadTable(TableFault.TOO_MANY_LINES)
    return lines


def _lines(text: str) -> Iterator[Line]:
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error:
            raise BadTable(TableFault.QUOTES, number) from None
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield Line(number, tuple(cells))
