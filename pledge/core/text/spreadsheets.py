"""Cells that no spreadsheet takes for a formula (OWASP, CSV Injection), and lines of CSV as Korean Excel wants them."""

import csv
import io
from datetime import date, datetime

from pledge.core.text import plain_text

#: Also what may be skipped at the very beginning of a cell.
FORMULA_STARTS = plain_text.FORMULA_STARTS | frozenset("\t\r\n\0")

#: Before the first line: tells Excel that the file is UTF-8.
BOM = b"\xef\xbb\xbf"


def neutral(text: str) -> str:
    """The text, with an apostrophe before it when a spreadsheet could take it for a formula."""
    return f"'{text}" if text[:1] in FORMULA_STARTS or plain_text.is_formula(text) else text


def csv_line(*cells: str | float | date) -> str:
    """One line with CRLF: texts neutral and quoted, numbers as they are, a moment to the minute."""
    line = io.StringIO()
    writer = csv.writer(line, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(map(_plain, cells))
    return line.getvalue()


def _plain(cell: str | float | date) -> str | float:
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, date):
        return cell.isoformat()
    return neutral(cell) if isinstance(cell, str) else cell
