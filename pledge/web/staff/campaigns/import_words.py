"""What is wrong with imported files, in words."""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from pledge.campaigns.partner_import import ImportFault, RowFault, column_header
from pledge.core import i18n
from pledge.core.text.tables import MAX_COLUMNS, MAX_LINES, BadTable, TableFault
from pledge.files.archives import MAX_PICTURES, ArchiveFault, BadArchive
from pledge.files.pictures import PICTURE_MESSAGES, PictureFault
from pledge.web.staff.forms import FAULTS

_TABLE_WORDS = {
    TableFault.EMPTY: _l("The table is empty. It needs a line with headers and one line for each partner."),
    TableFault.TOO_LARGE: _l(
        "The table is too large. Please send only the columns that are needed, without pictures."
    ),
    TableFault.WRONG_TYPE: _l(
        "This is neither an XLSX nor a CSV file. Please save the table as one of these."
    ),
    TableFault.DAMAGED: _l(
        "The table is damaged or incomplete. Please save it again and choose the new file."
    ),
    TableFault.TOO_MANY_LINES: _l("The table has more than %(number)s lines. Please send it in parts."),
    TableFault.TOO_MANY_COLUMNS: _l("A line has more than %(number)s cells."),
    TableFault.QUOTES: _l("A quotation mark is not closed, or stands inside a cell."),
    TableFault.ERROR_VALUE: _l("A cell shows an error instead of a value."),
}
_NUMBERS = {TableFault.TOO_MANY_LINES: MAX_LINES, TableFault.TOO_MANY_COLUMNS: MAX_COLUMNS}

_ARCHIVE_WORDS = {
    ArchiveFault.TOO_LARGE: _l("The zip is larger than 20 MB. Please send the logos in parts."),
    ArchiveFault.WRONG_TYPE: _l("This is not a zip file."),
    ArchiveFault.DAMAGED: _l("The zip is damaged or of an unusual kind. Please make it again."),
    ArchiveFault.ENCRYPTED: _l("The zip has a password. Please make one without."),
    ArchiveFault.EMPTY: _l("There is no file in the zip."),
    ArchiveFault.TOO_MANY: _l(
        "There are more than %(number)s files in the zip. Please send the logos in parts."
    ),
    ArchiveFault.REPEATED: _l("Two files in the zip have the same name."),
}

_LINE_WORDS = {
    ImportFault.NO_NAME_COLUMN: _l("No column is headed like a name. Please use the headers of our table."),
    ImportFault.COLUMN_TWICE: _l("There are two columns for this."),
    ImportFault.MORE_CELLS: _l(
        "The line has more cells than there are headers. Is a comma missing its quotation marks?"
    ),
    ImportFault.FORMULA: _l("It begins like a formula."),
    ImportFault.TYPE: _l("There is no such kind of organisation. Please choose one of those in our table."),
    ImportFault.REPEATED: _l("This partner is in line %(line)s already."),
    ImportFault.AMBIGUOUS: _l("One of its names is that of one partner, the other that of another."),
    ImportFault.NO_LOGO: _l("There is no such file in the zip."),
    ImportFault.LOGO_TWICE: _l("This file is the logo of line %(line)s already."),
}


@dataclass(frozen=True)
class FaultWords:
    """A line of the table with what is wrong with it."""

    line: int
    column: str  #: its header; "" for the whole line
    text: Any


def table_words(bad: BadTable) -> str:
    text = str(_TABLE_WORDS[bad.fault]) % {"number": i18n.format_count(_NUMBERS.get(bad.fault, 0))}
    return _("Line %(line)s: %(fault)s", line=bad.line, fault=text) if bad.line else text


def archive_words(bad: BadArchive) -> str:
    return str(_ARCHIVE_WORDS[bad.fault]) % {"number": MAX_PICTURES}


def logo_words(name: str, fault: PictureFault) -> str:
    return f"{name}: {PICTURE_MESSAGES[fault]}"


def fault_words(fault: RowFault) -> FaultWords:
    if isinstance(fault.fault, ImportFault):
        text = str(_LINE_WORDS[fault.fault]) % {"line": fault.other}
    else:
        text = str(FAULTS[fault.fault])
    column = column_header(fault.field, i18n.language()) if fault.field else ""
    return FaultWords(fault.line, column, text)
