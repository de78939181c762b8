"""The totals as a workbook, in every language or in one. Every text is written as text, so none is a formula."""

import io
from collections.abc import Iterator
from datetime import date
from itertools import accumulate
from typing import Any

from xlsxwriter import Workbook

from pledge.core.clock import iso_utc
from pledge.core.i18n import Phrase
from pledge.core.languages import Texts
from pledge.deliveries.document import Document
from pledge.deliveries.figures import SECTIONS, Figures, Section, of_document, seoul, share
from pledge.exports.organization_rows import worded_cells, worded_heads
from pledge.exports.sheets import MAX_NAME, Sheet, Styles, Value
from pledge.statistics import labels
from pledge.statistics.breakdowns import OTHER

#: No text becomes a formula, a link or a number because it looks like one.
_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}

_LINE, _BAR, _GRID = "#0061A8", "#5E9ABF", "#C9DCEA"


def totals_xlsx(document: Document) -> bytes:
    """The workbook of a delivery; the same document always gives the same bytes."""
    return _Totals(of_document(document), None, document).made()


def figures_xlsx(figures: Figures, lang: str | None = None) -> bytes:
    """The workbook without organisations. With a language: for one reader, in that language and without codes."""
    return _Totals(figures, lang, None).made()


def rows(document: Document) -> int:
    """The number of rows of a delivery's sheets without their heads and the summary."""
    figures = of_document(document)
    return sum(len(section.cells(figures)) for section in SECTIONS) + len(document.organizations)


class _Totals:
    def __init__(self, figures: Figures, lang: str | None, document: Document | None) -> None:
        self._figures, self._lang, self._document = figures, lang, document
        self._languages = [lang] if lang else figures.languages

    def made(self) -> bytes:
        file = io.BytesIO()
        with Workbook(file, _OPTIONS) as book:
            self._fill(book)
        return file.getvalue()

    def _fill(self, book: Any) -> None:
        figures = self._figures
        # Without a fixed time a workbook contains the moment at which it was made.
        book.set_properties({"title": self._title(), "created": figures.as_of})
        styles = Styles(book)
        heads = [*self._codes(self._name(labels.CODE)), *self._labels(labels.ITEM), self._name(labels.VALUE)]
        summary = Sheet(book, self._sheet_name(labels.SUMMARY), styles, heads)
        lines = list(self._summary())
        for line in lines:
            summary.add(line)
        summary.finish(longest=44, filters=False)
        sheets = {section.name: self._breakdown(book, styles, section) for section in SECTIONS}
        if self._document is not None:
            _organizations(book, styles, self._sheet_name(labels.ORGANIZATIONS), self._document)
        self._charts(book, summary, sheets, len(lines))

    def _title(self) -> str:
        return " / ".join(dict.fromkeys(self._labels(self._figures.title)))

    def _name(self, name: Phrase) -> str:
        """The name of a sheet or a column."""
        return " ".join(self._labels(name))

    def _sheet_name(self, name: Phrase) -> str:
        """The name of a sheet, in as many languages as fit."""
        parts = self._labels(name)
        while len(" ".join(parts)) > MAX_NAME and len(parts) > 1:
            parts.pop()
        return " ".join(parts)[:MAX_NAME]

    def _labels(self, label: Texts | Phrase) -> list[str]:
        """The cells that name a row: one for each language."""
        return [label.of(lang) for lang in self._languages]

    def _codes(self, code: str) -> list[str]:
        """The cell before them, for programs; none in a workbook for one reader."""
        return [] if self._lang else [code]

    def _summary(self) -> Iterator[list[Value]]:
        figures, document = self._figures, self._document
        yield self._line("campaign", labels.CAMPAIGN, self._title())
        yield self._line("people", labels.PEOPLE, figures.people)
        yield self._line("organizations", labels.ORGANIZATIONS, figures.organizations)
        as_of = seoul(figures.as_of)
        yield self._line(
            "as_of", labels.AS_OF, as_of if self._lang else f"{as_of} ({iso_utc(figures.as_of)})"
        )
        if document is not None and document.unnamed_organizations:
            yield self._line("unnamed_organizations", labels.UNNAMED, document.unnamed_organizations)
        if figures.checkpoint is not None:
            yield self._line("entries", labels.ENTRIES, figures.checkpoint.size)
            yield self._line("root", labels.ROOT_HASH, figures.checkpoint.root)
        if document is not None:
            yield self._line("log", labels.LOG, document.origin)
            yield self._line("verify", labels.VERIFY, f"{document.address}/{self._languages[0]}/verify")
        merged = [labels.MERGED.of(lang, smallest=figures.smallest_shown) for lang in self._languages]
        for text in [*self._labels(labels.SEPARATE), *merged]:
            yield self._line("note", labels.NOTE, text)

    def _line(self, code: str, name: Phrase, value: Value) -> list[Value]:
        return [*self._codes(code), *self._labels(name), value]

    def _breakdown(self, book: Any, styles: Styles, section: Section) -> Sheet:
        """People are in the second column before the end, by day with the running total between."""
        cells = section.cells(self._figures)
        is_day = section.name == "day"
        numbers = (labels.PEOPLE, labels.IN_ALL, labels.SHARE) if is_day else (labels.PEOPLE, labels.SHARE)
        code = self._codes(self._name(labels.CODE))
        heads = [*code, *self._labels(section.words), *map(self._name, numbers)]
        sheet = Sheet(book, self._sheet_name(section.sheet), styles, heads)
        totals = accumulate(cell.people for cell in cells)
        for cell, total in zip(cells, totals, strict=True):
            has_day = is_day and cell.key != OTHER
            key: Value = date.fromisoformat(cell.key) if has_day else cell.key
            named = self._labels(cell.label)
            line = (key, *named) if self._lang is None else ((key,) if has_day else named)
            counted = (cell.people, total) if is_day else (cell.people,)
            sheet.add((*line, *counted, share(cell.people, self._figures)))
        sheet.finish()
        return sheet

    def _charts(self, book: Any, summary: Sheet, sheets: dict[str, Sheet], above: int) -> None:
        """The charts, side by side under the summary. Merged days have no place on a time axis."""
        days = sum(1 for cell in self._figures.by_day if cell.key != OTHER)
        row = above + 2
        first = 0 if self._lang else 1  # the column of the first name; before it are the codes
        people = first + len(self._labels(labels.PEOPLE))
        if days > 1:
            line = book.add_chart({"type": "area"})
            series = _series(sheets["day"], self._name(labels.IN_ALL), 0, people + 1, days)
            line.add_series(
                {
                    **series,
                    "fill": {"color": _BAR, "transparency": 55},
                    "line": {"color": _LINE, "width": 2},
                }
            )
            line.set_y_axis(
                {"num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": _GRID}}}
            )
            line.set_x_axis(
                {
                    "date_axis": True,
                    "num_format": "yyyy-mm",
                    "num_font": {"size": 9},
                    "major_unit": 1,
                    "major_unit_type": "months",
                }
            )
            row += self._place(summary, line, row, labels.GROWTH, 320)
        if self._figures.by_region:
            bars = book.add_chart({"type": "bar"})
            last = len(self._figures.by_region)
            series = _series(sheets["region"], self._name(labels.PEOPLE), first, people, last)
            bars.add_series({**series, "fill": {"color": _BAR}, "gap": 40, "data_labels": {"value": True}})
            bars.set_x_axis({"visible": False, "major_gridlines": {"visible": False}})
            bars.set_y_axis({"reverse": True, "interval_unit": 1, "num_font": {"size": 9}})
            self._place(summary, bars, row, labels.REGIONS, 120 + 24 * last)

    def _place(self, sheet: Sheet, chart: Any, row: int, title: Phrase, height: int) -> int:
        """Insert a chart; returns how many rows it takes."""
        chart.set_title({"name": " · ".join(self._labels(title)), "name_font": {"size": 12}})
        chart.set_legend({"none": True})
        chart.set_chartarea({"border": {"none": True}})
        chart.set_size({"width": 760, "height": height})
        sheet.insert(row, chart)
        return -(-height // 20) + 1


def _series(sheet: Sheet, name: str, heads: int, numbers: int, last: int) -> dict[str, Any]:
    """Two columns of a sheet, from the row below its head to `last`."""
    return {
        "name": name,
        "categories": [sheet.name, 1, heads, last, heads],
        "values": [sheet.name, 1, numbers, last, numbers],
    }


def _organizations(book: Any, styles: Styles, name: str, document: Document) -> None:
    heads = worded_heads(document.languages)
    sheet = Sheet(book, name, styles, heads, landscape=True, grouped=False)
    for one in document.organizations:
        sheet.add(worded_cells(one, document.languages))
    sheet.finish(longest=22)
