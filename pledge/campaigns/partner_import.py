"""Importing partners from a table, with their logos: planned first, then done as planned or not at all."""

import io
import time
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import PurePosixPath

from sqlalchemy.orm import Session

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.campaigns import items
from pledge.campaigns.items import Item
from pledge.campaigns.models import CampaignState, Partner, PartnerRole
from pledge.campaigns.moderation import edited, subject
from pledge.campaigns.partners import PARTNER, PartnerFields
from pledge.campaigns.rules import BadFields, FieldFault, stamp
from pledge.campaigns.rules import changed as changed_words
from pledge.campaigns.staff_queries import CampaignAdmin
from pledge.core import languages
from pledge.core.i18n import Phrase
from pledge.core.languages import Texts
from pledge.core.organization_types import TYPES
from pledge.core.text.lines import is_formula
from pledge.core.text.tables import MAX_LINES, Line
from pledge.files import services as files
from pledge.files.archives import unpack
from pledge.files.pictures import BadPicture, PictureFault


class ImportFault(StrEnum):
    NO_NAME_COLUMN = "no_name_column"
    COLUMN_TWICE = "column_twice"
    MORE_CELLS = "more_cells"  #: than the header has columns: a comma inside a name, without quotation marks
    FORMULA = "formula"
    TYPE = "type"
    REPEATED = "repeated"  #: the same name as an earlier line
    AMBIGUOUS = "ambiguous"  #: its names are those of two partners
    NO_LOGO = "no_logo"  #: names a file that did not come along
    LOGO_TWICE = "logo_twice"  #: names a file that is another line's


@dataclass(frozen=True)
class RowFault:
    """A fault of a line, at the field of a column; "" for the whole line."""

    line: int
    field: str
    fault: ImportFault | FieldFault
    other: int = 0  #: the earlier line that has the same


class BadHeader(ValueError):
    """A table whose first line does not name its columns; `fault` says why."""

    def __init__(self, fault: RowFault) -> None:
        super().__init__(fault.fault.value)
        self.fault = fault


#: What a header may say, the first as our own tables say it. The name has a column for each language.
# Translators: headers of a table that people send, several for one column with | between them; the first is preferred.
_NAME = Phrase("headers", "Name|Organisation|Partner")
_OTHERS = {
    "url": Phrase("headers", "Web address|Website|Homepage|Link|URL"),
    "type": Phrase("headers", "Kind of organisation|Kind|Type|Category"),
    "logo": Phrase("headers", "Logo|Logo file"),
}
_NAME_IN = Phrase("headers", "%(name)s in %(language)s")
# Translators: what headers call languages beside their usual names: the code of a language and a word, with | between them.
_LANGUAGES = Phrase("headers", "ko Korean|en English")


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
        return _alternatives(_OTHERS[field], lang)[0]
    code = field.removeprefix("name_")
    return _NAME_IN.of(lang, name=_alternatives(_NAME, lang)[0], language=languages.name(code, lang))


def match_columns(line: Line) -> dict[int, str]:
    """The field of each column by its place; columns that say nothing of a partner are left out.

    Raises BadHeader where no column has a name, or two are the same.
    """
    known = _headers()
    found: dict[int, str] = {}
    for place, text in enumerate(line.cells):
        field = known.get(comparable(text))
        if field is None:
            continue
        if field in found.values():
            raise BadHeader(RowFault(line.number, field, ImportFault.COLUMN_TWICE))
        found[place] = field
    if not any(field.startswith("name_") for field in found.values()):
        raise BadHeader(RowFault(line.number, "", ImportFault.NO_NAME_COLUMN))
    return found


def type_of(text: str) -> str | None:
    """The kind that a cell names, by its code or in any language; "" for an empty cell, None for no kind."""
    wanted = comparable(text)
    if not wanted:
        return ""
    for code, name in TYPES.items():
        if wanted in {code, *(comparable(name.of(lang)) for lang in languages.codes())}:
            return code
    return None


def _headers() -> dict[str, str]:
    """Field by the key of each header that is understood. A bare "Name" is the name in the language of that word."""
    known: dict[str, str] = {}
    for reader in languages.codes():
        for name in _alternatives(_NAME, reader):
            known.setdefault(comparable(name), f"name_{reader}")
            for lang, word in _language_words(reader):
                written = _NAME_IN.of(reader, name=name, language=word)
                known[comparable(written)] = f"name_{lang}"
            known |= {comparable(f"{name} {lang}"): f"name_{lang}" for lang in languages.codes()}
        for field, phrase in _OTHERS.items():
            known |= {comparable(text): field for text in _alternatives(phrase, reader)}
    return known


def _language_words(reader: str) -> list[tuple[str, str]]:
    """The code of each language with the words that a reader may have for it."""
    more = [word.split(" ", 1) for word in _alternatives(_LANGUAGES, reader)]
    usual = [(lang, languages.name(lang, reader)) for lang in languages.codes()]
    return usual + [(lang, word) for lang, word in more if lang in languages.codes()]


def _alternatives(phrase: Phrase, lang: str) -> list[str]:
    return phrase.of(lang).split("|")


@dataclass(frozen=True)
class PlannedPartner:
    """A partner as it will be."""

    line: int  #: of the table; 0 for a logo that no line of it asks for
    fields: PartnerFields
    logo: str  #: the picture in `files` that it gets, "" for none
    before: Item[PartnerFields] | None  #: None for a new one

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

    partners: Sequence[PlannedPartner]
    faults: Sequence[RowFault]
    unused: Sequence[str]  #: pictures that are nobody's, by the names of their files
    ignored: Sequence[str]  #: headers of columns that are not read

    @property
    def added(self) -> list[PlannedPartner]:
        return [one for one in self.partners if one.before is None]

    @property
    def changed(self) -> list[PlannedPartner]:
        return [one for one in self.partners if one.before is not None and one.changes]

    @property
    def unchanged(self) -> list[PlannedPartner]:
        return [one for one in self.partners if one.before is not None and not one.changes]

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

    def __init__(self, plan: Plan) -> None:
        super().__init__("the plan is another one")
        self.plan = plan


def plan_import(desk: CampaignAdmin, lines: Sequence[Line], logos: Mapping[str, str]) -> Plan:
    """What importing these lines (the header first) and pictures (name in `files` by the name of the file) would do.

    Partners of the same name in any language are changed where the table says something; others are added at the end.
    A picture belongs to the line that names its file, or else to the partner that it is named like.
    """
    return _Planner(items.rows(PARTNER, desk.id), desk.state, logos).plan(lines)


def import_partners(
    actor: Actor, slug: str, lines: Sequence[Line], logos: Mapping[str, str], seen: str
) -> Plan:
    """Import as `seen` (the stamp of a plan); all or nothing. Raises PlanChanged, UnknownFile, NoSuchCampaign."""
    with edited(slug) as (session, campaign):
        stored = {row.id: row for row in campaign.partners}
        known = [items.item(PARTNER, row) for row in campaign.partners]
        planned = _Planner(known, CampaignState(campaign.state), logos).plan(lines)
        if planned.faults or planned.stamp != seen:
            raise PlanChanged(planned)
        position = items.next_position(session, PARTNER, campaign)
        for one in planned.added:
            row = items.new(PARTNER, campaign.id, one.fields)
            row.position, position = position, position + 1
            session.add(row)
            _give_logo(session, row, one.logo)
        for one in planned.changed:
            if one.before is not None:
                row = stored[one.before.id]
                items.write(PARTNER, row, one.fields)
                _give_logo(session, row, one.logo)
        record(
            *(session, actor, "campaign.partner.import", subject(slug)),
            added=_names(planned.added),
            changed=_names(planned.changed),
            **changed_words(
                {str(one.before.id): vars(one.before.fields) for one in planned.changed if one.before},
                {str(one.before.id): vars(one.fields) for one in planned.changed if one.before},
            ),
        )
    return planned


class _Planner:
    """Reads one line after the other."""

    def __init__(
        self, stored: Sequence[Item[PartnerFields]], state: CampaignState, logos: Mapping[str, str]
    ) -> None:
        self._stored, self._state, self._logos = stored, state, logos
        self._faults: list[RowFault] = []
        self._lines: dict[str, int] = {}  #: by the key of a name
        self._used: dict[str, int] = {}  #: the line that a picture belongs to, by the name of its file

    def plan(self, lines: Sequence[Line]) -> Plan:
        planned: list[PlannedPartner] = []
        ignored: list[str] = []
        if lines:
            header, *rest = lines
            try:
                places = match_columns(header)
            except BadHeader as bad:
                return Plan([], [bad.fault], [], [])
            ignored = [text for place, text in enumerate(header.cells) if text and place not in places]
            planned = [one for line in rest if (one := self._line(line, places, len(header.cells)))]
        planned = [self._with_logo_by_name(one) for one in planned]
        planned += self._logos_alone(planned)
        unused = [name for name in self._logos if name not in self._used]
        return Plan(planned, self._faults, unused, ignored)

    def _line(self, line: Line, places: Mapping[int, str], width: int) -> PlannedPartner | None:
        if len(line.cells) > width:
            self._faults.append(RowFault(line.number, "", ImportFault.MORE_CELLS))
            return None
        said = {field: line.cells[place] for place, field in places.items() if place < len(line.cells)}
        faults = [
            RowFault(line.number, field, ImportFault.FORMULA)
            for field, text in said.items()
            if is_formula(text)
        ]
        said = {field: said.get(field, "") for field in column_names()}
        names = languages.from_fields("name", said)
        kind = type_of(said["type"])
        if kind is None:
            faults.append(RowFault(line.number, "type", ImportFault.TYPE))
        before, doubt = self._match(line.number, names)
        faults += [*doubt, *self._named_logo(line.number, said["logo"])]
        fields = _merged(before, names, said["url"], kind or "")
        try:
            fields = items.check(PARTNER, fields, self._state)
        except BadFields as bad:
            faults += [RowFault(line.number, name, fault) for name, fault in bad.faults.items()]
        self._faults += faults
        logo = next((self._logos[name] for name, number in self._used.items() if number == line.number), "")
        return None if faults else PlannedPartner(line.number, fields, logo, before)

    def _match(self, number: int, names: Texts) -> tuple[Item[PartnerFields] | None, list[RowFault]]:
        """The stored partner of one of these names, and what is doubtful about the line."""
        keys = _keys(names)
        earlier = next((self._lines[one] for one in keys if one in self._lines), 0)
        self._lines |= {one: number for one in keys if one not in self._lines}
        if earlier:
            return None, [RowFault(number, "", ImportFault.REPEATED, earlier)]
        found = [item for item in self._stored if keys & _keys(item.title)]
        if len(found) > 1:
            return None, [RowFault(number, "", ImportFault.AMBIGUOUS)]
        return (found[0] if found else None), []

    def _named_logo(self, number: int, wanted: str) -> list[RowFault]:
        """Give a line the picture that it names, with or without the ending of the file."""
        if not wanted:
            return []
        name = next((name for name in self._logos if _same_file(name, wanted)), None)
        if name is None:
            return [RowFault(number, "logo", ImportFault.NO_LOGO)]
        if name in self._used:
            return [RowFault(number, "logo", ImportFault.LOGO_TWICE, self._used[name])]
        self._used[name] = number
        return []

    def _with_logo_by_name(self, one: PlannedPartner) -> PlannedPartner:
        if one.logo:
            return one
        name = self._picture_named_like(one.fields.name)
        if name is None:
            return one
        self._used[name] = one.line
        return replace(one, logo=self._logos[name])

    def _logos_alone(self, planned: Iterable[PlannedPartner]) -> list[PlannedPartner]:
        """Stored partners that the table does not mention, with a picture that is named like them."""
        mentioned = {one.before.id for one in planned if one.before}
        found = []
        for item in self._stored:
            name = None if item.id in mentioned else self._picture_named_like(item.title)
            if name is not None:
                self._used[name] = 0
                found.append(PlannedPartner(0, item.fields, self._logos[name], item))
        return found

    def _picture_named_like(self, names: Texts) -> str | None:
        keys = _keys(names)
        free = (name for name in self._logos if name not in self._used)
        return next((name for name in free if comparable(PurePosixPath(name).stem) in keys), None)


def _merged(before: Item[PartnerFields] | None, names: Texts, url: str, kind: str) -> PartnerFields:
    """What the line says, and what is stored where it says nothing."""
    if before is None:
        return PartnerFields(role=PartnerRole.PARTNER, name=names, url=url, type=kind)
    now = before.fields
    return replace(
        now, name=languages.texts({**now.name, **names}), url=url or now.url, type=kind or now.type
    )


def _keys(names: Texts) -> set[str]:
    return {comparable(name) for name in names.values()} - {""}


def _same_file(name: str, wanted: str) -> bool:
    return comparable(wanted) in {comparable(name), comparable(PurePosixPath(name).stem)}


def _give_logo(session: Session, row: Partner, logo: str) -> None:
    if logo:
        files.discard(session, row.logo)
        row.logo = logo
        files.keep(session, logo)


def _names(planned: Iterable[PlannedPartner]) -> list[str]:
    return [one.fields.name.of(languages.default()) for one in planned]


#: Seconds for all of them: a proxy gives up on an answer after 30.
_TIME = 20


def store_logos(archive: bytes) -> tuple[dict[str, str], dict[str, PictureFault]]:
    """The pictures of a zip: stored, their names in `files` by the names of the files; and those refused, with the fault.

    What nobody keeps is deleted after a day. Raises BadArchive, StorageAway.
    """
    stored: dict[str, str] = {}
    refused: dict[str, PictureFault] = {}
    ends = time.monotonic() + _TIME
    for name, data in unpack(archive):
        if time.monotonic() > ends:
            refused[name] = PictureFault.BUSY
            break
        try:
            stored[name] = files.store_picture(data)
        except BadPicture as bad:
            refused[name] = bad.fault
    return stored, refused


_TITLE = Phrase("table", "Partners")
_WIDTHS = {"url": 40, "type": 28, "logo": 20}


def write_table(campaign_id: int, lang: str) -> bytes:
    """A workbook with a line for each partner; without any, just the headers. Kinds can be chosen from a list."""
    from xlsxwriter import Workbook  # noqa: PLC0415  # only what writes a workbook needs its memory

    fields = column_names()
    kinds = {code: name.of(lang) for code, name in TYPES.items()}
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet(_TITLE.of(lang))
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
