"""What an organisation promises: the fields of a version that are its own targets, their words, what a later version changes, and
whether it still stands by them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pledge.core import clock, languages
from pledge.core.i18n import SEOUL, Phrase
from pledge.core.languages import Texts
from pledge.ledger.leaves import organization_subject


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


#: The words of a version that promises nothing any more.
_NOTHING = Phrase("endorsement", "No target any more")


def same(before: Any, after: Any) -> bool:
    """Whether two versions promise the same; None is a version that promises nothing."""
    return _values(before) == _values(after)


def _values(version: Any) -> list[Any]:
    return [None if version is None else getattr(version, field) or None for field in LABELS]


def words(version: Any, endorsement_id: int) -> Texts:
    """What the public log has the hash of (docs/log.md): each part in a line, and last whose it is, as in commitments."""
    lines = {
        lang: [": ".join(part) for part in parts(version, lang)] or [_NOTHING.in_language(lang)]
        for lang in languages.codes()
    }
    subject = organization_subject(endorsement_id)
    return Texts({lang: "\n".join([*shown, subject]) for lang, shown in lines.items()})


@dataclass(frozen=True)
class Change:
    """A part of a promise that a version says otherwise than the one before; "" where one of them leaves it open."""

    label: str
    before: str
    after: str
    is_weaker: bool


def changes(before: Any, after: Any, lang: str) -> list[Change]:
    """What the later of two versions says otherwise."""
    return [
        Change(
            label.in_language(lang),
            in_words(field, old, lang),
            in_words(field, new, lang),
            _is_weaker(field, old, new),
        )
        for (field, label), old, new in zip(LABELS.items(), _values(before), _values(after), strict=True)
        if old != new
    ]


def _is_weaker(field: str, before: Any, after: Any) -> bool:
    """Whether a year is later, a share smaller, a scope narrower, or one of them or the plan taken back."""
    if before is None or field in ("base_year", "report_url"):
        return False
    if after is None or field == "plan_url":
        return after is None
    if field == "scope":
        order = list(SCOPES)
        return order.index(after) < order.index(before)
    return bool(after < before if field == "interim_percent" else after > before)


#: So long after it was last heard, an organisation is asked whether its promise is still true.
ASKED_AFTER = timedelta(days=365)
#: The same and a month to answer. Of one that was not asked since, as nobody is left who speaks for it, nothing is said.
SILENT_AFTER = timedelta(days=396)
_PLAN = Phrase("endorsement", "Plan linked")
_REPORTED = Phrase("endorsement", "Reported %(year)s")
_SILENT = Phrase("endorsement", "Not heard since %(year)s")


def heard_at(version: Any, affirmed_at: datetime | None) -> datetime | None:
    """When an organisation last stood by its published version, by having it published or by answering; None: it promises nothing."""
    if same(None, version):
        return None
    published_at: datetime = version.reviewed_at
    return max(published_at, affirmed_at or published_at)


def evidence(version: Any, lang: str) -> list[str]:
    """What can be seen of a published promise, in words without a rating; years are those of Korean time."""
    if version.heard_at is None:
        return []
    asked_at = version.endorsement.asked_at
    is_asked = asked_at is not None and asked_at > version.heard_at
    is_silent = is_asked and version.heard_at < clock.now() - SILENT_AFTER
    return [
        *([_PLAN.in_language(lang)] if version.plan_url else []),
        *([_REPORTED.in_language(lang, year=version.reported_in)] if version.reported_in else []),
        *([_SILENT.in_language(lang, year=version.heard_at.astimezone(SEOUL).year)] if is_silent else []),
    ]
