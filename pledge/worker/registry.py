"""What lower packages need from higher ones: composers of mails, handlers of requests, makers of files, ledger sources."""

from pledge.accounts import mails as accounts
from pledge.campaigns.queries import KNOWN_CAMPAIGN, pledge_hashes, published_slugs
from pledge.deliveries import open_data
from pledge.deliveries.pack import packing
from pledge.endorsements import counting as endorsement_counting
from pledge.endorsements import mails as endorsement_mails
from pledge.endorsements import outbox as endorsement_requests
from pledge.endorsements import queries as endorsement_queries
from pledge.exports import services
from pledge.jobs.models import JobKind
from pledge.jobs.services import Makers
from pledge.ledger.models import Kind
from pledge.ledger.numbering import FoldSources
from pledge.mail import contact
from pledge.mail.breaker import Confirmations
from pledge.mail.messages import Composers
from pledge.mail.models import MailKind
from pledge.mail.requests import Handlers
from pledge.news import mails as news
from pledge.paper import queries as paper
from pledge.signatures import entries as signature_counting
from pledge.signatures import mails as signature_mails
from pledge.signatures import outbox as signature_requests
from pledge.signatures import queries as signature_queries


def composers() -> Composers:
    return {
        **signature_mails.composers(),
        **endorsement_mails.composers(),
        **accounts.composers(),
        **news.composers(),
        **contact.composers(),
    }


def handlers() -> Handlers:
    return {**signature_requests.handlers(), **endorsement_requests.handlers()}


def makers() -> Makers:
    return {JobKind.EXPORT: services.make, JobKind.PACK: packing.pack, JobKind.DATA: open_data.make}


def ledger_sources() -> FoldSources:
    is_counted = {
        Kind.PERSON: signature_counting.IS_COUNTED,
        Kind.ORGANIZATION: endorsement_counting.IS_COUNTED,
        Kind.PAPER: paper.IS_COUNTED,
    }
    return FoldSources(
        is_counted,
        signature_counting.PLACE,
        KNOWN_CAMPAIGN,
        published_slugs,
        pledge_hashes,
        signature_requests.mail_taken_out,
    )


def confirmations() -> Confirmations:
    return {
        MailKind.CONFIRM: signature_queries.confirmed,
        MailKind.ENDORSE_CONFIRM: endorsement_queries.confirmed,
        MailKind.ENDORSE_CONTACT: endorsement_queries.taken_over,
    }
