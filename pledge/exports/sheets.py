"""One sheet of a workbook: a fixed header row, columns as wide as their content, and a page set up for printing."""

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from pledge.core.text.tables import neutral

#: A fraction is shown in percent. A datetime is in Seoul's time without a zone, as spreadsheets have none.
Value = str | int | float | date

_A4 = 9
#: Characters that XML 1.0 cannot carry (section 2.2); line feed and tab it can.
_NO_XML = dict.fromkeys((*(code for code in range(32) if code not in (9, 10)), 0xFFFE, 0xFFFF))
_MIN_WIDTH, _MAX_HEAD = 9, 18
#: Characters of the name of a sheet.
MAX_NAME = 31
_HEAD_HEIGHT = 32  #: two lines, in points


class CellTooLong(ValueError):
    """A text is longer than a cell can hold (32,767 characters); the writer would leave the cell empty."""


class Styles:
    def __init__(self, book: Any) -> None:
        font = {"font_name": "맑은 고딕", "font_size": 10, "valign": "top"}
        head = {"bold": True, "bg_color": "#E0F0FA", "font_color": "#0C2A44", "bottom": 1, "text_wrap": True}
        self.head = book.add_format({**font, **head, "valign": "vcenter"})
        self.text = book.add_format({**font, "text_wrap": True})
        #: What looks like a formula stays text also when somebody edits the cell.
        self.quoted = book.add_format({**font, "text_wrap": True, "quote_prefix": True})
        self.number = book.add_format({**font, "num_format": "#,##0"})
        self.year = book.add_format({**font, "num_format": "0"})
        self.share = book.add_format({**font, "num_format": "0.0%"})
        self.moment = book.add_format({**font, "num_format": "yyyy-mm-dd hh:mm", "align": "left"})
        self.day = book.add_format({**font, "num_format": "yyyy-mm-dd", "align": "left"})


class Sheet:
    """Takes rows one after the other, then finish()."""

    def __init__(
        self, book: Any, name: str, styles: Styles, heads: Sequence[str], *, is_list: bool = False
    ) -> None:
        """`is_list`: of things with texts and years, so in landscape, and without a comma between thousands."""
        self.name = name
        self._sheet, self._styles, self._heads = book.add_worksheet(name), styles, heads
        # Measured here, as xlsxwriter's autofit() takes Korean for half as wide as it is. A long head is wrapped; the
        # content below it needs the width.
        self._widths = [min(_MAX_HEAD, _width(head)) for head in heads]
        self._rows = 0
        self._number = styles.year if is_list else styles.number
        for column, head in enumerate(heads):
            self._sheet.write_string(0, column, head, styles.head)
        self._sheet.set_row(0, _HEAD_HEIGHT)
        self._sheet.freeze_panes(1, 0)
        self._sheet.repeat_rows(0)
        self._sheet.set_paper(_A4)
        self._sheet.fit_to_pages(1, 0)
        self._sheet.set_footer("&L&A&R&P / &N")
        if is_list:
            self._sheet.set_landscape()

    def add(self, values: Sequence[Value]) -> None:
        """The next row. Raises CellTooLong."""
        self._rows += 1
        for column, value in enumerate(values):
            self._widths[column] = max(self._widths[column], _width(value))
            self._write(column, value)

    def insert(self, row: int, chart: Any) -> None:
        self._sheet.insert_chart(row, 0, chart, {"x_offset": 8, "y_offset": 4})

    def finish(self, longest: int = 48, *, filters: bool = True) -> None:
        if filters and self._rows:
            self._sheet.autofilter(0, 0, self._rows, len(self._heads) - 1)
        for column, width in enumerate(self._widths):
            self._sheet.set_column(column, column, min(longest, max(_MIN_WIDTH, width + 2)))

    def _write(self, column: int, value: Value) -> None:
        if isinstance(value, datetime):
            self._sheet.write_datetime(self._rows, column, value, self._styles.moment)
        elif isinstance(value, date):
            self._sheet.write_datetime(self._rows, column, datetime.combine(value, time()), self._styles.day)
        elif isinstance(value, float):
            self._sheet.write_number(self._rows, column, value, self._styles.share)
        elif isinstance(value, int):
            self._sheet.write_number(self._rows, column, value, self._number)
        elif value:
            style = self._styles.quoted if neutral(value) != value else self._styles.text
            if self._sheet.write_string(self._rows, column, value.translate(_NO_XML), style) != 0:
                raise CellTooLong


def _width(value: Value) -> int:
    """In columns of a fixed-width type: Korean takes two."""
    if isinstance(value, date):
        return 16 if isinstance(value, datetime) else 10
    if isinstance(value, float):
        return 6
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in str(value))
