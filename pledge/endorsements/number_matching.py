"""Asked when a machine may have pressed the button of a mailed link, as for signatures (signatures/number_matching.py): the two
digits of the page that follows the form of the organisation. Whoever has closed it sends the form again.
"""

from collections.abc import Collection

from pledge.abuse.pressing import MAX_MATCH_TRIES, Press
from pledge.campaigns.mailed_links import Confirmation
from pledge.core import tokens
from pledge.core.db import transaction
from pledge.endorsements.identifiers import name_digest, read_confirm_token
from pledge.endorsements.services import confirm, mailed_version


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


def _parts(address_hash: bytes, digest: bytes) -> tuple[str, str]:
    return bytes(address_hash).hex(), digest.hex()
