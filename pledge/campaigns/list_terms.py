"""The terms under which a campaign asks whether names may go to a government whose law asks for them (docs/named-lists.md).

Terms that somebody agreed to never change, so they have versions: new terms end the ones before, and whoever agreed to
those has not agreed to the new ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.campaigns.models import Campaign, CampaignState, ListTerms
from pledge.campaigns.moderation import CampaignInWrongState, compare, edited, subject
from pledge.campaigns.rules import MAX_LINE, Checker, stamp
from pledge.campaigns.staff_queries import Reader
from pledge.core import clock, languages
from pledge.core.db import reading
from pledge.core.languages import Texts

PARTS = ("recipient", "law", "purpose", "keeping")


def field_names() -> tuple[str, ...]:
    """`law_ko` and so on: each part in each language of the site."""
    return tuple(f"{part}_{lang}" for part in PARTS for lang in languages.codes())


#: Each is shown in a cell of the sign form, to be read on a phone.
MAX_PART = 500


class TermsNotOffered(Exception):
    """The campaign does not ask under these terms, or no longer."""


@dataclass(frozen=True)
class TermsView:
    """Terms in one language, as a signer reads them (PIPA Art. 17(2); GDPR Art. 13(1)(e))."""

    version: int
    recipient: str
    law: str
    purpose: str
    keeping: str


@dataclass(frozen=True)
class TermsRow:
    """Terms as their editors see them."""

    id: int
    version: int
    fields: dict[str, str]
    created_at: datetime
    ended_at: datetime | None

    @property
    def is_asked(self) -> bool:
        return self.ended_at is None


def columns() -> tuple[ColumnElement[Any], ...]:
    """What `view()` reads, for a query that joins `ListTerms` by `asked_of()`."""
    parts = (getattr(ListTerms, part).label(f"terms_{part}") for part in PARTS)
    return ListTerms.version.label("terms_version"), *parts


def asked_of(campaign_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """The terms that a campaign asks under now: one at most, by the table's index."""
    return (ListTerms.campaign_id == campaign_id) & ListTerms.ended_at.is_(None)


def view(row: Row[*tuple[Any, ...]], lang: str) -> TermsView | None:
    """The terms in a language. None when the query found no terms."""
    if row.terms_version is None:
        return None
    return TermsView(row.terms_version, *(getattr(row, f"terms_{part}").of(lang) for part in PARTS))


def find(terms_id: int, lang: str) -> TermsView | None:
    """Terms that somebody agreed to, ended or not."""
    with reading() as connection:
        row = connection.execute(select(*columns()).where(ListTerms.id == terms_id)).first()
    return None if row is None else view(row, lang)


def versions(campaign_id: int) -> list[TermsRow]:
    """All terms of a campaign, newest first."""
    with reading() as connection:
        return _rows(connection, campaign_id)


def seen_of(rows: list[TermsRow]) -> dict[str, object]:
    """The terms that are current, as the form for new ones compares them."""
    if not rows or not rows[0].is_asked:
        return {}
    return {"version": rows[0].version, **rows[0].fields}


def stamp_of(rows: list[TermsRow]) -> str:
    return stamp(seen_of(rows))


def asked_id(session: Session, campaign_id: int, version: int) -> int:
    """The number of these terms, inside the transaction of who agrees to them. Raises TermsNotOffered."""
    found = session.scalar(
        select(ListTerms.id).where(
            ListTerms.campaign_id == campaign_id, ListTerms.version == version, ListTerms.ended_at.is_(None)
        )
    )
    if found is None:
        raise TermsNotOffered
    return found


def set_terms(actor: Actor, slug: str, seen: str, fields: Mapping[str, str]) -> int:
    """Ask under these terms from now on; the number of their version. The same words again change nothing.

    Raises BadFields, EditedMeanwhile, CampaignInWrongState (nobody can sign any more), NoSuchCampaign.
    """
    with edited(slug) as (session, campaign):
        if campaign.state in (CampaignState.CLOSED, CampaignState.ARCHIVED):
            raise CampaignInWrongState(CampaignState(campaign.state))
        check = Checker()
        wanted = {
            name: check.line(name, fields.get(name, ""), _max_length(name), required=True)
            for name in field_names()
        }
        check.finish()
        rows = _rows(session, campaign.id)
        stored = seen_of(rows)
        compare(seen, stored)
        last = rows[0].version if rows else 0
        if stored == {"version": last, **wanted}:
            return last
        _end(session, campaign)
        terms = {part: _texts(wanted, part) for part in PARTS}
        session.add(ListTerms(campaign_id=campaign.id, version=last + 1, created_at=clock.now(), **terms))
        record(
            session,
            actor,
            "campaign.list_terms",
            subject(slug),
            version=last + 1,
            recipient=terms["recipient"].of(languages.default()),
            law=terms["law"].of(languages.default()),
        )
        return last + 1


def end(actor: Actor, slug: str, version: int) -> None:
    """Ask nobody under these terms any more. Who agreed has agreed; they can take it back as before.

    Raises TermsNotOffered when others are asked for by now, or none; NoSuchCampaign.
    """
    with edited(slug) as (session, campaign):
        asked_id(session, campaign.id, version)
        _end(session, campaign)
        record(session, actor, "campaign.list_terms_end", subject(slug), version=version)


def _end(session: Session, campaign: Campaign) -> None:
    """End the current terms: the table allows one that has not ended, so it ends before the next is stored."""
    asked = session.scalar(
        select(ListTerms).where(ListTerms.campaign_id == campaign.id, ListTerms.ended_at.is_(None))
    )
    if asked is not None:
        asked.ended_at = clock.now()
        session.flush()


def _rows(reader: Reader, campaign_id: int) -> list[TermsRow]:
    columns_of_table = ListTerms.__table__.c  # no ORM objects: the reader may be a bare connection
    found = reader.execute(
        select(*columns_of_table)
        .where(columns_of_table.campaign_id == campaign_id)
        .order_by(columns_of_table.version.desc())
    )
    return [
        TermsRow(
            row.id,
            row.version,
            {
                name: text
                for part in PARTS
                for name, text in languages.by_field(part, getattr(row, part)).items()
            },
            row.created_at,
            row.ended_at,
        )
        for row in found
    ]


def _texts(fields: Mapping[str, str], part: str) -> Texts:
    return languages.texts({lang: fields[f"{part}_{lang}"] for lang in languages.codes()})


def _max_length(name: str) -> int:
    return MAX_LINE if name.startswith("recipient") else MAX_PART
