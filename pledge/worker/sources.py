"""The questions of ledger and mail to the packages above them, answered by campaigns, signatures, endorsements and paper."""

from pledge.campaigns.log_facts import KNOWN, pledge_hashes, published
from pledge.endorsements import counting as endorsements
from pledge.endorsements import queries as endorsement_queries
from pledge.ledger.models import Kind
from pledge.ledger.sources import Sources
from pledge.mail.breaker import Confirmations
from pledge.mail.models import MailKind
from pledge.paper import queries as paper
from pledge.signatures import counting as signatures
from pledge.signatures import queries as signature_queries


def ledger_sources() -> Sources:
    standing = {
        Kind.PERSON: signatures.STANDS,
        Kind.ORGANIZATION: endorsements.STANDS,
        Kind.PAPER: paper.STANDS,
    }
    return Sources(standing, signatures.PLACE, KNOWN, published, pledge_hashes)


def confirmations() -> Confirmations:
    return {
        MailKind.CONFIRM: signature_queries.confirmed,
        MailKind.ENDORSE_CONFIRM: endorsement_queries.confirmed,
    }
