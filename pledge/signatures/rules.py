"""What a name may be. The form asks here for the shape, the service asks again for the meaning."""

import re
from enum import StrEnum

from pledge.plaintext import has_letters, is_formula, is_readable, one_line

LONGEST_NAME = 80

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
    name = one_line(text)
    if not has_letters(name):
        raise BadName(NameFault.EMPTY)
    if len(name) > LONGEST_NAME:
        raise BadName(NameFault.TOO_LONG)
    if not is_readable(name) or "<" in name or ">" in name:
        raise BadName(NameFault.CHARACTERS)
    if is_formula(name):
        raise BadName(NameFault.FORMULA)
    if _URL.search(name):
        raise BadName(NameFault.URL)
    return name
