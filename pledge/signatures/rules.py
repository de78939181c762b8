"""What a name may be. The form asks here for the shape, the service asks again for the meaning."""

import re
import unicodedata
from enum import StrEnum

LONGEST_NAME = 80

#: Characters that change the reading order (Unicode Bidi_Control, UAX #9): a name must read as it is written.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: Joiners that scripts such as Persian and Hindi need inside words; every other format character is refused.
_JOINERS = frozenset("\u200c\u200d")
#: A cell that begins like this is a formula to a spreadsheet (OWASP ASVS 5.0, 1.2.10); full-width forms too.
_FORMULA_STARTS = frozenset("=+-@＝＋－＠")
_URL = re.compile(
    r"(?:[a-z][a-z0-9+.-]*:)?//|\bwww\.|\b[\w-]+\.(?:com|net|org|io|kr|info|biz|xyz|ru|cn|top|shop|link)\b",
    re.IGNORECASE,
)


class NameFault(StrEnum):
    EMPTY = "empty"
    TOO_LONG = "too_long"
    CHARACTERS = "characters"
    FORMULA = "formula"
    URL = "url"


class BadName(ValueError):
    def __init__(self, fault: NameFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def clean_name(text: str) -> str:
    """A name as it will be kept: NFC, single spaces, trimmed, 1–80 characters of any script. Raises BadName."""
    name = " ".join(part for part in unicodedata.normalize("NFC", text).strip().split(" ") if part)
    if not any(_is_written(character) for character in name):
        raise BadName(NameFault.EMPTY)
    if len(name) > LONGEST_NAME:
        raise BadName(NameFault.TOO_LONG)
    if not all(_is_allowed(character) for character in name):
        raise BadName(NameFault.CHARACTERS)
    if name[0] in _FORMULA_STARTS:
        raise BadName(NameFault.FORMULA)
    if _URL.search(name):
        raise BadName(NameFault.URL)
    return name


def _is_written(character: str) -> bool:
    """A letter or a digit of any script; punctuation and marks alone make no name."""
    return unicodedata.category(character)[0] in "LN"


def _is_allowed(character: str) -> bool:
    if character.isascii():
        return character.isprintable() and character not in "<>"
    if character in _JOINERS:
        return True
    category = unicodedata.category(character)
    # Cc control, Cf format, Cs surrogate, Co private use, Cn unassigned, Zl/Zp line and paragraph separators
    return character not in _BIDI and category not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
