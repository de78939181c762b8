"""The tables of a delivery for programs: CSV that Korean Excel opens directly, and JSON. docs/totals.md describes each."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from pledge.core.clock import iso_utc
from pledge.core.i18n import Phrase
from pledge.core.languages import Texts
from pledge.core.text.tables import BOM, csv_line
from pledge.deliveries.document import Document
from pledge.deliveries.figures import SECTIONS, Figures, of_document, percent, seoul
from pledge.deliveries.tables import workbook
from pledge.exports.organization_rows import coded_cells, coded_heads
from pledge.ledger.counting import Moves
from pledge.statistics import labels
from pledge.statistics.values import Cell


def totals_csv(document: Document) -> bytes:
    """All totals in one table, one number in a row."""
    return figures_csv(of_document(document))


def totals_json(document: Document) -> bytes:
    return figures_json(of_document(document))


def organizations_csv(document: Document) -> bytes:
    """The organisations that were on the wall and are still named, in the document's order."""
    heads = coded_heads(document.languages)
    return _csv(heads, (coded_cells(one, document.languages) for one in document.organizations))


def integrity_json(document: Document) -> bytes:
    """The sums of the log, what became of all sign-ups, and signatures on paper where there are any."""
    return _json(
        {
            "log": {
                "people": _moves(document.people_moves),
                "organizations": _moves(document.organization_moves),
            },
            "sign_ups": {
                "as_of": document.sign_ups.as_of,
                "submitted": document.sign_ups.submitted,
                "confirmed": document.sign_ups.confirmed,
                "not_counted": document.sign_ups.not_counted,
            },
            **({"paper": asdict(document.paper)} if document.paper else {}),
            "smallest_shown": document.smallest_shown,
        }
    )


def figures_csv(figures: Figures, lang: str | None = None) -> bytes:
    """With codes and every language, for programs; with `lang` in its words only, for one reader."""
    if lang is None:
        names = [f"label_{code}" for code in figures.languages]
        return _csv(("section", "key", *names, "people"), _totals(figures))
    heads = (labels.SECTION, labels.ITEM, labels.NUMBER, labels.SHARE)
    return _csv(tuple(head.of(lang) for head in heads), _worded_totals(figures, lang))


def figures_json(figures: Figures, lang: str | None = None) -> bytes:
    """With `lang`, lines have their share in percent, and the moment is also given in Korea's time."""
    checkpoint = figures.checkpoint
    return _json(
        {
            "campaign": {"slug": figures.slug, "title": _in_each(figures, figures.title)},
            "as_of": iso_utc(figures.as_of),
            **({"as_of_in_korea": seoul(figures.as_of)} if lang else {}),
            **({"checkpoint": {"size": checkpoint.size, "root": checkpoint.root}} if checkpoint else {}),
            "people": figures.people,
            "organizations": figures.organizations,
            **({"unnamed_organizations": figures.unnamed_organizations} if checkpoint else {}),
            "smallest_shown": figures.smallest_shown,
            **{
                f"by_{section.name}": [
                    _labelled(cell, figures) | ({"percent": percent(cell.people, figures)} if lang else {})
                    for cell in section.cells(figures)
                ]
                for section in SECTIONS
            },
        }
    )


#: The tables whose rows the pack's manifest counts: each returns the file and its number of rows without the head.
TABLES: dict[str, Callable[[Document], tuple[bytes, int]]] = {
    "totals.xlsx": lambda document: (workbook.totals_xlsx(document), workbook.rows(document)),
    "totals.csv": lambda document: (totals_csv(document), sum(1 for _ in _totals(of_document(document)))),
    "organizations.csv": lambda document: (organizations_csv(document), len(document.organizations)),
}


def _totals(figures: Figures) -> Iterator[tuple[str | int, ...]]:
    yield "campaign", figures.slug, *_in_each(figures, figures.title).values(), ""
    yield "as_of", iso_utc(figures.as_of), *_in_each(figures, labels.AS_OF).values(), ""
    if figures.checkpoint is not None:
        # One root in 64 begins with `+`, which spreadsheets take for a formula; totals.json has the root.
        entries = _in_each(figures, labels.ENTRIES).values()
        yield "checkpoint", "size", *entries, figures.checkpoint.size
    yield "total", "people", *_in_each(figures, labels.PEOPLE).values(), figures.people
    organizations = _in_each(figures, labels.ORGANIZATIONS).values()
    yield "total", "organizations", *organizations, figures.organizations
    for section in SECTIONS:
        for cell in section.cells(figures):
            yield section.name, cell.key, *_in_each(figures, cell.label).values(), cell.people


def _worded_totals(figures: Figures, lang: str) -> Iterator[tuple[str | int | float, ...]]:
    yield labels.CAMPAIGN.of(lang), figures.title.of(lang), "", ""
    yield labels.AS_OF.of(lang), seoul(figures.as_of), "", ""
    if figures.checkpoint is not None:
        yield labels.ENTRIES.of(lang), "", figures.checkpoint.size, ""
    yield labels.TOTAL.of(lang), labels.PEOPLE.of(lang), figures.people, percent(figures.people, figures)
    yield labels.TOTAL.of(lang), labels.ORGANIZATIONS.of(lang), figures.organizations, ""
    for section in SECTIONS:
        for cell in section.cells(figures):
            named = cell.label.of(lang)
            yield section.words.of(lang), named, cell.people, percent(cell.people, figures)
    yield labels.NOTE.of(lang), labels.SEPARATE.of(lang), "", ""
    yield labels.NOTE.of(lang), labels.MERGED.of(lang, smallest=figures.smallest_shown), "", ""


def _csv(head: Sequence[str], rows: Iterable[Sequence[str | int | float]]) -> bytes:
    """UTF-8 with BOM and CRLF, as Korean Excel wants it."""
    return BOM + "".join(csv_line(*row) for row in (head, *rows)).encode()


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


def _labelled(cell: Cell, figures: Figures) -> dict[str, Any]:
    return {"key": cell.key, "label": _in_each(figures, cell.label), "people": cell.people}


def _in_each(figures: Figures, text: Texts | Phrase) -> dict[str, str]:
    return {lang: text.of(lang) for lang in figures.languages}


def _moves(moves: Moves) -> dict[str, int]:
    return {
        "confirmed": moves.confirmed,
        "withdrawn": moves.withdrawn,
        "invalidated": moves.invalidated,
        "reinstated": moves.reinstated,
    }
