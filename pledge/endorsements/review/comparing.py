"""What a version of an organisation shows, field by field beside another version."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from pledge.core import languages
from pledge.core.languages import Texts
from pledge.endorsements.models import VersionState

#: What a version shows, in the order in which it is compared.
FIELDS = (
    *("name", "type", "country", "region", "website"),
    *("target_year", "interim_year", "interim_percent"),
    *("statement", "spokesperson", "logo"),
)


@dataclass(frozen=True)
class VersionView:
    """One version, as its organisation wrote it."""

    seq: int
    state: VersionState
    submitted_at: datetime
    fields: dict[str, Any]  #: by the names of FIELDS

    @property
    def name(self) -> Texts:
        return Texts(self.fields["name"])

    @property
    def logo(self) -> str:
        return str(self.fields["logo"])


@dataclass(frozen=True)
class Comparison:
    """One field of two versions."""

    field: str
    lang: str  #: "" where the field is no text by language
    before: Any
    now: Any

    @property
    def is_changed(self) -> bool:
        return bool(self.before != self.now)


def version_view(row: Row[*tuple[Any, ...]]) -> VersionView:
    fields = {name: getattr(row, name) for name in FIELDS}
    return VersionView(row.seq, VersionState(row.state), row.submitted_at, fields)


def compare(before: VersionView, now: VersionView) -> list[Comparison]:
    """By FIELDS; a text by language gives one comparison for each language of the site, and for any other that it is in."""
    found = []
    for name in FIELDS:
        old, new = before.fields[name], now.fields[name]
        if isinstance(new, Texts):
            codes = dict.fromkeys([*languages.codes(), *old, *new])
            found += [Comparison(name, lang, old[lang], new[lang]) for lang in codes]
        else:
            found.append(Comparison(name, "", old, new))
    return found
