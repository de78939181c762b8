"""What an organisation promises: the fields of a version that are its own targets, and what they are called."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pledge.core.i18n import Phrase


class Scope(StrEnum):
    """What a target covers; each includes the ones before."""

    OWN = "own"
    ENERGY = "energy"
    CHAIN = "chain"


SCOPES: Mapping[str, Phrase] = {
    Scope.OWN: Phrase("endorsement", "Its own operations"),
    Scope.ENERGY: Phrase("endorsement", "Its own operations and the energy that it buys"),
    Scope.CHAIN: Phrase("endorsement", "The whole value chain"),
}

#: Each part of a promise, in the order in which it is told.
LABELS = {
    "target_year": Phrase("endorsement", "Net-zero target year"),
    "interim_percent": Phrase("endorsement", "Interim reduction (%)"),
    "interim_year": Phrase("endorsement", "Interim year"),
    "base_year": Phrase("endorsement", "Base year of the reduction"),
    "scope": Phrase("endorsement", "What it covers"),
    "plan_url": Phrase("endorsement", "Plan"),
    "report_url": Phrase("endorsement", "Last report"),
}


def in_words(field: str, value: Any, lang: str) -> str:
    """One part of a promise; "" where it is left open."""
    if value is None:
        return ""
    return SCOPES[value].in_language(lang) if field == "scope" else str(value)


def parts(version: Any, lang: str) -> list[tuple[str, str]]:
    """What a version promises, as label and words; without what it leaves open."""
    pairs = ((label, in_words(field, getattr(version, field), lang)) for field, label in LABELS.items())
    return [(label.in_language(lang), words) for label, words in pairs if words]
