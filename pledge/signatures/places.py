"""Where a signer lives: asked after confirming, and put right later.

The entry of the ledger that counts a person is never changed. What is put right is recorded beside it, and the fold moves
the tallies of countries and regions (ledger/models.py: LedgerPlace).
"""

from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from pledge.core import clock, countries
from pledge.core.db import transaction
from pledge.core.tokens import BadToken, Purpose
from pledge.ledger.services import Place, PlaceMove, append_places
from pledge.signatures.identifiers import read_own_token
from pledge.signatures.models import Signature, SignatureState
from pledge.signatures.standing import standing_id


class Placed(Protocol):
    """A signature, or what a statement returned of it."""

    country: str
    region: str | None
    entry_country: str | None
    entry_region: str | None


class BadPlace(Exception):
    """No such country, or no such region in it."""


def current_place(row: Placed) -> Place:
    return Place(row.country, row.region)


def entry_place(row: Placed) -> Place:
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
    """Set the region of the counted signature, by the key of the browser that confirmed; None: not said. Raises BadToken, BadPlace."""
    signature_id = read_own_token(Purpose.PRESSED, key)
    with transaction() as session:
        of_person = Signature.id == standing_id(session, signature_id)
        row = session.scalar(select(Signature).where(of_person).with_for_update())
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
