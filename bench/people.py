"""Signatures in bulk: by COPY into the real tables with their indexes in place, sealed and hashed as the site does."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import psycopg
from sqlalchemy import select

from bench.servers import Site
from pledge.campaigns.models import PledgeText
from pledge.core import clock, tokens
from pledge.core.db import db
from pledge.core.encryption import vault
from pledge.core.tokens import Purpose
from pledge.ledger import leaves
from pledge.ledger.services import fold, hour_of
from pledge.mailed_links.links import new_id
from pledge.signatures.models import EMAIL_CONTEXT, NAME_CONTEXT, SALT_CONTEXT
from pledge.statistics.integrity import mismatches
from pledge.worker.registry import ledger_sources

_SIGNATURES = """
    COPY signatures (id, campaign_id, address_hash, content_hash, mails, state, email, name, country, region, public_name, updates, lang,
                     pledge_text_id, privacy_version, submitted_at, code_since, confirmed_at, salt, commitment) FROM STDIN"""
_ENTRIES = """
    COPY ledger_entries (campaign_id, kind, delta, reason, subject_id, country, region, hour, occurred_at, pledge_text_id,
                         commitment, number, count_after) FROM STDIN"""
_MAILS = "COPY outbox_mails (kind, subject_id, seq, lang, known, created_at, due_at) FROM STDIN"

_numbers = count(1)


@dataclass(frozen=True)
class Pending:
    """Signatures that wait, and the tokens that their mails would carry."""

    ids: list[int]
    tokens: Path


def add_confirmed(site: Site, number: int, *, folded: bool = True, hours_ago: int = 0) -> None:
    """Confirmed signatures with their ledger entries, the last one so long ago; `folded`: numbered and tallied too.

    Into an empty campaign.
    """
    with site.context(), connect(site) as connection:
        campaign_id, pledge_id = campaign_and_pledge()
        now = clock.now()
        last = now - timedelta(hours=hours_ago)
        moments = [last - timedelta(seconds=30 * (number - place)) for place in range(number)]
        places = [_place(place) for place in range(number)]
        people = _copy_signatures(connection, campaign_id, pledge_id, "confirmed", moments, places)
        tallies: Counter[tuple[str, str]] = Counter()
        connection.execute("SET session_replication_role = replica")  # numbered without a fold
        with connection.cursor().copy(_ENTRIES) as copy:
            rows = zip(people, places, moments, strict=True)
            for place, ((row, commitment), (country, region), at) in enumerate(rows, 1):
                hour = hour_of(at)
                about = (campaign_id, "person", 1, "confirmed", row, country, region, hour, at)
                numbered = (place, place) if folded else (None, None)
                copy.write_row((*about, pledge_id, commitment, *numbered))
                tallies.update([("total", ""), ("country", country), ("hour", hour)])
                if region:
                    tallies["region", region] += 1
        if folded:
            _fold_by_hand(connection, campaign_id, number, tallies, now)
        connection.commit()
        settle(connection)
        while folded and fold(ledger_sources()):  # the public log catches up with the numbers
            pass
        if wrong := mismatches():
            raise SystemExit(f"the bench loaded signatures that do not match the ledger: {wrong}")


def add_pending(site: Site, number: int, *, mails: bool = False) -> Pending:
    """Waiting signatures; `mails`: each with its mail in the outbox, due now, to people who have confirmed before: others
    have a pace.
    """
    with site.context(), connect(site) as connection:
        campaign_id, pledge_id = campaign_and_pledge()
        now = clock.now()
        places = [_place(place) for place in range(number)]
        people = _copy_signatures(connection, campaign_id, pledge_id, "pending", [now] * number, places)
        ids = [row for row, _ in people]
        if mails:
            with connection.cursor().copy(_MAILS) as copy:
                for row in ids:
                    copy.write_row(("confirm", row, 1, "ko", True, now, now))
        connection.commit()
        settle(connection)
        file = site.folder / f"tokens-{next(_numbers)}"
        file.write_text("".join(tokens.mint(Purpose.CONFIRM, [row]) + "\n" for row in ids))
        return Pending(ids, file)


def connect(site: Site) -> psycopg.Connection:
    url = site.own["PLEDGE_DATABASE_URL"].replace("postgresql+psycopg://", "postgresql://")
    return psycopg.connect(url)


def settle(connection: psycopg.Connection) -> None:
    """Let the planner know the tables and the disk be done with them, as on a site that has run for a while."""
    connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM (ANALYZE) signatures, ledger_entries, ledger_heads, tallies, outbox_mails")
    connection.execute("CHECKPOINT")
    connection.autocommit = False


def campaign_and_pledge() -> tuple[int, int]:
    """The campaign of the demo and its pledge text."""
    row = db.session.execute(select(PledgeText.campaign_id, PledgeText.id).limit(1)).one()
    return row.campaign_id, row.id


def _place(number: int) -> tuple[str, str | None]:
    """Nine of ten sign from one of four places in Korea."""
    if number % 10 == 0:
        return ("JP", "US", "DE", "VN")[number // 10 % 4], None
    return "KR", ("KR-11", "KR-26", "KR-41", "KR-49")[number % 4]


def _copy_signatures(
    connection: psycopg.Connection,
    campaign_id: int,
    pledge_id: int,
    state: str,
    moments: list[datetime],
    places: list[tuple[str, str | None]],
) -> list[tuple[int, bytes]]:
    """Their numbers, and what the public log says of each."""
    safe, people = vault(), []
    with connection.cursor().copy(_SIGNATURES) as copy:
        for at, (country, region) in zip(moments, places, strict=True):
            row, salt = new_id(), leaves.new_salt()
            email = f"person.{row}@example.org"
            people.append((row, leaves.commitment(salt, email)))
            content = (safe.seal(email, EMAIL_CONTEXT), safe.seal("홍길동", NAME_CONTEXT), country, region)
            consents = (row % 3 == 0, row % 2 == 0)
            # The text and the notice that were shown, then when it was sent, mailed and confirmed.
            shown = (pledge_id, "2026-11-24", at, at, at if state == "confirmed" else None)
            who = (row, campaign_id, hashlib.sha256(email.encode()).digest(), people[-1][1], 1, state)
            logged = (safe.seal(salt, SALT_CONTEXT), people[-1][1])
            copy.write_row((*who, *content, *consents, "ko", *shown, *logged))
    return people


def _fold_by_hand(
    connection: psycopg.Connection,
    campaign_id: int,
    number: int,
    tallies: Counter[tuple[str, str]],
    now: datetime,
) -> None:
    cursor = connection.cursor()
    cursor.execute(
        "INSERT INTO ledger_heads (campaign_id, size, people, folded_at) VALUES (%s, %s, %s, %s)",
        (campaign_id, number, number, now),
    )
    cursor.executemany(
        "INSERT INTO tallies (campaign_id, kind, dimension, key, count) VALUES (%s, 'person', %s, %s, %s)",
        [(campaign_id, dimension, key, count) for (dimension, key), count in tallies.items()],
    )
