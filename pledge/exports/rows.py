"""The rows that staff may take out, without anything that names a signer: how they are read, and their columns.

`ledger`: every +1 and -1 in the order of the log. `organizations`: what is on the wall, as anybody may see it. Both are
written for a reader, in one language: words instead of codes, the time of Seoul, parts in percent. The organisations of a
delivery stand here too: with codes for programs (organizations.csv), in words for people (its workbook).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Row, TextClause, func, select, text

from pledge.core import countries, languages
from pledge.core.db import reading
from pledge.core.i18n import SEOUL, Phrase
from pledge.core.languages import Texts
from pledge.core.organization_types import TYPES
from pledge.core.urls import organization_link
from pledge.endorsements import queries as endorsements
from pledge.endorsements.models import LEVELS
from pledge.endorsements.queries import OrganizationView
from pledge.exports.sheets import Value
from pledge.ledger import queries as ledger
from pledge.ledger.leaves import korean_day
from pledge.ledger.models import Kind, LedgerHead, Reason
from pledge.statistics import labels
from pledge.statistics.totals import Organization

R = TypeVar("R")

#: Rows of the ledger read at once.
_AT_ONCE = 2000


@dataclass(frozen=True)
class Column(Generic[R]):
    """A column of a table in every format, with its cell of a row."""

    name: str  #: as programs know it
    head: str
    width: int  #: in characters of the workbook's font; 0 where it follows from the content
    value: Callable[[R], Value]


@dataclass(frozen=True)
class Rows:
    """One kind of export."""

    title: Phrase  #: of the sheet
    columns: Callable[["Table"], list[Column[Any]]]
    #: How many there are now, for a campaign.
    count: Callable[["Table"], int]
    #: Whether exactly so many must come: an append-only list has its first so many for ever.
    is_exact: bool
    #: The first so many.
    read: Callable[["Table", int], Iterable[Any]]


@dataclass(frozen=True)
class Table:
    """What is wanted: which rows of which campaign, for a reader of which language; `at` is when it was asked for."""

    slug: str
    campaign_id: int
    kind: str
    form: str
    lang: str
    at: datetime

    @property
    def rows(self) -> Rows:
        return KINDS[self.kind]


# --- The ledger ---

# No more than the public log says: country, region or hour of one line could point at a person. So the day is that of Korea
# too: beside it, another one would tell in which part of the day it was.

REASONS: dict[str, Phrase] = {
    Reason.CONFIRMED: Phrase("entries", "Confirmed"),
    Reason.WITHDRAWN: Phrase("entries", "Withdrawn"),
    Reason.INVALIDATED: Phrase("entries", "Invalidated"),
    Reason.REINSTATED: Phrase("entries", "Reinstated"),
}
_KINDS: dict[str, Phrase] = {
    Kind.PERSON: Phrase("entries", "Person"),
    Kind.ORGANIZATION: Phrase("entries", "Organisation"),
    Kind.PAPER: Phrase("entries", "On paper"),
}

_PAGE: TextClause = text(
    """SELECT e.number, e.reason, e.kind, e.delta, e.hour, p.version, e.takes_back + 1 AS takes_back
         FROM ledger_entries AS e LEFT JOIN pledge_texts AS p ON p.id = e.pledge_text_id
        WHERE e.campaign_id = :campaign_id AND e.number > :after AND e.number <= :upto
        ORDER BY e.number"""
)


def _ledger_columns(table: Table) -> list[Column[Row[Any]]]:
    lang = table.lang
    reasons = {code: name.of(lang) for code, name in REASONS.items()}
    kinds = {code: name.of(lang) for code, name in _KINDS.items()}
    return [
        Column("number", Phrase("entries", "Number").of(lang), 10, lambda row: row.number),
        Column("kind", Phrase("entries", "Entry").of(lang), 16, lambda row: reasons[row.reason]),
        Column("of", Phrase("entries", "Of").of(lang), 14, lambda row: kinds[row.kind]),
        Column("change", Phrase("entries", "Change").of(lang), 8, lambda row: row.delta),
        Column(
            "day",
            Phrase("entries", "Day (KST)").of(lang),
            14,
            lambda row: date.fromisoformat(korean_day(row.hour)),
        ),
        Column(
            "pledge_version", Phrase("entries", "Pledge version").of(lang), 14, lambda row: row.version or ""
        ),
        Column(
            "takes_back",
            Phrase("entries", "Takes back number").of(lang),
            18,
            lambda row: _known(row.takes_back),
        ),
    ]


def _ledger_count(table: Table) -> int:
    with reading() as connection:
        query = select(func.coalesce(func.max(LedgerHead.size), 0)).where(
            LedgerHead.campaign_id == table.campaign_id
        )
        return int(connection.execute(query).scalar_one())


def _ledger_entries(table: Table, rows: int) -> Iterator[Row[Any]]:
    for after in range(0, rows, _AT_ONCE):
        span = {"campaign_id": table.campaign_id, "after": after, "upto": min(rows, after + _AT_ONCE)}
        with reading() as connection:
            found = connection.execute(_PAGE, span).all()
        yield from found


# --- Organisations ---

_NAME = Phrase("table", "Name in %(language)s")
_STATEMENT = Phrase("table", "Statement in %(language)s")
_TYPE = Phrase("table", "Kind")
_WEBSITE = Phrase("table", "Website")
_LEVEL = Phrase("table", "Checked by")
_TARGET_YEAR = Phrase("table", "Target year")
_PUBLISHED_ON = Phrase("table", "Published on")


def _organization_columns(table: Table) -> list[Column[OrganizationView]]:
    lang = table.lang
    return [
        # As the audit log names it: a spreadsheet takes digits alone for a number, and rounds one of so many.
        Column("id", Phrase("table", "Reference").of(lang), 34, lambda one: f"endorsement:{one.id}"),
        Column(
            "published_at",
            Phrase("table", "Published (KST)").of(lang),
            18,
            lambda one: one.since.astimezone(SEOUL).replace(tzinfo=None),
        ),
        *_in_languages("name", _NAME, 30, lang, lambda one: one.names),
        Column("type", _TYPE.of(lang), 20, lambda one: labels.named(TYPES, one.type, lang)),
        Column("country", labels.COUNTRY.of(lang), 16, lambda one: countries.country_name(one.country, lang)),
        Column("region", labels.REGION.of(lang), 16, lambda one: _region(one.region, lang)),
        Column("website", _WEBSITE.of(lang), 30, lambda one: one.website),
        Column("level", _LEVEL.of(lang), 26, lambda one: labels.named(LEVELS, one.level, lang)),
        Column("target_year", _TARGET_YEAR.of(lang), 12, lambda one: _known(one.target_year)),
        Column(
            "interim_year", Phrase("table", "Interim year").of(lang), 14, lambda one: _known(one.interim_year)
        ),
        Column(
            "interim_percent",
            Phrase("table", "Interim target (%)").of(lang),
            14,
            lambda one: _known(one.interim_percent),
        ),
        *_in_languages("statement", _STATEMENT, 40, lang, lambda one: one.statements),
        Column("spokesperson", Phrase("table", "Spokesperson").of(lang), 24, lambda one: one.spokesperson),
        Column(
            "page",
            Phrase("table", "Public page").of(lang),
            40,
            lambda one: organization_link(lang, table.slug, one.id),
        ),
    ]


def _in_languages(
    name: str, head: Phrase, width: int, reader: str, texts: Callable[[OrganizationView], Texts]
) -> list[Column[OrganizationView]]:
    """A column for each language of the site."""

    def column(lang: str) -> Column[OrganizationView]:
        named = head.of(reader, language=languages.name(lang, reader))
        return Column(f"{name}_{lang}", named, width, lambda one: texts(one).get(lang, ""))

    return [column(lang) for lang in languages.codes()]


def _organizations(table: Table, _rows: int) -> list[OrganizationView]:
    found: list[OrganizationView] = []
    while part := endorsements.listing(table.campaign_id, found[-1].id if found else 0):
        found += part
    return sorted(found, key=lambda one: (one.since, one.id))


def _region(region: str | None, lang: str) -> str:
    return countries.region_name(region, lang) if region in countries.REGIONS else ""


def _known(number: int | None) -> int | str:
    return "" if number is None else number


KINDS: dict[str, Rows] = {
    "ledger": Rows(Phrase("table", "Public log"), _ledger_columns, _ledger_count, True, _ledger_entries),
    "organizations": Rows(
        labels.ORGANIZATIONS,
        _organization_columns,
        lambda table: ledger.count(table.campaign_id).organizations,
        False,
        _organizations,
    ),
}


# --- The organisations of a delivery ---


def coded_columns(langs: Sequence[str]) -> list[Column[Organization]]:
    """With codes and, beside each, its name in every language; for programs."""

    def column(name: str, value: Callable[[Organization], Value]) -> Column[Organization]:
        return Column(name, name, 0, value)

    def each(name: str, value: Callable[[Organization, str], str]) -> list[Column[Organization]]:
        def in_language(lang: str) -> Column[Organization]:
            return column(f"{name}_{lang}", lambda one: value(one, lang))

        return [in_language(lang) for lang in langs]

    return [
        *each("name", lambda one, lang: one.name[lang]),
        column("type", lambda one: one.type),
        *each("type", lambda one, lang: labels.named(TYPES, one.type, lang)),
        column("country", lambda one: one.country),
        *each("country", lambda one, lang: countries.country_name(one.country, lang)),
        column("region", lambda one: one.region or ""),
        *each("region", lambda one, lang: _region(one.region, lang)),
        column("website", lambda one: one.website),
        column("level", lambda one: one.level),
        *each("level", lambda one, lang: labels.named(LEVELS, one.level, lang)),
        column("target_year", lambda one: one.target_year or ""),
        *each("statement", lambda one, lang: one.statement[lang]),
        column("published_on", lambda one: one.published_on),
    ]


def worded_columns(langs: Sequence[str]) -> list[Column[Organization]]:
    """With the words of every language in one cell; for people."""

    def head(phrase: Phrase) -> str:
        return _joined(phrase.of(lang) for lang in langs)

    def texts(phrase: Phrase, value: Callable[[Organization], Texts]) -> list[Column[Organization]]:
        """A column for each language, with the language's name in each."""

        def column(of: str) -> Column[Organization]:
            named = _joined(phrase.of(lang, language=languages.name(of, lang)) for lang in langs)
            return Column("", named, 0, lambda one: value(one)[of])

        return [column(lang) for lang in langs]

    def words(phrase: Phrase, value: Callable[[Organization, str], str]) -> Column[Organization]:
        return Column("", head(phrase), 0, lambda one: _joined(value(one, lang) for lang in langs))

    return [
        *texts(_NAME, lambda one: one.name),
        words(_TYPE, lambda one, lang: labels.named(TYPES, one.type, lang)),
        words(labels.COUNTRY, lambda one, lang: countries.country_name(one.country, lang)),
        words(labels.REGION, lambda one, lang: _region(one.region, lang)),
        Column("", head(_WEBSITE), 0, lambda one: one.website),
        words(_LEVEL, lambda one, lang: labels.named(LEVELS, one.level, lang)),
        Column("", head(_TARGET_YEAR), 0, lambda one: one.target_year or ""),
        *texts(_STATEMENT, lambda one: one.statement),
        Column("", head(_PUBLISHED_ON), 0, lambda one: date.fromisoformat(one.published_on)),
    ]


def _joined(words: Iterable[str]) -> str:
    return " ".join(words).strip()
