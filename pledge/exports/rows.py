"""The lists that staff may take out, without anything that names a signer: how they are read, and their columns.

`ledger`: every +1 and -1 in the order of the log. `organizations`: what is on the wall, as anybody may see it. `links`: through
whose links people came. `paper` and `news`: batches and pieces of news in every state. All are written for a reader, in one
language: words instead of codes, the time of Seoul, parts in percent. The organisations of a delivery have the same columns:
in words of all its languages in its workbook, with codes for programs in organizations.csv.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import islice
from typing import Any, Generic, TypeVar

from psycopg import sql
from sqlalchemy import Row, TextClause, select, text

from pledge.core import languages
from pledge.core.countries import REGIONS, country_name, region_name
from pledge.core.db import fetch, load, snapshot
from pledge.core.i18n import SEOUL, Phrase
from pledge.core.organization_types import TYPES
from pledge.core.urls import campaign_link, public_url
from pledge.endorsements import promises
from pledge.endorsements import queries as endorsements
from pledge.endorsements.models import LEVELS, EndorsementVersion
from pledge.exports.models import Export
from pledge.exports.sheets import Value
from pledge.ledger.leaves import korean_day
from pledge.ledger.models import KIND_LABELS, REASON_LABELS, STATEMENT_LABELS, LedgerHead
from pledge.news import queries as news
from pledge.news.models import STATE_LABELS as NEWS_STATES
from pledge.news.models import NewsItem
from pledge.paper.models import STATE_LABELS as PAPER_STATES
from pledge.paper.models import PaperBatch
from pledge.statistics import labels, referrals
from pledge.statistics.referrals import Referrer
from pledge.statistics.totals import Organization

R = TypeVar("R")

#: Rows of the ledger read, or written, at once.
_AT_ONCE = 2000


@dataclass(frozen=True)
class Column(Generic[R]):
    """A column of a table in every format."""

    name: str  #: as programs know it
    head: Phrase
    #: What a row says in a language; without it what the row has under the name.
    read: Callable[[R, str], Value | None] | None = None
    about: str = ""  #: the language of the texts, where each language of the site has a column of its own
    is_coded: bool = False  #: whether the value is what a code of that name is called

    def heading(self, langs: Sequence[str]) -> str:
        if not self.about:
            return _joined(self.head.in_language(lang) for lang in langs)
        return _joined(
            self.head.in_language(lang, language=languages.name(self.about, lang)) for lang in langs
        )

    def value(self, row: R, lang: str) -> Value:
        """The cell, moments in Seoul's time."""
        value = getattr(row, self.name) if self.read is None else self.read(row, lang)
        if isinstance(value, datetime):
            return value.astimezone(SEOUL).replace(tzinfo=None)
        return "" if value is None else value

    def cell(self, row: R, langs: Sequence[str]) -> Value:
        """The cell in each of the languages, joined; once where they are equal."""
        values = list(dict.fromkeys(self.value(row, lang) for lang in langs))
        return values[0] if len(values) == 1 else _joined(map(str, values))


@dataclass(frozen=True)
class Rows:
    """One kind of export."""

    title: Phrase  #: of its button and its sheet
    columns: Callable[[Export], list[Column[Any]]]
    #: All of them, or the first so many.
    read: Callable[[Export, int], Iterable[Any]]
    #: How many there are now, of a list that only grows: exactly so many must come.
    count: Callable[[Export], int] | None = None
    #: On PostgreSQL the same cells as lines of CSV that end with LF, in blocks; an empty cell is not quoted.
    copy: Callable[[Export, int], Iterator[bytes]] | None = None


# --- The ledger ---

# No more than the public log says: country, region or hour of one line could point at a person. So the day is that of Korea
# too: beside it, another one would tell in which part of the day it was.

_PAGE: TextClause = text(
    """SELECT e.number, e.reason, e.kind, e.delta, e.hour, p.version, e.takes_back + 1 AS takes_back
         FROM ledger_entries AS e LEFT JOIN pledge_texts AS p ON p.id = e.pledge_text_id
        WHERE e.campaign_id = :campaign_id AND e.number > :after AND e.number <= :upto
        ORDER BY e.number"""
)


_ENTRY_LABELS = REASON_LABELS | STATEMENT_LABELS


def _ledger_columns(_export: Export) -> list[Column[Row[Any]]]:
    entry, day = Phrase("entries", "Entry"), Phrase("entries", "Day (KST)")
    return [
        Column("number", Phrase("entries", "Number")),
        Column("kind", entry, lambda row, lang: _ENTRY_LABELS[row.reason].in_language(lang)),
        Column("of", Phrase("entries", "Of"), lambda row, lang: KIND_LABELS[row.kind].in_language(lang)),
        Column("change", Phrase("entries", "Change"), lambda row, _: row.delta),
        Column("day", day, lambda row, _: date.fromisoformat(korean_day(row.hour))),
        Column("pledge_version", Phrase("entries", "Pledge version"), lambda row, _: row.version),
        Column("takes_back", Phrase("entries", "Takes back number")),
    ]


def _ledger_count(export: Export) -> int:
    query = select(LedgerHead.size).where(LedgerHead.campaign_id == export.campaign_id)
    return fetch(query).scalar() or 0


def _ledger_entries(export: Export, rows: int) -> Iterator[Row[Any]]:
    for after in range(0, rows, _AT_ONCE):
        span = {"campaign_id": export.campaign_id, "after": after, "upto": min(rows, after + _AT_ONCE)}
        yield from fetch(_PAGE, span).all()


_COPY = sql.SQL(
    """COPY (SELECT e.number, {kind} AS kind, {of} AS of, e.delta,
                    ((e.hour || ':00')::timestamp + interval '9 hours')::date AS day, p.version, e.takes_back + 1
               FROM ledger_entries AS e LEFT JOIN pledge_texts AS p ON p.id = e.pledge_text_id
              WHERE e.campaign_id = {campaign_id} AND e.number <= {upto}
              ORDER BY e.number) TO STDOUT WITH (FORMAT csv, FORCE_QUOTE (kind, of, day))"""
)


def _copied_ledger(export: Export, rows: int) -> Iterator[bytes]:
    """The same by PostgreSQL: a row takes it a microsecond, and Python thirteen."""
    words = {
        "kind": _words("reason", _ENTRY_LABELS, export.lang),
        "of": _words("kind", KIND_LABELS, export.lang),
    }
    statement = _COPY.format(**words, campaign_id=export.campaign_id, upto=rows)
    with snapshot() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))  # the file is written meanwhile
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(statement) as lines:
            while block := b"".join(islice(lines, _AT_ONCE)):
                yield block


def _words(column: str, labels: Mapping[Any, Phrase], lang: str) -> sql.Composed:
    """What a code of this column is called."""
    cases = [
        sql.SQL("WHEN {} THEN {}").format(str(code), label.in_language(lang))
        for code, label in labels.items()
    ]
    return sql.SQL("CASE e.{} {} END").format(sql.Identifier(column), sql.SQL(" ").join(cases))


# --- Organisations ---


def organization_columns() -> list[Column[Organization]]:
    """The organisations of a delivery."""
    published = Phrase("table", "Published on")
    return [
        *_facts(lambda row: row.level),
        Column("published_on", published, lambda row, _: date.fromisoformat(row.published_on)),
    ]


def with_codes(
    columns: Sequence[Column[R]], rows: Iterable[R], langs: Sequence[str]
) -> tuple[list[str], Iterator[list[Value]]]:
    """The heads and rows for programs: a code, and beside it what it is called in every language."""
    heads = [
        name
        for column in columns
        for name in (
            [column.name, *(f"{column.name}_{lang}" for lang in langs)] if column.is_coded else [column.name]
        )
    ]

    def cells(column: Column[R], row: R) -> list[Value]:
        if not column.is_coded:
            return [column.value(row, langs[0])]
        return [getattr(row, column.name) or "", *(column.value(row, lang) for lang in langs)]

    return heads, ([cell for column in columns for cell in cells(column, row)] for row in rows)


def _public_columns(export: Export) -> list[Column[EndorsementVersion]]:
    def page(row: EndorsementVersion, lang: str) -> str:
        return public_url(
            "public.organization", lang=lang, slug=export.slug, endorsement_id=row.endorsement_id
        )

    return [
        *_facts(lambda row: row.endorsement.level),
        Column("spokesperson", Phrase("table", "Spokesperson")),
        Column(
            "published_at", Phrase("table", "Published (KST)"), lambda row, _: row.endorsement.published_at
        ),
        Column("page", Phrase("table", "Public page"), page),
        # As the audit log names it: a spreadsheet takes digits alone for a number, and rounds one of so many.
        Column("id", Phrase("table", "Reference"), lambda row, _: f"endorsement:{row.endorsement_id}"),
    ]


def _facts(level: Callable[[Any], str]) -> list[Column[Any]]:
    """Columns of an organisation that both the wall and a delivery have."""
    kind, checked = Phrase("table", "Kind"), Phrase("table", "Checked by")

    def region(row: Any, lang: str) -> str:
        return region_name(row.region, lang) if row.region in REGIONS else ""

    def scope(row: Any, lang: str) -> str:
        return labels.named(promises.SCOPES, row.scope, lang) if row.scope else ""

    return [
        *in_languages("name", Phrase("table", "Name in %(language)s")),
        Column("type", kind, lambda row, lang: labels.named(TYPES, row.type, lang), is_coded=True),
        Column("country", labels.COUNTRY, lambda row, lang: country_name(row.country, lang), is_coded=True),
        Column("region", labels.REGION, region, is_coded=True),
        Column("website", Phrase("table", "Website")),
        Column("level", checked, lambda row, lang: labels.named(LEVELS, level(row), lang), is_coded=True),
        *(
            Column(name, head, scope, is_coded=True) if name == "scope" else Column(name, head)
            for name, head in promises.LABELS.items()
        ),
        *in_languages("statement", Phrase("table", "Statement in %(language)s")),
    ]


def in_languages(name: str, head: Phrase) -> list[Column[Any]]:
    """A column for each language of the site, of a field with texts by language."""

    def column(about: str) -> Column[Any]:
        return Column(f"{name}_{about}", head, lambda row, _: getattr(row, name).get(about, ""), about)

    return [column(lang) for lang in languages.codes()]


def _organizations(export: Export, _rows: int) -> list[EndorsementVersion]:
    """The published organisations, sorted by name."""
    versions = endorsements.listing(export.campaign_id)
    return sorted(
        versions, key=lambda row: (row.name.in_language(export.lang).casefold(), row.endorsement_id)
    )


# --- Links, paper, news ---


def _link_columns(export: Export) -> list[Column[Referrer]]:
    def link(line: Referrer, lang: str) -> str:
        return f"{campaign_link(lang, export.slug)}?via={line.code}"

    return [
        *in_languages("name", Phrase("table", "Name in %(language)s")),
        Column("people", labels.PEOPLE),  # fewer than five are told to nobody
        Column("link", Phrase("table", "Link"), link),
    ]


def _paper_columns(_export: Export) -> list[Column[PaperBatch]]:
    return [
        *_numbered(PAPER_STATES),
        *in_languages("place", Phrase("table", "Place in %(language)s")),
        Column("collected_on", Phrase("table", "Collected on")),
        Column("sheets", Phrase("table", "Sheets")),
        Column("signatures", Phrase("table", "Signatures"), lambda batch, _: batch.shown_signatures),
        Column("proposed_at", Phrase("table", "Counted (KST)")),
        Column("decided_at", Phrase("table", "Counted again (KST)")),
    ]


def _news_columns(_export: Export) -> list[Column[NewsItem]]:
    outcome = cache(news.outcome)

    def became(name: str) -> Callable[[NewsItem, str], Value | None]:
        return lambda item, _: getattr(outcome(item.id), name) if outcome(item.id).stored else None

    return [
        *_numbered(NEWS_STATES),
        *in_languages("title", Phrase("table", "Title in %(language)s")),
        Column("begun_at", Phrase("table", "Sent from (KST)")),
        Column("ended_at", Phrase("table", "Sent until (KST)")),
        Column("mails", Phrase("table", "E-mails")),
        Column("sent", Phrase("table", "Sent"), became("sent")),
        Column("bounced", Phrase("table", "Came back"), became("bounced")),
        Column("left", Phrase("table", "Get no news any more"), became("left")),
    ]


def _numbered(states: Mapping[Any, Phrase]) -> list[Column[Any]]:
    state = Phrase("table", "State")
    return [
        Column("id", Phrase("entries", "Number")),
        Column("state", state, lambda row, lang: labels.named(states, row.state, lang)),
    ]


def _stored(model: Any) -> Callable[[Export, int], list[Any]]:
    return lambda export, _: load(
        select(model).where(model.campaign_id == export.campaign_id).order_by(model.id)
    )


KINDS: dict[str, Rows] = {
    "ledger": Rows(
        Phrase("table", "Public log"), _ledger_columns, _ledger_entries, _ledger_count, _copied_ledger
    ),
    "organizations": Rows(labels.ORGANIZATIONS, _public_columns, _organizations),
    "links": Rows(
        Phrase("table", "Links"), _link_columns, lambda export, _: referrals.lines(export.campaign_id)
    ),
    "paper": Rows(labels.PAPER, _paper_columns, _stored(PaperBatch)),
    "news": Rows(Phrase("table", "News"), _news_columns, _stored(NewsItem)),
}


def _joined(words: Iterable[str]) -> str:
    return " ".join(words).strip()
