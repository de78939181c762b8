"""What tables and letters call things, in any language: a file that is handed over has no reader's language."""

from collections.abc import Mapping
from typing import Any

from pledge.core.i18n import Phrase

AS_OF = Phrase("table", "As of")
PEOPLE = Phrase("table", "People")
ORGANIZATIONS = Phrase("table", "Organisations")
PAPER = Phrase("table", "Signatures on paper")
SHARE = Phrase("table", "Share")
COUNTRY = Phrase("table", "Country")
REGION = Phrase("table", "Region")
DAY = Phrase("table", "Day (Korean time, KST)")
ENTRIES = Phrase("table", "Entries of the public log")
IN_ALL = Phrase("table", "In all")
#: `smallest`: how many people the smallest line may have.
MERGED = Phrase(
    "table",
    "Lines of fewer than %(smallest)s people are merged into “Other”, so that nobody can be recognised.",
)
OTHER = Phrase("table", "Other")
NO_REGION = Phrase("table", "Outside Korea or no region given")


def named(names: Mapping[Any, Phrase], key: str, lang: str) -> str:
    """What a kind or level is called; the code itself where it is of a later version than this list."""
    return names[key].in_language(lang) if key in names else key
