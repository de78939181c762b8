"""One organisation as a row: with codes for programs (organizations.csv), in words for people (the workbook)."""

from collections.abc import Iterable, Sequence
from datetime import date

from pledge.core import countries, languages
from pledge.core.i18n import Phrase
from pledge.core.organization_types import TYPES
from pledge.statistics import labels
from pledge.statistics.values import Organization

NAME = Phrase("table", "Name in %(language)s")
STATEMENT = Phrase("table", "Statement in %(language)s")
TYPE = Phrase("table", "Kind")
WEBSITE = Phrase("table", "Website")
LEVEL = Phrase("table", "Checked by")
TARGET_YEAR = Phrase("table", "Target year")
PUBLISHED_ON = Phrase("table", "Published on")


def coded_heads(langs: Sequence[str]) -> list[str]:
    return [
        *_each("name", langs),
        *(
            "type",
            *_each("type", langs),
            "country",
            *_each("country", langs),
            "region",
            *_each("region", langs),
        ),
        *("website", "level", *_each("level", langs), "target_year"),
        *(*_each("statement", langs), "published_on"),
    ]


def coded_cells(one: Organization, langs: Sequence[str]) -> list[str | int]:
    """The cells under coded_heads()."""
    return [
        *(one.name[lang] for lang in langs),
        *(one.type, *_types(one, langs), one.country, *_countries(one, langs)),
        *(one.region or "", *_regions(one, langs)),
        *(one.website, one.level, *_levels(one, langs), one.target_year or ""),
        *(*(one.statement[lang] for lang in langs), one.published_on),
    ]


def worded_heads(langs: Sequence[str]) -> list[str]:
    return [
        *(_joined(_in(NAME, lang, langs)) for lang in langs),
        *(_joined(head.of(lang) for lang in langs) for head in (TYPE, labels.COUNTRY, labels.REGION)),
        *(_joined(head.of(lang) for lang in langs) for head in (WEBSITE, LEVEL, TARGET_YEAR)),
        *(_joined(_in(STATEMENT, lang, langs)) for lang in langs),
        _joined(PUBLISHED_ON.of(lang) for lang in langs),
    ]


def worded_cells(one: Organization, langs: Sequence[str]) -> list[str | int | date]:
    """The cells under worded_heads()."""
    return [
        *(one.name[lang] for lang in langs),
        *map(_joined, (_types(one, langs), _countries(one, langs), _regions(one, langs))),
        *(one.website, _joined(_levels(one, langs)), one.target_year or ""),
        *(one.statement[lang] for lang in langs),
        date.fromisoformat(one.published_on),
    ]


def _each(name: str, langs: Sequence[str]) -> list[str]:
    return [f"{name}_{lang}" for lang in langs]


def _types(one: Organization, langs: Sequence[str]) -> list[str]:
    return [labels.named(TYPES, one.type, lang) for lang in langs]


def _levels(one: Organization, langs: Sequence[str]) -> list[str]:
    return [labels.named(labels.LEVELS, one.level, lang) for lang in langs]


def _countries(one: Organization, langs: Sequence[str]) -> list[str]:
    return [countries.country_name(one.country, lang) for lang in langs]


def _regions(one: Organization, langs: Sequence[str]) -> list[str]:
    return [
        countries.region_name(one.region, lang) if one.region in countries.REGIONS else "" for lang in langs
    ]


def _in(head: Phrase, of: str, langs: Sequence[str]) -> list[str]:
    """The head of a column of texts in one language, in each."""
    return [head.of(lang, language=languages.name(of, lang)) for lang in langs]


def _joined(words: Iterable[str]) -> str:
    return " ".join(words).strip()
