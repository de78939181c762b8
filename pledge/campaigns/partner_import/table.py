"""The partners of a campaign as a table to fill in and import again."""

import io

from xlsxwriter import Workbook

from pledge.campaigns import items
from pledge.campaigns.partner_import import columns
from pledge.campaigns.partners import PARTNER
from pledge.core import languages
from pledge.core.i18n import Phrase
from pledge.core.organization_types import TYPES
from pledge.core.text.tables import MAX_LINES

_TITLE = Phrase("table", "Partners")
_WIDTHS = {"url": 40, "type": 28, "logo": 20}


def write(campaign_id: int, lang: str) -> bytes:
    """A workbook with a line for each partner; without any, just the headers. Kinds can be chosen from a list."""
    fields = columns.fields()
    kinds = {code: name.of(lang) for code, name in TYPES.items()}
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet(_TITLE.of(lang))
        sheet.freeze_panes(1, 0)
        head = book.add_format({"bold": True, "bottom": 1})
        for place, field in enumerate(fields):
            sheet.set_column(place, place, _WIDTHS.get(field, 32))
            sheet.write_string(0, place, columns.header(field, lang), head)
        for number, item in enumerate(items.rows(PARTNER, campaign_id), 1):
            said = {**languages.as_fields(vars(item.fields)), "type": kinds.get(item.fields.type, "")}
            for place, field in enumerate(fields):
                sheet.write_string(number, place, str(said.get(field, "")))
        # A list inside the rule itself may have 255 characters at most.
        choices = book.add_worksheet(columns.header("type", lang))
        for number, name in enumerate(kinds.values()):
            choices.write_string(number, 0, name)
        place = fields.index("type")
        source = f"='{choices.get_name()}'!$A$1:$A${len(kinds)}"
        sheet.data_validation(1, place, MAX_LINES, place, {"validate": "list", "source": source})
    return out.getvalue()
