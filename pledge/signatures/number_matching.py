"""Asked when a machine may have pressed the button of a mailed link: the two digits of the page where one signed.

A scanner at the recipient's mail server has the mail and does not see that page; whoever typed a stranger's address sees the
page and does not have the mail. Whoever has closed it gets another mail, with a code and without a link: each mail alone
is then of no use to a machine that reads one after the other (docs/adr/0122).
"""

from collections.abc import Collection

from sqlalchemy import bindparam, select, update

from pledge.abuse.pressing import MAX_MATCH_TRIES, Press
from pledge.abuse.signals import names
from pledge.campaigns.mailed_links import Confirmation
from pledge.core import tokens
from pledge.core.db import ensure_durable, reading, transaction, write_autocommit
from pledge.core.tokens import BadToken
from pledge.mail import requests
from pledge.mail.models import RequestKind
from pledge.signatures.identifiers import read_confirm_token
from pledge.signatures.models import Signature, SignatureState
from pledge.signatures.services import NEWEST_MAIL, confirm, confirm_by_code

_COUNT_TRY = (
    update(Signature)
    .where(Signature.id == bindparam("of"), Signature.state == SignatureState.PENDING)
    .values(match_tries=Signature.match_tries + 1)
    .returning(Signature.match_tries)
)
#: The newest mail that was taken up for sending is one without a link, sent after one with a link.
_HAS_CODE_ONLY = select(Signature.id).where(
    Signature.id == bindparam("of"), Signature.code_only_after > 0, Signature.code_only_after < NEWEST_MAIL
)


def number_for(signature_id: int) -> str:
    """The two digits that the page where one signed shows, whoever signed."""
    return tokens.two_digits(signature_id)


def answer(token: str, digits: str, signals: Collection[Press] = ()) -> Confirmation:
    """Confirm by link and number: the two digits, or the six of a mail that came without a link. Raises BadToken.

    The code of the mail with the link proves nothing here: whatever opened the link has read it. It is not even compared,
    so that a machine that types what it finds uses up no try of the person.
    """
    signature_id, is_expired = read_confirm_token(token)
    if is_expired:
        return Confirmation.WRONG
    if len(digits) != 2:
        return _answer_by_code(signature_id, digits, names({*signals, Press.ASKED}))
    tries = write_autocommit(lambda connection: connection.execute(_COUNT_TRY, {"of": signature_id}).scalar())
    if tries is None:
        ensure_durable()  # it may be confirmed already, which the page then says
        return Confirmation.WRONG
    if tries > MAX_MATCH_TRIES:
        return Confirmation.SPENT
    if not tokens.two_digits_match(digits, signature_id):
        return Confirmation.WRONG
    confirm(signature_id, names({*signals, Press.ASKED}), is_proved=True)
    return Confirmation.DONE


def _answer_by_code(signature_id: int, code: str, signals: str | None) -> Confirmation:
    with reading() as connection:
        has_code_only = connection.execute(_HAS_CODE_ONLY, {"of": signature_id}).first() is not None
    return confirm_by_code(signature_id, code, signals) if has_code_only else Confirmation.WRONG


def mail_code(token: str, lang: str) -> None:
    """Ask for a mail with a code and without a link. Raises BadToken when the submission does not wait."""
    signature_id, _ = read_confirm_token(token)
    with transaction() as session:
        row = session.get(Signature, signature_id)
        if row is None or row.state != SignatureState.PENDING:
            raise BadToken
        if row.code_only_after is None:
            row.code_only_after = row.mails
        requests.ask(session, RequestKind.CONFIRM, row.campaign_id, lang, subject_id=row.id)
