"""Totals as files, current ones or those of a delivery: CSV and JSON with codes for programs, a workbook for readers.

All are in the languages of the totals, which may be one. docs/totals.md describes each. The same document always gives the
same bytes. Every text of a workbook is written as text, so none is a formula.
"""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from itertools import accumulate
from typing import Any

from pledge.audit.models import Actor
from pledge.audit.services import note
from pledge.core.clock import from_iso_utc, iso_utc
from pledge.core.i18n import SEOUL, Phrase
from pledge.core.languages import Texts
from pledge.core.text.tables import csv_file
from pledge.deliveries.document import DemandState, Document, GivenAnswer
from pledge.demands.models import STATE_LABELS
from pledge.exports.models import file_name
from pledge.exports.rows import Column, in_languages, organization_columns, with_codes
from pledge.exports.sheets import MAX_NAME, Sheet, Styles, Value
from pledge.ledger import log_queries
from pledge.ledger.models import REASON_LABELS
from pledge.statistics import labels
from pledge.statistics.breakdowns import OTHER
from pledge.statistics.cells import Cell
from pledge.statistics.totals import NoSuchCheckpoint, Totals, campaign_facts, totals_at

#: No text becomes a formula, a link or a number because it looks like one.
_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}

_GROWTH_HEIGHT = 320  #: in pixels; a row has 20
_LINE, _BAR, _GRID = "#0061A8", "#5E9ABF", "#C9DCEA"

_UNNAMED = Phrase("table", "Organisations that are counted but no longer named, as their content was deleted")
_SEPARATE = Phrase("table", "People and organisations are two separate numbers and are never added up.")
_PAPER_APART = Phrase("table", "Signatures on paper are in neither number: they are not confirmed by e-mail.")


@dataclass(frozen=True)
class TotalsFile:
    name: str
    content: bytes


@dataclass(frozen=True)
class Dimension:
    """One breakdown, with its name in each format."""

    name: str
    sheet: Phrase
    words: Phrase
    cells: Callable[[Totals], list[Cell]]


DIMENSIONS = (
    Dimension("country", Phrase("table", "By country"), labels.COUNTRY, lambda totals: totals.by_country),
    Dimension("region", Phrase("table", "By region"), labels.REGION, lambda totals: totals.by_region),
    Dimension("day", Phrase("table", "By day"), labels.DAY, lambda totals: totals.by_day),
)


@dataclass(frozen=True)
class PackList:
    """A list in a document: a table for programs, and a sheet of the workbook."""

    field: str  #: of the document
    sheet: Phrase
    columns: Callable[[], list[Column[Any]]]
    longest: int = 44  #: the widest column, in characters

    def rows(self, totals: Totals) -> list[Any]:
        """None in totals that are no document."""
        return list(getattr(totals, self.field, ()))

    def count(self, document: Document) -> int:
        return len(self.rows(document))

    def csv(self, document: Document) -> bytes:
        return csv_file(*with_codes(self.columns(), self.rows(document), document.languages))


def _demand_columns() -> list[Column[DemandState]]:
    def state(row: DemandState, lang: str) -> str:
        return labels.named(STATE_LABELS, row.state, lang)

    return [
        Column("number", Phrase("entries", "Number")),
        *in_languages("demand", Phrase("table", "Demand in %(language)s")),
        Column("state", Phrase("table", "State"), state, is_coded=True),
        Column("day", labels.DAY),
        Column("until", Phrase("table", "Promised by")),
        *in_languages("words", Phrase("table", "Word for word in %(language)s")),
        Column("source", Phrase("table", "Source")),
    ]


def _answer_columns() -> list[Column[GivenAnswer]]:
    return [
        Column("delivery", Phrase("table", "Delivery no.")),
        *in_languages("recipient", Phrase("table", "Recipient in %(language)s")),
        Column("answer_due", Phrase("table", "Answer due by")),
        Column("version", Phrase("table", "Version")),
        Column("answered_on", Phrase("table", "Answered on")),
        Column("published_on", Phrase("table", "Published on")),
        *in_languages("answer", Phrase("table", "Answer in %(language)s")),
        Column("document_sha256", Phrase("table", "Document (SHA-256)")),
    ]


#: In their order in the pack, by the name of the table.
LISTS = {
    # The organisations as they were on the wall, as far as they are still named, in the document's order.
    "organizations.csv": PackList(
        "named_organizations", labels.ORGANIZATIONS, organization_columns, longest=22
    ),
    "demands.csv": PackList("demands", Phrase("table", "Demands"), _demand_columns),
    "answers.csv": PackList("answers", Phrase("table", "Answers"), _answer_columns),
}


def absent(totals: Totals) -> list[str]:
    """The lists that have nothing to tell; that of the organisations is there all the same."""
    return [name for name, listed in LISTS.items() if name != "organizations.csv" and not listed.rows(totals)]


def totals_csv(totals: Totals) -> bytes:
    """One number in a row, with codes and a label in each language. Korean Excel opens it directly."""
    names = [f"label_{lang}" for lang in totals.languages]
    return csv_file(("section", "key", *names, "people"), _rows(totals))


def totals_json(totals: Totals) -> bytes:
    checkpoint = totals.checkpoint
    return _json(
        {
            "campaign": {"slug": totals.slug, "title": _in_each(totals, totals.title)},
            "as_of": local_moment(totals.as_of),
            **({"checkpoint": {"size": checkpoint.size, "root": checkpoint.root}} if checkpoint else {}),
            "people": totals.people,
            "organizations": totals.organizations,
            **({"paper": asdict(totals.paper)} if totals.paper else {}),
            **({"unnamed_organizations": totals.unnamed_organizations} if checkpoint else {}),
            "smallest_shown": totals.smallest_shown,
            **{
                f"by_{dimension.name}": [
                    {"key": cell.key, "label": _in_each(totals, cell.label), "people": cell.people}
                    for cell in dimension.cells(totals)
                ]
                for dimension in DIMENSIONS
            },
        }
    )


def integrity_json(document: Document) -> bytes:
    """The sums of the log; what became of all sign-ups and signatures on paper, where the document has them."""
    sign_ups = document.sign_ups
    as_of = sign_ups and local_moment(from_iso_utc(sign_ups.as_of))
    return _json(
        {
            "as_of": local_moment(document.as_of),
            "log": {
                "people": document.people_moves.by_reason,
                "organizations": document.organization_moves.by_reason,
            },
            **({"sign_ups": {**asdict(sign_ups), "as_of": as_of}} if sign_ups else {}),
            **({"paper": asdict(document.paper)} if document.paper else {}),
            "smallest_shown": document.smallest_shown,
        }
    )


def totals_xlsx(totals: Totals) -> bytes:
    """A sheet for each question, its words in each language; at a checkpoint the lists that the totals have."""
    from xlsxwriter import Workbook  # noqa: PLC0415  # only what writes a workbook needs its memory

    file = io.BytesIO()
    with Workbook(file, _OPTIONS) as book:
        # Without a fixed time a workbook contains the moment at which it was made.
        book.set_properties({"title": _title(totals), "created": totals.as_of})
        styles = Styles(book)
        heads = [*_in_each(totals, Phrase("table", "Item")).values(), _name(totals, Phrase("table", "Value"))]
        summary = Sheet(book, _sheet_name(totals, Phrase("table", "Summary")), styles, heads)
        lines = list(_summary(totals))
        for line in lines:
            summary.add(line)
        summary.finish(longest=44, filters=False)
        sheets = {dimension.name: _breakdown(book, styles, totals, dimension) for dimension in DIMENSIONS}
        if totals.checkpoint is not None:
            for listed in (LISTS[name] for name in LISTS if name not in absent(totals)):
                _list(book, styles, totals, listed)
        _charts(book, totals, summary, sheets, below=len(lines) + 2)
    return file.getvalue()


#: The writer of each format.
FORMATS: dict[str, Callable[[Totals], bytes]] = {"csv": totals_csv, "json": totals_json, "xlsx": totals_xlsx}

#: The tables whose rows the pack's manifest counts, without the head, and without the workbook's summary.
ROWS: dict[str, Callable[[Document], int]] = {
    "totals.xlsx": lambda document: (
        sum(len(dimension.cells(document)) for dimension in DIMENSIONS)
        + sum(listed.count(document) for listed in LISTS.values())
    ),
    "totals.csv": lambda document: sum(1 for _ in _rows(document)),
    **{name: listed.count for name, listed in LISTS.items()},
}


def totals_file(actor: Actor, slug: str, form: str, lang: str, before: datetime) -> TotalsFile:
    """The totals of a campaign's log at its last checkpoint `before` a moment, so that anybody can check their sum, in one language.

    The export is recorded before the file is handed out. Raises UnknownCampaign, NoSuchCheckpoint, DoesNotAddUp, KeyError for
    another format.
    """
    write = FORMATS[form]
    campaign = campaign_facts(slug)
    checkpoint = log_queries.checkpoint_before(campaign.id, before)
    if checkpoint is None or not checkpoint.size:
        raise NoSuchCheckpoint
    totals = totals_at(campaign, checkpoint)
    content = write(replace(totals, languages=[lang]))
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


def _rows(totals: Totals) -> Iterator[tuple[str | int, ...]]:
    def row(section: str, key: str, label: Texts | Phrase, number: int | str) -> tuple[str | int, ...]:
        return section, key, *_in_each(totals, label).values(), number

    yield row("campaign", totals.slug, totals.title, "")
    yield row("as_of", local_moment(totals.as_of), labels.AS_OF, "")
    if totals.checkpoint is not None:
        # One root in 64 begins with `+`, which spreadsheets take for a formula; totals.json has the root.
        yield row("checkpoint", "size", labels.ENTRIES, totals.checkpoint.size)
    yield row("total", "people", labels.PEOPLE, totals.people)
    yield row("total", "organizations", labels.ORGANIZATIONS, totals.organizations)
    if totals.paper is not None:
        yield row("total", "paper", labels.PAPER, totals.paper.signatures)
    for dimension in DIMENSIONS:
        for cell in dimension.cells(totals):
            yield row(dimension.name, cell.key, cell.label, cell.people)


def local_moment(moment: datetime) -> str:
    """To the second, in the campaign's time zone, so that it names the day that letter and workbook name (RFC 3339)."""
    return moment.astimezone(SEOUL).isoformat(timespec="seconds")


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


def _in_each(totals: Totals, text: Texts | Phrase) -> dict[str, str]:
    return {lang: text.in_language(lang) for lang in totals.languages}


# --- The workbook ---


def _title(totals: Totals) -> str:
    return " / ".join(dict.fromkeys(_in_each(totals, totals.title).values()))


def _name(totals: Totals, name: Phrase) -> str:
    """The name of a column."""
    return " ".join(_in_each(totals, name).values())


def _sheet_name(totals: Totals, name: Phrase) -> str:
    """The name of a sheet, in as many languages as fit."""
    parts = list(_in_each(totals, name).values())
    while len(" ".join(parts)) > MAX_NAME and len(parts) > 1:
        parts.pop()
    return " ".join(parts)[:MAX_NAME]


def _summary(totals: Totals) -> Iterator[list[Value]]:
    def line(label: Phrase, value: Value) -> list[Value]:
        return [*_in_each(totals, label).values(), value]

    yield line(Phrase("table", "Campaign"), _title(totals))
    yield line(labels.PEOPLE, totals.people)
    yield line(Phrase("table", "Goal"), totals.goal)
    if totals.people_moves is not None:
        for reason, name in REASON_LABELS.items():
            words = [
                f"{labels.PEOPLE.in_language(lang)}: {name.in_language(lang)}" for lang in totals.languages
            ]
            yield [*words, getattr(totals.people_moves, reason)]
    yield line(labels.ORGANIZATIONS, totals.organizations)
    if totals.unnamed_organizations:
        yield line(_UNNAMED, totals.unnamed_organizations)
    if totals.paper is not None:
        yield line(labels.PAPER, totals.paper.signatures)
    yield line(labels.AS_OF, f"{totals.as_of.astimezone(SEOUL):%Y-%m-%d %H:%M:%S} KST")
    if totals.checkpoint is not None:
        yield line(labels.ENTRIES, totals.checkpoint.size)
        yield line(Phrase("table", "Root hash"), totals.checkpoint.root)
    if isinstance(totals, Document):
        yield line(Phrase("table", "Name of the log"), totals.origin)
        yield line(Phrase("table", "Page for checking"), f"{totals.address}/{totals.languages[0]}/verify")
    for phrase in [_SEPARATE, *([_PAPER_APART] if totals.paper else []), labels.MERGED]:
        for lang in totals.languages:
            yield line(Phrase("table", "Note"), phrase.in_language(lang, smallest=totals.smallest_shown))


def _breakdown(book: Any, styles: Styles, totals: Totals, dimension: Dimension) -> Sheet:
    """Words first, then the numbers; by day a date, which is in no language, and the running total too."""
    cells = dimension.cells(totals)
    is_day = dimension.name == "day"
    words = [_name(totals, labels.DAY)] if is_day else list(_in_each(totals, dimension.words).values())
    numbers = (labels.PEOPLE, labels.IN_ALL, labels.SHARE) if is_day else (labels.PEOPLE, labels.SHARE)
    heads = [*words, *(_name(totals, number) for number in numbers)]
    sheet = Sheet(book, _sheet_name(totals, dimension.sheet), styles, heads)
    for cell, in_all in zip(cells, accumulate(cell.people for cell in cells), strict=True):
        named: list[Value] = list(_in_each(totals, cell.label).values())
        if is_day:
            named = [" ".join(map(str, named)) if cell.key == OTHER else date.fromisoformat(cell.key)]
        counted = (cell.people, in_all) if is_day else (cell.people,)
        sheet.add((*named, *counted, cell.people / totals.people if totals.people else 0.0))
    sheet.finish()
    return sheet


def _list(book: Any, styles: Styles, totals: Totals, listed: PackList) -> None:
    columns = listed.columns()
    heads = [column.heading(totals.languages) for column in columns]
    sheet = Sheet(book, _sheet_name(totals, listed.sheet), styles, heads, is_list=True)
    for row in listed.rows(totals):
        sheet.add([column.cell(row, totals.languages) for column in columns])
    sheet.finish(longest=listed.longest)


def _charts(book: Any, totals: Totals, summary: Sheet, sheets: dict[str, Sheet], below: int) -> None:
    """The charts, one below the other under the summary. Merged days have no place on a time axis."""
    days = sum(1 for cell in totals.by_day if cell.key != OTHER)
    if days > 1:
        line = book.add_chart({"type": "area"})
        line.add_series(
            {
                **_series(sheets["day"], _name(totals, labels.IN_ALL), 2, days),
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
        _style(totals, line, Phrase("table", "People who signed, in all"), _GROWTH_HEIGHT)
        summary.insert(below, line)
        below += _GROWTH_HEIGHT // 20 + 1
    if totals.by_region:
        bars = book.add_chart({"type": "bar"})
        last = len(totals.by_region)
        series = _series(sheets["region"], _name(totals, labels.PEOPLE), len(totals.languages), last)
        bars.add_series({**series, "fill": {"color": _BAR}, "gap": 40, "data_labels": {"value": True}})
        bars.set_x_axis({"visible": False, "major_gridlines": {"visible": False}})
        bars.set_y_axis({"reverse": True, "interval_unit": 1, "num_font": {"size": 9}})
        _style(totals, bars, Phrase("table", "People who signed, by region"), 120 + 24 * last)
        summary.insert(below, bars)


def _style(totals: Totals, chart: Any, title: Phrase, height: int) -> None:
    words = " · ".join(_in_each(totals, title).values())
    chart.set_title({"name": words, "name_font": {"size": 12}})
    chart.set_legend({"none": True})
    chart.set_chartarea({"border": {"none": True}})
    chart.set_size({"width": 760, "height": height})


def _series(sheet: Sheet, name: str, numbers: int, last: int) -> dict[str, Any]:
    """The first column of a sheet and that of its numbers, from the row below its head to `last`."""
    return {
        "name": name,
        "categories": [sheet.name, 1, 0, last, 0],
        "values": [sheet.name, 1, numbers, last, numbers],
    }
