"""Signatures in the ledger: the entries that staff's acts make, where a signer lives, and whether entries and signatures agree.

The entry of the ledger that counts a person is never changed. A place that is put right is recorded beside it, and the fold
moves the tallies of countries and regions (ledger/models.py: LedgerPlace).
"""

from collections.abc import Sequence

from sqlalchemy import insert
from sqlalchemy.orm import Session

from pledge.core import clock, countries
from pledge.core.db import transaction
from pledge.core.tokens import BadToken, Purpose
from pledge.ledger.models import Kind, LedgerEntry, Reason
from pledge.ledger.services import Place, PlaceMove, append_places, hour_of
from pledge.mailed_links.links import read_valid
from pledge.signatures.models import Signature, SignatureState
from pledge.signatures.queries import lock_current


def append_moves(session: Session, moved: Sequence[Signature], reason: Reason) -> None:
    """Append one ledger entry per signature, at the place its earlier entries have, and a correction to its current place."""
    now = clock.now()
    ways = [(current_place(signature), entry_place(signature)) for signature in moved]
    append_places(
        session,
        [
            PlaceMove(signature.campaign_id, signature.id, *(way if reason.delta == -1 else reversed(way)))
            for signature, way in zip(moved, ways, strict=True)
        ],
        now,
    )
    entries = [
        {
            "campaign_id": signature.campaign_id,
            "kind": Kind.PERSON,
            "delta": reason.delta,
            "reason": reason,
            "subject_id": signature.id,
            "country": entry.country,
            "region": entry.region,
            "hour": hour_of(now),
            "occurred_at": now,
            "pledge_text_id": signature.pledge_text_id,
            "commitment": signature.commitment if reason.delta == 1 else None,
        }
        for signature, (_, entry) in zip(moved, ways, strict=True)
    ]
    if entries:
        session.execute(insert(LedgerEntry), entries)


class BadPlace(Exception):
    """No such country, or no such region in it."""


def current_place(row: Signature) -> Place:
    return Place(row.country, row.region)


def entry_place(row: Signature) -> Place:
    """The place in the entries of the ledger about this signature."""
    return current_place(row) if row.entry_country is None else Place(row.entry_country, row.entry_region)


def set_place(session: Session, row: Signature, place: Place) -> None:
    """Put country and region right, of a row that the caller has locked; the count stays. Raises BadPlace.

    For a signature that is not counted only the row changes, as the ledger has it at the place of its entries.
    """
    place = _checked(place)
    before, entry = current_place(row), entry_place(row)
    if row.state == SignatureState.CONFIRMED:
        append_places(session, [PlaceMove(row.campaign_id, row.id, before, place)], clock.now())
    if row.state != SignatureState.PENDING and row.hold_reason is None:  # these have no entries yet
        row.entry_country, row.entry_region = entry.country, entry.region
    row.country, row.region = place.country, place.region


def set_region_by_key(key: str, region: str | None) -> None:
    """Set the region (None: not given) of a counted signature, by the key of the browser that confirmed. Raises BadToken, BadPlace."""
    (signature_id,) = read_valid(Purpose.PRESSED, key)
    with transaction() as session:
        row = lock_current(session, signature_id)
        if row is None or row.state != SignatureState.CONFIRMED:
            raise BadToken
        set_place(session, row, Place(row.country, region))


def _checked(place: Place) -> Place:
    if place.country not in countries.COUNTRIES:
        raise BadPlace
    if place.country != countries.HOME:
        return Place(place.country, None)
    if place.region is not None and place.region not in countries.REGIONS:
        raise BadPlace
    return place


#: What the fold asks about an entry of a person (ledger/numbering.py: CountedBy). A confirmed row keeps what its entry
#: tells, also its place when that was put right since (entries.py). The primary key alone is in WHERE: while statistics are
#: older than a rush of confirmations, PostgreSQL would else read all confirmed rows for each entry. A -1 has no cause in a row
#: of a state about which no mail tells its owner (outbox.py: mail_taken_out).
IS_COUNTED = """
    SELECT CASE WHEN signed.campaign_id <> entry.campaign_id OR signed.state IN ('withdrawn', 'invalidated') THEN NULL
                WHEN signed.state = 'confirmed' AND entry.delta = 1 AND signed.commitment = entry.commitment
                 AND signed.pledge_text_id = entry.pledge_text_id AND COALESCE(signed.entry_country, signed.country) = entry.country
                 AND COALESCE(CASE WHEN signed.entry_country IS NULL THEN signed.region ELSE signed.entry_region END, '')
                     = COALESCE(entry.region, '') THEN 1 ELSE 0 END
      FROM signatures AS signed
     WHERE signed.id = entry.subject_id"""

#: And about a correction of a place (ledger/numbering.py).
PLACE = """
    SELECT signed.country || COALESCE(signed.region, '') FROM signatures AS signed
     WHERE signed.id = place.subject_id AND signed.campaign_id = place.campaign_id AND signed.state = 'confirmed'"""

#: What the ledger must add up to (statistics/integrity.py).
CONFIRMED = "SELECT campaign_id, country, region, 1 AS times FROM signatures WHERE state = 'confirmed'"
