"""Importing partners from a table: planned first, then done as planned or not at all."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.campaigns import items
from pledge.campaigns.items import Item
from pledge.campaigns.models import CampaignState, PartnerRole
from pledge.campaigns.moderation import audit_name, edited
from pledge.campaigns.partners import PARTNER, PartnerFields
from pledge.campaigns.rules import BadFields, FieldFault, stamp
from pledge.campaigns.rules import changed as changed_words
from pledge.core import languages
from pledge.core.i18n import Phrase
from pledge.core.languages import Texts
from pledge.core.organization_types import TYPES
from pledge.core.text.lines import is_formula
from pledge.core.text.tables import Line, csv_file


class ImportFault(Enum):
    """What is wrong with a line, in words for who sent the table; they may name `line`, an earlier one."""

    NO_NAME_COLUMN = Phrase("table", "No column is headed like a name. Please use the headers of our table.")
    COLUMN_TWICE = Phrase("table", "There are two columns for this.")
    #: than the header has columns: a comma inside a name, without quotation marks
    MORE_CELLS = Phrase(
        "table", "The line has more cells than there are headers. Is a comma missing its quotation marks?"
    )
    FORMULA = Phrase("table", "It begins like a formula.")
    TYPE = Phrase("table", "There is no such kind of organisation. Please choose one of those named below.")
    #: the same name as an earlier line
    REPEATED = Phrase("table", "This partner is in line %(line)s already.")
    #: its names are those of two partners
    AMBIGUOUS = Phrase("table", "One of its names is that of one partner, the other that of another.")


@dataclass(frozen=True)
class RowFault:
    """A fault of a line, at the field of a column; "" for the whole line."""

    line: int
    field: str
    fault: ImportFault | FieldFault
    other: int = 0  #: the earlier line that has the same


#: What our own table calls its columns; the name has one for each language.
_NAME_IN = Phrase("headers", "Name in %(language)s")
_OTHERS = {"url": Phrase("headers", "Web address"), "type": Phrase("headers", "Kind of organisation")}


def comparable(text: str) -> str:
    """Normalise a name or header for comparison: without case, width, spaces and punctuation."""
    normal = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in normal if character.isalnum())


def column_names() -> list[str]:
    """The columns, one for each language of the name, called like the fields of the form."""
    return [*languages.by_field("name", {}), *_OTHERS]


def column_header(field: str, lang: str) -> str:
    """What our own table calls a column in a language."""
    if field in _OTHERS:
        return _OTHERS[field].in_language(lang)
    return _NAME_IN.in_language(lang, language=languages.name(field.removeprefix("name_"), lang))


def match_columns(header: Line) -> tuple[list[str], list[RowFault]]:
    """The field of each column, known by its header in any language, "" for one that is not read; and what is wrong with them."""
    known = {
        comparable(name): field
        for field in column_names()
        for name in (field, *(column_header(field, lang) for lang in languages.codes()))
    }
    fields = [known.get(comparable(text), "") for text in header.cells]
    faults = [
        RowFault(header.number, field, ImportFault.COLUMN_TWICE)
        for field in known.values()
        if fields.count(field) > 1
    ]
    if not any(field.startswith("name_") for field in fields):
        faults.append(RowFault(header.number, "", ImportFault.NO_NAME_COLUMN))
    return fields, faults[:1]


def kinds_by_name() -> dict[str, str]:
    """The kinds of organisation by what a cell may call them: their code, or their name in any language."""
    return {
        comparable(text): code for code, name in TYPES.items() for text in (code, *name.in_each().values())
    }


@dataclass(frozen=True)
class PlannedPartner:
    """A partner as it will be."""

    fields: PartnerFields
    before: Item[PartnerFields] | None  #: None for a new one

    @property
    def changes(self) -> list[str]:
        """The fields of a stored partner that will change; none for a new one."""
        if self.before is None:
            return []
        now = vars(self.before.fields)
        return [name for name, value in vars(self.fields).items() if value != now[name]]


@dataclass(frozen=True)
class Plan:
    """What an import will do, or why it cannot."""

    partners: Sequence[PlannedPartner] = ()
    faults: Sequence[RowFault] = ()
    ignored: Sequence[str] = ()  #: headers of columns that are not read

    @property
    def added(self) -> list[PlannedPartner]:
        return [partner for partner in self.partners if partner.before is None]

    @property
    def changed(self) -> list[PlannedPartner]:
        return [partner for partner in self.partners if partner.changes]

    @property
    def stamp(self) -> str:
        """A hash of the plan, to notice that partners have changed since it was shown."""
        planned = [
            (vars(partner.fields), partner.before.stamp if partner.before else "")
            for partner in self.partners
        ]
        return stamp({"planned": planned})


class PlanChanged(Exception):
    """The import would do something else than was shown, as the partners have changed meanwhile, or it cannot be done."""


def import_partners(actor: Actor, slug: str, lines: Sequence[Line], seen: str) -> None:
    """Import as `seen` (the stamp of a plan); all or nothing. Raises PlanChanged, NoSuchCampaign."""
    with edited(slug) as (session, campaign):
        stored = {row.id: row for row in campaign.partners}
        known = [items.item(PARTNER, row) for row in stored.values()]
        plan = plan_import(known, CampaignState(campaign.state), lines)
        if plan.faults or plan.stamp != seen:
            raise PlanChanged
        for position, partner in enumerate(plan.added, items.next_position(session, PARTNER, campaign)):
            row = items.new(PARTNER, campaign.id, partner.fields)
            row.position = position
            session.add(row)
        before: dict[str, object] = {}
        after: dict[str, object] = {}
        for partner in plan.changed:
            if partner.before is not None:
                row = stored[partner.before.id]
                items.write(PARTNER, row, partner.fields)
                before[str(row.id)] = vars(partner.before.fields)
                after[str(row.id)] = vars(partner.fields)
        record(
            session,
            actor,
            "campaign.partner.import",
            audit_name(slug),
            added=[partner.fields.name.in_language(languages.default()) for partner in plan.added],
            changed=[partner.fields.name.in_language(languages.default()) for partner in plan.changed],
            **changed_words(before, after),
        )


def plan_import(stored: Sequence[Item[PartnerFields]], state: CampaignState, lines: Sequence[Line]) -> Plan:
    """What importing these lines (the header first) would do.

    Partners of the same name in any language are changed where the table says something; others are added at the end.
    """
    header, *rest = lines
    columns, faults = match_columns(header)
    if faults:
        return Plan(faults=faults)
    partners: list[PlannedPartner] = []
    earlier: dict[str, int] = {}
    for line in rest:
        if len(line.cells) > len(header.cells):
            faults.append(RowFault(line.number, "", ImportFault.MORE_CELLS))
            continue
        cells = {field: text for field, text in zip(columns, line.cells, strict=False) if field}
        partner, wrong = _read_line(line.number, cells, stored, state, earlier)
        partners.append(partner)
        faults += wrong
    ignored = [text for text, field in zip(header.cells, columns, strict=True) if text and not field]
    return Plan(partners, faults, ignored)


def _read_line(
    number: int,
    cells: Mapping[str, str],
    stored: Sequence[Item[PartnerFields]],
    state: CampaignState,
    earlier: dict[str, int],
) -> tuple[PlannedPartner, list[RowFault]]:
    """Read a line and its faults; `earlier`: line numbers by the names in them."""
    faults = [
        RowFault(number, field, ImportFault.FORMULA)
        for field, text in cells.items()
        if is_formula(text.removeprefix("'"))  # our own table has an apostrophe before it
    ]
    names = languages.texts({lang: cells.get(f"name_{lang}", "") for lang in languages.codes()})
    called = comparable(cells.get("type", ""))
    kind = kinds_by_name().get(called, "")
    if called and not kind:
        faults.append(RowFault(number, "type", ImportFault.TYPE))
    keys = _keys(names)
    same = [item for item in stored if keys & _keys(item.title)]
    before = same[0] if same else None
    if repeated := next((earlier[key] for key in keys if key in earlier), 0):
        faults.append(RowFault(number, "", ImportFault.REPEATED, repeated))
    elif len(same) > 1:
        faults.append(RowFault(number, "", ImportFault.AMBIGUOUS))
    earlier |= {key: number for key in keys if key not in earlier}
    url = cells.get("url", "")
    if before is None:
        fields = PartnerFields(role=PartnerRole.PARTNER, name=names, url=url, type=kind)
    else:  # where the line says nothing, what is stored stays
        now = before.fields
        merged = languages.texts({**now.name, **names})
        fields = replace(now, name=merged, url=url or now.url, type=kind or now.type)
    try:
        fields = items.check(PARTNER, fields, state)
    except BadFields as bad:
        faults += [RowFault(number, name, fault) for name, fault in bad.faults.items()]
    return PlannedPartner(fields, before), faults


def _keys(names: Texts) -> set[str]:
    return {comparable(name) for name in names.values()} - {""}


def write_table(campaign_id: int, lang: str) -> bytes:
    """Our own table: CSV with a line for each partner; without any, just the headers."""
    fields = column_names()
    rows = []
    for item in items.rows(PARTNER, campaign_id):
        cells: dict[str, object] = languages.as_fields(vars(item.fields))
        if item.fields.type:
            cells["type"] = TYPES[item.fields.type].in_language(lang)
        rows.append([str(cells.get(field, "")) for field in fields])
    return csv_file([column_header(field, lang) for field in fields], rows)
