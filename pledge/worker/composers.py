"""The handlers of requests and the composers of mails, of all packages that have some."""

from pledge.accounts import mails as accounts
from pledge.endorsements import mails as endorsements
from pledge.endorsements import requests as endorsement_requests
from pledge.mail.message import Composers
from pledge.mail.requests import Handlers
from pledge.news import mails as news
from pledge.signatures import erasing
from pledge.signatures import mails as signatures
from pledge.signatures import requests as signature_requests


def composers() -> Composers:
    return {
        **signatures.composers(),
        **erasing.composers(),
        **endorsements.composers(),
        **accounts.composers(),
        **news.composers(),
    }


def handlers() -> Handlers:
    return {**signature_requests.handlers(), **endorsement_requests.handlers()}
