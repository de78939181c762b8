"""The ledger's questions to the packages above it (ledger/sources.py), answered by campaigns, signatures and endorsements."""

from pledge.campaigns.log_facts import pledge_hashes, published
from pledge.endorsements import counting as endorsements
from pledge.ledger.models import Kind
from pledge.ledger.sources import Sources
from pledge.signatures import counting as signatures


def ledger_sources() -> Sources:
    standing = {Kind.PERSON: signatures.STANDS, Kind.ORGANIZATION: endorsements.STANDS}
    return Sources(standing, published, pledge_hashes)
