"""What counts whom: signatures and endorsements tell the fold which entries have a cause."""

from pledge.endorsements import counting as endorsements
from pledge.ledger.models import Kind
from pledge.ledger.numbering import Standing
from pledge.signatures import counting as signatures


def standing() -> Standing:
    return {Kind.PERSON: signatures.STANDS, Kind.ORGANIZATION: endorsements.STANDS}
