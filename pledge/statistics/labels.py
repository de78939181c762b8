"""What tables and letters call things, in any language: a file that is handed over has no reader's language."""

from collections.abc import Mapping
from typing import Any

from pledge.core.i18n import Phrase

CAMPAIGN = Phrase("table", "Campaign")
AS_OF = Phrase("table", "As of")
PEOPLE = Phrase("table", "People")
ORGANIZATIONS = Phrase("table", "Organisations")
GOAL = Phrase("table", "Goal")
PAPER = Phrase("table", "Signatures on paper")
#: Signatures on paper in a table that names them.
PAPER_APART = Phrase("table", "Signatures on paper are in neither number: they are not confirmed by e-mail.")
NOTE = Phrase("table", "Note")
SUMMARY = Phrase("table", "Summary")
BY_COUNTRY = Phrase("table", "By country")
BY_REGION = Phrase("table", "By region")
BY_DAY = Phrase("table", "By day")
ITEM = Phrase("table", "Item")
VALUE = Phrase("table", "Value")
SHARE = Phrase("table", "Share")
COUNTRY = Phrase("table", "Country")
REGION = Phrase("table", "Region")
DAY = Phrase("table", "Day (Korean time, KST)")
ENTRIES = Phrase("table", "Entries of the public log")
ROOT_HASH = Phrase("table", "Root hash")
LOG = Phrase("table", "Name of the log")
VERIFY = Phrase("table", "Page for checking")
IN_ALL = Phrase("table", "In all")
SEPARATE = Phrase("table", "People and organisations are two separate numbers and are never added up.")
#: `smallest`: how many people the smallest line may have.
MERGED = Phrase(
    "table",
    "Lines of fewer than %(smallest)s people are merged into “Other”, so that nobody can be recognised.",
)
UNNAMED = Phrase("table", "Organisations that are counted but no longer named, as their content was deleted")
GROWTH = Phrase("table", "People who signed, in all")
REGIONS = Phrase("table", "People who signed, by region")
OTHER = Phrase("table", "Other")
NO_REGION = Phrase("table", "Outside Korea or no region given")


def named(names: Mapping[Any, Phrase], key: str, lang: str) -> str:
    """What a kind or level is called; the code itself where it is of a later version than this list."""
    return names[key].in_language(lang) if key in names else key
