"""The rows of an export as a workbook, row by row; export_files.py puts it into the zip."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xlsxwriter import Workbook

from pledge.delivery.export_rows import Cell, Table
from pledge.delivery.jobs import Progress

#: A sheet holds 1,048,576 rows; the next million begins another.
SHEET = 1_000_000
_PART = 256 * 1024


def write_workbook(write: Callable[[bytes], object], table: Table, expected: int, progress: Progress) -> int:
    """Hand the bytes of a workbook to `write`; how many rows it has. Every text is a text, so none is ever a formula."""
    rows = 0
    with tempfile.NamedTemporaryFile(prefix="pledge-", suffix=".xlsx") as made:
        # Row by row and forgotten: the library keeps them in temporary files of its own.
        with Workbook(made.name, {"constant_memory": True}) as book:
            book.set_properties({"created": table.at})
            bold = book.add_format({"bold": True})
            sheet = _sheet(book, bold, table.rows.columns)
            for rows, cells in enumerate(table.rows.cells(table.campaign_id, expected), start=1):
                if rows % SHEET == 1 and rows > 1:
                    sheet = _sheet(book, bold, table.rows.columns)
                _write_row(sheet, (rows - 1) % SHEET + 1, cells)
                progress(rows, max(rows, expected))
        with Path(made.name).open("rb") as whole:
            while part := whole.read(_PART):
                write(part)
    return rows


def _sheet(book: Any, bold: Any, columns: tuple[str, ...]) -> Any:
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(columns) - 1, 16)
    for column, head in enumerate(columns):
        sheet.write_string(0, column, head, bold)
    return sheet


def _write_row(sheet: Any, row: int, cells: tuple[Cell, ...]) -> None:
    for column, cell in enumerate(cells):
        if isinstance(cell, int):
            sheet.write_number(row, column, cell)
        else:
            sheet.write_string(row, column, cell)
