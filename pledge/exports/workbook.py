"""The rows of an export as a workbook, row by row; files.py puts it into the zip."""

import tempfile
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from xlsxwriter import Workbook

from pledge.exports.rows import Cell, Table
from pledge.exports.sheets import Styles
from pledge.jobs.services import Progress

#: A sheet can have 1,048,576 rows; each further million begins another sheet.
SHEET = 1_000_000
_PART = 256 * 1024


def write_workbook(write: Callable[[bytes], object], table: Table, expected: int, progress: Progress) -> int:
    """Pass the bytes of a workbook to `write`; returns how many rows it has. Every text is a text, so none is a formula."""
    rows = 0
    with tempfile.NamedTemporaryFile(prefix="pledge-", suffix=".xlsx") as made:
        # Each row is written at once: the library keeps them in temporary files of its own.
        with Workbook(made.name, {"constant_memory": True}) as book:
            book.set_properties({"title": table.rows.title.of(table.lang), "created": table.at})
            sheet = _Sheet(book, table, Styles(book), 1)
            for rows, cells in enumerate(table.rows.cells(table, expected), start=1):
                if rows % SHEET == 1 and rows > 1:
                    sheet = sheet.next()
                sheet.add(cells)
                progress(rows, max(rows, expected))
            sheet.finish()
        with Path(made.name).open("rb") as whole:
            while part := whole.read(_PART):
                write(part)
    return rows


class _Sheet:
    """A fixed header row with filters, then rows one after the other."""

    def __init__(self, book: Any, table: Table, styles: Styles, number: int) -> None:
        self._book, self._table, self._styles, self._number = book, table, styles, number
        name = table.rows.title.of(table.lang)
        self._sheet = book.add_worksheet(name if number == 1 else f"{name} ({number})")
        self._rows = 0
        self._sheet.freeze_panes(1, 0)
        self._sheet.repeat_rows(0)
        for column, one in enumerate(table.columns.values()):
            self._sheet.set_column(column, column, one.width)
            self._sheet.write_string(0, column, one.head, styles.head)

    def next(self) -> "_Sheet":
        self.finish()
        return _Sheet(self._book, self._table, self._styles, self._number + 1)

    def add(self, cells: tuple[Cell, ...]) -> None:
        self._rows += 1
        for column, cell in enumerate(cells):
            self._write(column, cell)

    def finish(self) -> None:
        if self._rows:
            self._sheet.autofilter(0, 0, self._rows, len(self._table.columns) - 1)

    def _write(self, column: int, cell: Cell) -> None:
        sheet, styles = self._sheet, self._styles
        if isinstance(cell, datetime):
            sheet.write_datetime(self._rows, column, cell, styles.moment)
        elif isinstance(cell, date):
            sheet.write_datetime(self._rows, column, datetime.combine(cell, time()), styles.day)
        elif isinstance(cell, int):
            sheet.write_number(self._rows, column, cell)
        else:
            sheet.write_string(self._rows, column, cell)
