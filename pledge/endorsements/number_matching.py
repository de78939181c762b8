"""Asked when a machine may have pressed the button of a mailed link, as for signatures (signatures/number_matching.py): the two
digits of the page that follows the form of the organisation. Whoever has closed it sends the form again.

Whoever takes over is asked for the two digits that the own page shows to the person who named them.
"""

from collections.abc import Collection

from sqlalchemy import bindparam, update

from pledge.abuse.pressing import MAX_MATCH_TRIES, Press
from pledge.campaigns.mailed_links import Confirmation
from pledge.core import tokens
from pledge.core.db import transaction, write_autocommit
from pledge.endorsements.identifiers import name_digest, read_confirm_token
from pledge.endorsements.models import ContactChange
from pledge.endorsements.services import confirm, mailed_version

_COUNT_CONTACT_TRY = (
    update(ContactChange)
    .where(
        ContactChange.endorsement_id == bindparam("of"),
        ContactChange.contact_number == bindparam("number"),
        ContactChange.done_at.is_(None),
    )
    .values(match_tries=ContactChange.match_tries + 1)
    .returning(ContactChange.match_tries)
)


def number_for(address_hash: bytes, digest: bytes) -> str:
    """The two digits that the page after the form shows, for person and organisation as a ticket names them."""
    return tokens.two_digits(*_parts(address_hash, digest))


def answer(token: str, digits: str, signals: Collection[Press] = ()) -> Confirmation:
    """Confirm by link and number. Raises BadToken."""
    link = read_confirm_token(token)
    if link.expired:
        return Confirmation.WRONG
    with transaction() as session:
        found = mailed_version(session, link)
        if found is None:
            return Confirmation.WRONG
        row, version = found
        version.match_tries += 1
        if version.match_tries > MAX_MATCH_TRIES:
            return Confirmation.SPENT
        parts = _parts(row.address_hash, name_digest(row.name_key))
        if not tokens.two_digits_match(digits, *parts):
            return Confirmation.WRONG
    confirm(link.endorsement_id, link.seq, is_proved=True)
    return Confirmation.DONE


def contact_number_for(endorsement_id: int, contact_number: int) -> str:
    """The two digits for the person who is to take over, as the own page shows them to whoever named that person."""
    return tokens.two_digits("contact", endorsement_id, contact_number)


def check_contact(endorsement_id: int, contact_number: int, digits: str) -> Confirmation:
    """Whether the new person typed their two digits; the try is counted while the change waits. Changes nothing else."""
    values = {"of": endorsement_id, "number": contact_number}
    tries = write_autocommit(lambda connection: connection.execute(_COUNT_CONTACT_TRY, values).scalar())
    if tries is not None and tries > MAX_MATCH_TRIES:
        return Confirmation.SPENT
    is_right = tokens.two_digits_match(digits, "contact", endorsement_id, contact_number)
    return Confirmation.DONE if is_right else Confirmation.WRONG


def _parts(address_hash: bytes, digest: bytes) -> tuple[str, str]:
    return bytes(address_hash).hex(), digest.hex()
