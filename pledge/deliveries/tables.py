"""Totals as files, current ones or those of a delivery: CSV that Korean Excel opens directly, JSON, a workbook.

For programs with codes and in every language, or for one reader in their language. docs/totals.md describes each. The same
document always gives the same bytes. Every text of a workbook is written as text, so none is a formula.
"""

import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from itertools import accumulate
from typing import Any

from pledge.audit.models import Actor
from pledge.audit.services import note
from pledge.campaigns.queries import slugs
from pledge.core.clock import iso_utc
from pledge.core.i18n import SEOUL, Phrase
from pledge.core.languages import Texts
from pledge.core.text.tables import BOM, csv_line
from pledge.deliveries.document import Document, FrozenPaper
from pledge.exports.files import file_name
from pledge.exports.rows import REASONS, coded_columns, worded_columns
from pledge.exports.sheets import MAX_NAME, Sheet, Styles, Value
from pledge.ledger import log_queries
from pledge.ledger.models import Checkpoint
from pledge.statistics import labels
from pledge.statistics.breakdowns import OTHER
from pledge.statistics.cells import Cell
from pledge.statistics.totals import NoSuchCheckpoint, Totals, campaign_facts, totals_at

#: No text becomes a formula, a link or a number because it looks like one.
_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}

_LINE, _BAR, _GRID = "#0061A8", "#5E9ABF", "#C9DCEA"


@dataclass(frozen=True)
class TotalsFile:
    name: str
    content: bytes


@dataclass(frozen=True)
class Section:
    """One breakdown, with its name in each format."""

    name: str
    sheet: Phrase
    words: Phrase
    cells: Callable[[Totals], list[Cell]]


SECTIONS = (
    Section("country", labels.BY_COUNTRY, labels.COUNTRY, lambda totals: totals.by_country),
    Section("region", labels.BY_REGION, labels.REGION, lambda totals: totals.by_region),
    Section("day", labels.BY_DAY, labels.DAY, lambda totals: totals.by_day),
)


def totals_csv(totals: Totals, lang: str | None = None) -> bytes:
    """With codes and every language, for programs; with `lang` in its words only, for one reader."""
    if lang is None:
        names = [f"label_{code}" for code in totals.languages]
        return _csv(("section", "key", *names, "people"), _totals(totals))
    heads = (labels.SECTION, labels.ITEM, labels.NUMBER, labels.SHARE_IN_PERCENT)
    return _csv(tuple(head.of(lang) for head in heads), _worded_totals(totals, lang))


def totals_json(totals: Totals, lang: str | None = None) -> bytes:
    """With `lang`, lines have their share in percent, and the moment is also given in Korea's time."""
    checkpoint = totals.checkpoint
    return _json(
        {
            "campaign": {"slug": totals.slug, "title": _in_each(totals, totals.title)},
            "as_of": iso_utc(totals.as_of),
            **({"as_of_in_korea": _seoul(totals.as_of)} if lang else {}),
            **({"checkpoint": {"size": checkpoint.size, "root": checkpoint.root}} if checkpoint else {}),
            "people": totals.people,
            "organizations": totals.organizations,
            **({"paper": asdict(paper)} if (paper := _paper(totals)) else {}),
            **({"unnamed_organizations": totals.unnamed_organizations} if checkpoint else {}),
            "smallest_shown": totals.smallest_shown,
            **{
                f"by_{section.name}": [
                    {"key": cell.key, "label": _in_each(totals, cell.label), "people": cell.people}
                    | ({"percent": _percent(cell.people, totals)} if lang else {})
                    for cell in section.cells(totals)
                ]
                for section in SECTIONS
            },
        }
    )


def totals_xlsx(totals: Totals, lang: str | None = None) -> bytes:
    """With a language: for one reader, in that language and without codes. Of a delivery with its organisations."""
    return _TotalsWorkbook(totals, lang).made()


def organizations_csv(document: Document) -> bytes:
    """The organisations that were on the wall and are still named, in the document's order."""
    columns = coded_columns(document.languages)
    rows = ([column.value(one) for column in columns] for one in document.named_organizations)
    return _csv([column.head for column in columns], rows)


def integrity_json(document: Document) -> bytes:
    """The sums of the log, what became of all sign-ups, and signatures on paper where there are any."""
    return _json(
        {
            "log": {
                "people": asdict(document.people_moves),
                "organizations": asdict(document.organization_moves),
            },
            "sign_ups": asdict(document.sign_ups),
            **({"paper": asdict(document.paper)} if document.paper else {}),
            "smallest_shown": document.smallest_shown,
        }
    )


#: The writer of each format.
FORMATS: dict[str, Callable[[Totals, str | None], bytes]] = {
    "csv": totals_csv,
    "json": totals_json,
    "xlsx": totals_xlsx,
}

#: The tables whose rows the pack's manifest counts: each returns the file and its number of rows without the head.
TABLES: dict[str, Callable[[Document], tuple[bytes, int]]] = {
    # Without the summary.
    "totals.xlsx": lambda document: (
        totals_xlsx(document),
        sum(len(section.cells(document)) for section in SECTIONS) + len(document.named_organizations),
    ),
    "totals.csv": lambda document: (totals_csv(document), sum(1 for _ in _totals(document))),
    "organizations.csv": lambda document: (organizations_csv(document), len(document.named_organizations)),
}


def newest_checkpoints() -> dict[str, Checkpoint]:
    """The newest checkpoint of each campaign, by slug; campaigns without one are left out."""
    found = {slug: log_queries.newest(campaign_id) for campaign_id, slug in slugs().items()}
    return {slug: checkpoint for slug, checkpoint in sorted(found.items()) if checkpoint and checkpoint.size}


def totals_file(actor: Actor, slug: str, form: str, lang: str) -> TotalsFile:
    """The totals of a campaign's log at its newest checkpoint, so that anybody can check their sum, in one language.

    The export is recorded before the file is handed out. Raises UnknownCampaign, NoSuchCheckpoint, DoesNotAddUp, KeyError for
    another format.
    """
    write = FORMATS[form]
    campaign = campaign_facts(slug)
    checkpoint = log_queries.newest(campaign.id)
    if checkpoint is None or not checkpoint.size:
        raise NoSuchCheckpoint
    totals = totals_at(campaign, checkpoint)
    content = write(totals, lang)
    note(
        actor,
        "export.totals",
        f"campaign:{slug}",
        format=form,
        lang=lang,
        as_of=iso_utc(totals.as_of),
        people=totals.people,
        organizations=totals.organizations,
    )
    return TotalsFile(file_name(slug, "totals", totals.as_of, lang, form), content)


def _totals(totals: Totals) -> Iterator[tuple[str | int, ...]]:
    yield "campaign", totals.slug, *_in_each(totals, totals.title).values(), ""
    yield "as_of", iso_utc(totals.as_of), *_in_each(totals, labels.AS_OF).values(), ""
    if totals.checkpoint is not None:
        # One root in 64 begins with `+`, which spreadsheets take for a formula; totals.json has the root.
        entries = _in_each(totals, labels.ENTRIES).values()
        yield "checkpoint", "size", *entries, totals.checkpoint.size
    yield "total", "people", *_in_each(totals, labels.PEOPLE).values(), totals.people
    organizations = _in_each(totals, labels.ORGANIZATIONS).values()
    yield "total", "organizations", *organizations, totals.organizations
    if paper := _paper(totals):
        yield "total", "paper", *_in_each(totals, labels.PAPER).values(), paper.signatures
    for section in SECTIONS:
        for cell in section.cells(totals):
            yield section.name, cell.key, *_in_each(totals, cell.label).values(), cell.people


def _worded_totals(totals: Totals, lang: str) -> Iterator[tuple[str | int | float, ...]]:
    yield labels.CAMPAIGN.of(lang), totals.title.of(lang), "", ""
    yield labels.AS_OF.of(lang), _seoul(totals.as_of), "", ""
    if totals.checkpoint is not None:
        yield labels.ENTRIES.of(lang), "", totals.checkpoint.size, ""
    yield labels.TOTAL.of(lang), labels.PEOPLE.of(lang), totals.people, _percent(totals.people, totals)
    yield labels.TOTAL.of(lang), labels.ORGANIZATIONS.of(lang), totals.organizations, ""
    for section in SECTIONS:
        for cell in section.cells(totals):
            named = cell.label.of(lang)
            yield section.words.of(lang), named, cell.people, _percent(cell.people, totals)
    yield labels.NOTE.of(lang), labels.SEPARATE.of(lang), "", ""
    yield labels.NOTE.of(lang), labels.MERGED.of(lang, smallest=totals.smallest_shown), "", ""


def _csv(head: Sequence[str], rows: Iterable[Sequence[Value]]) -> bytes:
    """UTF-8 with BOM and CRLF, as Korean Excel wants it."""
    return BOM + "".join(csv_line(*row) for row in (head, *rows)).encode()


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


def _in_each(totals: Totals, text: Texts | Phrase) -> dict[str, str]:
    return {lang: text.of(lang) for lang in totals.languages}


def _paper(totals: Totals) -> FrozenPaper | None:
    return totals.paper if isinstance(totals, Document) else None


def _share(people: int, totals: Totals) -> float:
    """The share of all people, from 0 to 1."""
    return people / totals.people if totals.people else 0.0


def _percent(people: int, totals: Totals) -> float:
    """The share in percent, to one decimal place."""
    return round(100 * _share(people, totals), 1)


def _seoul(instant: datetime) -> str:
    """A moment in Seoul's time, as people in Korea write it."""
    return f"{instant.astimezone(SEOUL):%Y-%m-%d %H:%M:%S} KST"


# --- The workbook ---


class _TotalsWorkbook:
    def __init__(self, totals: Totals, lang: str | None) -> None:
        self._totals, self._lang = totals, lang
        self._document = totals if isinstance(totals, Document) else None
        self._languages = [lang] if lang else totals.languages

    def made(self) -> bytes:
        from xlsxwriter import Workbook  # noqa: PLC0415  # only what writes a workbook needs its memory

        file = io.BytesIO()
        with Workbook(file, _OPTIONS) as book:
            self._fill(book)
        return file.getvalue()

    def _fill(self, book: Any) -> None:
        # Without a fixed time a workbook contains the moment at which it was made.
        book.set_properties({"title": self._title(), "created": self._totals.as_of})
        styles = Styles(book)
        heads = [*self._labels(labels.ITEM), self._name(labels.VALUE)]
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
        return " / ".join(dict.fromkeys(self._labels(self._totals.title)))

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

    def _summary(self) -> Iterator[list[Value]]:
        totals, document = self._totals, self._document
        yield [*self._labels(labels.CAMPAIGN), self._title()]
        yield [*self._labels(labels.PEOPLE), totals.people]
        if document is not None:
            for reason, name in REASONS.items():
                words = [f"{labels.PEOPLE.of(lang)}: {name.of(lang)}" for lang in self._languages]
                yield [*words, getattr(document.people_moves, reason)]
        yield [*self._labels(labels.ORGANIZATIONS), totals.organizations]
        if document is not None and document.unnamed_organizations:
            yield [*self._labels(labels.UNNAMED), document.unnamed_organizations]
        if paper := _paper(totals):
            yield [*self._labels(labels.PAPER), paper.signatures]
        yield [*self._labels(labels.AS_OF), _seoul(totals.as_of)]
        if totals.checkpoint is not None:
            yield [*self._labels(labels.ENTRIES), totals.checkpoint.size]
            yield [*self._labels(labels.ROOT_HASH), totals.checkpoint.root]
        if document is not None:
            yield [*self._labels(labels.LOG), document.origin]
            yield [*self._labels(labels.VERIFY), f"{document.address}/{self._languages[0]}/verify"]
        merged = [labels.MERGED.of(lang, smallest=totals.smallest_shown) for lang in self._languages]
        apart = self._labels(labels.PAPER_APART) if paper else []
        for text in [*self._labels(labels.SEPARATE), *apart, *merged]:
            yield [*self._labels(labels.NOTE), text]

    def _breakdown(self, book: Any, styles: Styles, section: Section) -> Sheet:
        """Words first, then the numbers, by day with a date before and the running total; the code last, for programs."""
        cells = section.cells(self._totals)
        is_day = section.name == "day"
        numbers = (labels.PEOPLE, labels.IN_ALL, labels.SHARE) if is_day else (labels.PEOPLE, labels.SHARE)
        date_head = [self._name(labels.DATE)] if is_day and self._lang is None else []
        code_head = [] if self._lang else [self._name(labels.CODE)]
        heads = [*date_head, *self._labels(section.words), *map(self._name, numbers), *code_head]
        sheet = Sheet(book, self._sheet_name(section.sheet), styles, heads)
        totals = accumulate(cell.people for cell in cells)
        for cell, total in zip(cells, totals, strict=True):
            day: list[Value] = [date.fromisoformat(cell.key)] if is_day and cell.key != OTHER else []
            named: list[Value] = list(self._labels(cell.label))
            if is_day:
                named = [*(day or [""]), *named] if self._lang is None else day or named
            counted = (cell.people, total) if is_day else (cell.people,)
            code = [] if self._lang else [cell.key]
            sheet.add((*named, *counted, _share(cell.people, self._totals), *code))
        sheet.finish()
        return sheet

    def _charts(self, book: Any, summary: Sheet, sheets: dict[str, Sheet], above: int) -> None:
        """The charts, side by side under the summary. Merged days have no place on a time axis."""
        days = sum(1 for cell in self._totals.by_day if cell.key != OTHER)
        row = above + 2
        people = len(self._labels(labels.PEOPLE))  # the column of the people by region
        if days > 1:
            line = book.add_chart({"type": "area"})
            in_all = people + (1 if self._lang else 2)
            series = _series(sheets["day"], self._name(labels.IN_ALL), 0, in_all, days)
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
        if self._totals.by_region:
            bars = book.add_chart({"type": "bar"})
            last = len(self._totals.by_region)
            series = _series(sheets["region"], self._name(labels.PEOPLE), 0, people, last)
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
    columns = worded_columns(document.languages)
    heads = [column.head for column in columns]
    sheet = Sheet(book, name, styles, heads, landscape=True, grouped=False)
    for one in document.named_organizations:
        sheet.add([column.value(one) for column in columns])
    sheet.finish(longest=22)
