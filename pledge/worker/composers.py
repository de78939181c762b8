"""Who writes which mail: the composers of every feature that owes some."""

from pledge.accounts import mails as accounts
from pledge.delivery import mails as delivery
from pledge.endorsements import mails as endorsements
from pledge.mail.message import Composers
from pledge.signatures import mails as signatures


def composers() -> Composers:
    return {
        **signatures.composers(),
        **endorsements.composers(),
        **accounts.composers(),
        **delivery.composers(),
    }
