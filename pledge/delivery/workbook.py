"""The totals as a workbook, in both languages. Every text is written as a text, so none is ever a formula."""

import io
from collections.abc import Iterator
from datetime import date
from itertools import accumulate
from typing import Any

from xlsxwriter import Workbook

from pledge.delivery import words
from pledge.delivery.document import Document, Words
from pledge.delivery.figures import SECTIONS, Figures, Section, of_document, utc
from pledge.delivery.organization_rows import HEADS, worded_cells
from pledge.delivery.queries import OTHER
from pledge.delivery.sheets import Sheet, Styles
from pledge.i18n import SEOUL

#: No text becomes a formula, a link or a number because it looks like one.
_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}

_LINE, _BAR, _GRID = "#0061A8", "#5E9ABF", "#C9DCEA"


def totals_xlsx(document: Document) -> bytes:
    """The workbook of a delivery; the same document always gives the same bytes."""
    return _workbook(of_document(document), document)


def figures_xlsx(figures: Figures) -> bytes:
    """The workbook of `flask totals`: the same without organisations."""
    return _workbook(figures, None)


def rows(document: Document) -> int:
    """How many lines the sheets of a delivery hold below their heads, the summary apart."""
    figures = of_document(document)
    return sum(len(section.cells(figures)) for section in SECTIONS) + len(document.organizations)


def _workbook(figures: Figures, document: Document | None) -> bytes:
    file = io.BytesIO()
    with Workbook(file, _OPTIONS) as book:
        # Without a time of its own a workbook carries the moment at which it was made.
        book.set_properties(
            {"title": figures.title.ko, "subject": figures.title.en, "created": figures.as_of}
        )
        styles = Styles(book)
        summary = Sheet(book, "summary", styles, ("항목", "Item", "값 Value"))
        lines = list(_summary(figures, document))
        for line in lines:
            summary.add(line)
        summary.finish(longest=44)
        for section in SECTIONS:
            _breakdown(book, styles, section, figures)
        if document is not None:
            _organizations(book, styles, document)
        _charts(book, summary, figures, len(lines))
    return file.getvalue()


def _summary(figures: Figures, document: Document | None) -> Iterator[tuple[str, str, str | int]]:
    yield _line(words.CAMPAIGN, f"{figures.title.ko} / {figures.title.en}")
    yield _line(words.PEOPLE, figures.people)
    yield _line(words.ORGANIZATIONS, figures.organizations)
    as_of = f"{figures.as_of.astimezone(SEOUL):%Y-%m-%d %H:%M:%S} KST ({utc(figures.as_of)})"
    yield _line(words.AS_OF, as_of)
    if document is not None:
        if document.unnamed_organizations:
            yield _line(words.UNNAMED, document.unnamed_organizations)
        yield _line(words.ENTRIES, document.checkpoint.size)
        yield _line(words.ROOT_HASH, document.checkpoint.root)
        yield _line(words.LOG, document.origin)
        yield _line(words.VERIFY, f"{document.address}/ko/verify")
    notes = words.SEPARATE, words.merged(figures.smallest_shown)
    yield _line(words.NOTE, notes[0].ko)
    for text in (notes[0].en, notes[1].ko, notes[1].en):
        yield "", "", text


def _line(name: Words, value: str | int) -> tuple[str, str, str | int]:
    return name.ko, name.en, value


def _breakdown(book: Any, styles: Styles, section: Section, figures: Figures) -> None:
    cells = section.cells(figures)
    is_day = section.name == "day"
    heads = (_pair(words.CODE), section.words.ko, section.words.en, _pair(words.PEOPLE))
    sheet = Sheet(book, section.sheet, styles, (*heads, _pair(words.IN_ALL)) if is_day else heads)
    totals = accumulate(cell.people for cell in cells)
    for cell, total in zip(cells, totals, strict=True):
        key = date.fromisoformat(cell.key) if is_day and cell.key != OTHER else cell.key
        line = (key, cell.label.ko, cell.label.en, cell.people)
        sheet.add((*line, total) if is_day else line)
    sheet.finish()


def _organizations(book: Any, styles: Styles, document: Document) -> None:
    sheet = Sheet(book, "organizations", styles, HEADS, landscape=True)
    for one in document.organizations:
        sheet.add(worded_cells(one))
    sheet.finish(longest=28)


def _charts(book: Any, summary: Sheet, figures: Figures, above: int) -> None:
    """Beside each other under the summary. Days that were merged have no place on a line of time."""
    days = sum(1 for cell in figures.by_day if cell.key != OTHER)
    row = above + 2
    if days > 1:
        line = book.add_chart({"type": "area"})
        span = f"'by day'!$A$2:$A${days + 1}", f"'by day'!$E$2:$E${days + 1}"
        series = {"name": _pair(words.IN_ALL), "categories": f"={span[0]}", "values": f"={span[1]}"}
        line.add_series(
            {**series, "fill": {"color": _BAR, "transparency": 55}, "line": {"color": _LINE, "width": 2}}
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
        row += _place(summary, line, row, words.GROWTH, 320)
    if figures.by_region:
        bars = book.add_chart({"type": "bar"})
        last = len(figures.by_region) + 1
        span = f"'by region'!$B$2:$B${last}", f"'by region'!$D$2:$D${last}"
        series = {"name": _pair(words.PEOPLE), "categories": f"={span[0]}", "values": f"={span[1]}"}
        bars.add_series({**series, "fill": {"color": _BAR}, "gap": 40, "data_labels": {"value": True}})
        bars.set_x_axis({"visible": False, "major_gridlines": {"visible": False}})
        bars.set_y_axis({"reverse": True, "interval_unit": 1, "num_font": {"size": 9}})
        _place(summary, bars, row, words.REGIONS, 120 + 24 * len(figures.by_region))


def _place(sheet: Sheet, chart: Any, row: int, title: Words, height: int) -> int:
    """Put a chart there; how many rows it takes."""
    chart.set_title({"name": f"{title.ko} · {title.en}", "name_font": {"size": 12}})
    chart.set_legend({"none": True})
    chart.set_chartarea({"border": {"none": True}})
    chart.set_size({"width": 760, "height": height})
    sheet.insert(row, chart)
    return -(-height // 20) + 1


def _pair(name: Words) -> str:
    return f"{name.ko} {name.en}"
