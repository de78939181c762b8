"""The faults of a line (lines.py) in words, the same in every form. Lazy: in the language of the page that shows them."""

from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l

from pledge.core.text.lines import LineFault

LINE_WORDS: dict[StrEnum, Any] = {
    LineFault.EMPTY: _l("Please write this in letters."),
    LineFault.TOO_LONG: _l("This is too long."),
    LineFault.CHARACTERS: _l("It contains a character that cannot be used here."),
    LineFault.FORMULA: _l("This cannot begin with =, +, -, @, | or %."),
    LineFault.LINK: _l(
        "Please leave out the web address. If it is not one, put a space after the full stop."
    ),
    LineFault.ADDRESS: _l("Please leave out the e-mail address or the @ sign."),
    LineFault.RESIDENT_NUMBER: _l(
        "This looks like a resident registration number. Please take it out: it must not be stored or shown."
    ),
}
