"""Importing partners from a table, with their logos: planned first, then done as planned or not at all."""

import io
import time
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import PurePosixPath

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.campaigns import items
from pledge.campaigns.items import Item
from pledge.campaigns.models import CampaignState, PartnerRole
from pledge.campaigns.moderation import edited, replace_file, subject
from pledge.campaigns.partners import PARTNER, PartnerFields
from pledge.campaigns.rules import BadFields, FieldFault, stamp
from pledge.campaigns.rules import changed as changed_words
from pledge.core import languages
from pledge.core.i18n import Phrase
from pledge.core.languages import Texts
from pledge.core.organization_types import TYPES
from pledge.core.text.lines import is_formula
from pledge.core.text.tables import MAX_LINES, Line
from pledge.files import services as files
from pledge.files.archives import unpack
from pledge.files.faults import FileRefused
from pledge.files.pictures import PictureFault


class ImportFault(Enum):
    """What is wrong with a line, in words for who sent the table; they may name `line`, an earlier one."""

    NO_NAME_COLUMN = Phrase("table", "No column is headed like a name. Please use the headers of our table.")
    COLUMN_TWICE = Phrase("table", "There are two columns for this.")
    #: than the header has columns: a comma inside a name, without quotation marks
    MORE_CELLS = Phrase(
        "table", "The line has more cells than there are headers. Is a comma missing its quotation marks?"
    )
    FORMULA = Phrase("table", "It begins like a formula.")
    TYPE = Phrase("table", "There is no such kind of organisation. Please choose one of those in our table.")
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
    """By which names and headers are compared: without case, width, spaces and punctuation."""
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

    line: int  #: of the table; 0 for a logo of a partner that no line of it names
    fields: PartnerFields
    before: Item[PartnerFields] | None  #: None for a new one
    logo: str = ""  #: the picture in `files` that it gets

    @property
    def changes(self) -> list[str]:
        """The fields that a stored partner will have otherwise than now; none of a new one."""
        if self.before is None:
            return []
        now = vars(self.before.fields)
        changed = [name for name, value in vars(self.fields).items() if value != now[name]]
        return [*changed, "logo"] if self.logo else changed


@dataclass(frozen=True)
class Plan:
    """What an import will do, or why it cannot."""

    partners: Sequence[PlannedPartner] = ()
    faults: Sequence[RowFault] = ()
    unused: Sequence[str] = ()  #: pictures that are nobody's, by the names of their files
    ignored: Sequence[str] = ()  #: headers of columns that are not read

    @property
    def added(self) -> list[PlannedPartner]:
        return [one for one in self.partners if one.before is None]

    @property
    def changed(self) -> list[PlannedPartner]:
        return [one for one in self.partners if one.changes]

    @property
    def stamp(self) -> str:
        """A hash of what is planned, to notice that it would be something else meanwhile."""
        planned = [
            (one.line, vars(one.fields), one.logo, one.before.stamp if one.before else "")
            for one in self.partners
        ]
        return stamp({"planned": planned})


class PlanChanged(Exception):
    """The import would do something else than was shown, as the partners have changed meanwhile, or it cannot be done."""


def import_partners(
    actor: Actor, slug: str, lines: Sequence[Line], logos: Mapping[str, str], seen: str
) -> None:
    """Import as `seen` (the stamp of a plan); all or nothing. Raises PlanChanged, UnknownFile, NoSuchCampaign."""
    with edited(slug) as (session, campaign):
        stored = {row.id: row for row in campaign.partners}
        known = [items.item(PARTNER, row) for row in stored.values()]
        plan = plan_import(known, CampaignState(campaign.state), lines, logos)
        if plan.faults or plan.stamp != seen:
            raise PlanChanged
        for position, one in enumerate(plan.added, items.next_position(session, PARTNER, campaign)):
            row = items.new(PARTNER, campaign.id, one.fields)
            row.position, row.logo = position, replace_file(session, "", one.logo)
            session.add(row)
        before: dict[str, object] = {}
        after: dict[str, object] = {}
        for one in plan.changed:
            if one.before is not None:
                row = stored[one.before.id]
                items.write(PARTNER, row, one.fields)
                if one.logo:
                    row.logo = replace_file(session, row.logo, one.logo)
                before[str(row.id)], after[str(row.id)] = vars(one.before.fields), vars(one.fields)
        record(
            *(session, actor, "campaign.partner.import", subject(slug)),
            added=[one.fields.name.in_language(languages.default()) for one in plan.added],
            changed=[one.fields.name.in_language(languages.default()) for one in plan.changed],
            **changed_words(before, after),
        )


def plan_import(
    stored: Sequence[Item[PartnerFields]],
    state: CampaignState,
    lines: Sequence[Line],
    logos: Mapping[str, str],
) -> Plan:
    """What importing these lines (the header first) and pictures (name in `files` by the name of the file) would do.

    Partners of the same name in any language are changed where the table says something; others are added at the end.
    A picture belongs to the partner that its file is named like.
    """
    planned: list[PlannedPartner] = []
    faults: list[RowFault] = []
    ignored: list[str] = []
    if lines:
        header, *rest = lines
        columns, wrong = match_columns(header)
        if wrong:
            return Plan(faults=wrong)
        ignored = [text for text, field in zip(header.cells, columns, strict=True) if text and not field]
        earlier: dict[str, int] = {}
        for line in rest:
            if len(line.cells) > len(header.cells):
                faults.append(RowFault(line.number, "", ImportFault.MORE_CELLS))
                continue
            cells = {field: text for field, text in zip(columns, line.cells, strict=False) if field}
            partner, wrong = _read_line(line.number, cells, stored, state, earlier)
            planned.append(partner)
            faults += wrong
    named = {one.before.id for one in planned if one.before}
    planned += [PlannedPartner(0, item.fields, item) for item in stored if item.id not in named]
    pictures = {comparable(PurePosixPath(name).stem): name for name in logos}
    owners = [
        next((pictures.pop(key) for key in sorted(_keys(one.fields.name)) if key in pictures), "")
        for one in planned
    ]
    planned = [replace(one, logo=logos.get(name, "")) for one, name in zip(planned, owners, strict=True)]
    return Plan(
        [one for one in planned if one.line or one.logo],
        faults,
        [name for name in logos if name not in owners],
        ignored,
    )


def _read_line(
    number: int,
    cells: Mapping[str, str],
    stored: Sequence[Item[PartnerFields]],
    state: CampaignState,
    earlier: dict[str, int],
) -> tuple[PlannedPartner, list[RowFault]]:
    """What a line says, and what is wrong with it; `earlier` has the lines by the names in them."""
    faults = [
        RowFault(number, field, ImportFault.FORMULA) for field, text in cells.items() if is_formula(text)
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
    return PlannedPartner(number, fields, before), faults


def _keys(names: Texts) -> set[str]:
    return {comparable(name) for name in names.values()} - {""}


#: Seconds for all of them: a proxy gives up on an answer after 30.
_TIME = 20


def store_logos(archive: bytes) -> tuple[dict[str, str], dict[str, Enum]]:
    """The pictures of a zip: stored, their names in `files` by the names of the files; and those refused, with the fault.

    What nobody keeps is deleted after a day. Raises FileRefused, StorageAway.
    """
    stored: dict[str, str] = {}
    refused: dict[str, Enum] = {}
    ends = time.monotonic() + _TIME
    for name, data in unpack(archive):
        if time.monotonic() > ends:
            refused[name] = PictureFault.BUSY
            break
        try:
            stored[name] = files.store_picture(data)
        except FileRefused as bad:
            refused[name] = bad.fault
    return stored, refused


_TITLE = Phrase("table", "Partners")
_WIDTHS = {"url": 40, "type": 28}


def write_table(campaign_id: int, lang: str) -> bytes:
    """A workbook with a line for each partner; without any, just the headers. Kinds can be chosen from a list."""
    from xlsxwriter import Workbook  # noqa: PLC0415  # only what writes a workbook needs its memory

    fields = column_names()
    kinds = {code: name.in_language(lang) for code, name in TYPES.items()}
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet(_TITLE.in_language(lang))
        sheet.freeze_panes(1, 0)
        head = book.add_format({"bold": True, "bottom": 1})
        for place, field in enumerate(fields):
            sheet.set_column(place, place, _WIDTHS.get(field, 32))
            sheet.write_string(0, place, column_header(field, lang), head)
        for number, item in enumerate(items.rows(PARTNER, campaign_id), 1):
            said = {**languages.as_fields(vars(item.fields)), "type": kinds.get(item.fields.type, "")}
            for place, field in enumerate(fields):
                sheet.write_string(number, place, str(said.get(field, "")))
        # A list inside the rule itself may have 255 characters at most.
        choices = book.add_worksheet(column_header("type", lang))
        for number, name in enumerate(kinds.values()):
            choices.write_string(number, 0, name)
        place = fields.index("type")
        source = f"='{choices.get_name()}'!$A$1:$A${len(kinds)}"
        sheet.data_validation(1, place, MAX_LINES, place, {"validate": "list", "source": source})
    return out.getvalue()
