"""Signatures in the ledger: which entry counts one, and whether entries and signatures agree."""

from sqlalchemy import Connection

from pledge.campaigns import forgetting
from pledge.core.db import reading
from pledge.ledger import counting
from pledge.ledger.counting import Mismatch
from pledge.ledger.models import Kind

#: What the fold asks about an entry of a person (ledger/numbering.py: Standing). A confirmed row keeps what its entry
#: tells, also its place when that was put right since (places.py). The primary key alone is in WHERE: while statistics are
#: older than a rush of confirmations, PostgreSQL would else read all confirmed rows for each entry.
STANDS = """
    SELECT CASE WHEN signed.campaign_id <> entry.campaign_id OR signed.state <> 'confirmed' THEN NULL
                WHEN entry.delta = 1 AND signed.commitment = entry.commitment
                 AND signed.pledge_text_id = entry.pledge_text_id AND COALESCE(signed.entry_country, signed.country) = entry.country
                 AND COALESCE(CASE WHEN signed.entry_country IS NULL THEN signed.region ELSE signed.entry_region END, '')
                     = COALESCE(entry.region, '') THEN 1 ELSE 0 END
      FROM signatures AS signed
     WHERE signed.id = entry.subject_id"""

#: And about a correction of a place (ledger/numbering.py).
PLACE = """
    SELECT signed.country || COALESCE(signed.region, '') FROM signatures AS signed
     WHERE signed.id = place.subject_id AND signed.campaign_id = place.campaign_id AND signed.state = 'confirmed'"""

_CONFIRMED = "SELECT campaign_id, country, region, 1 AS times FROM signatures WHERE state = 'confirmed'"


def mismatches(connection: Connection | None = None) -> list[Mismatch]:
    """Campaigns whose confirmed signatures differ from what the ledger adds up to, by place; an empty list is right.

    Where people are forgotten there is nothing left to compare with.
    """
    if connection is None:
        with reading() as own:
            return mismatches(own)
    found = counting.mismatches(connection, Kind.PERSON, _CONFIRMED, by_place=True)
    gone = set(forgetting.forgotten(connection)) if found else ()
    return [one for one in found if one.campaign_id not in gone]
