"""What a person may do on their own page: correct, choose, withdraw, erase, unsubscribe."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pledge.core import clock
from pledge.core.db import transaction
from pledge.core.tokens import BadToken, Purpose
from pledge.ledger.services import Place
from pledge.mail.models import MailKind
from pledge.signatures.erasing import erase_person, take_back
from pledge.signatures.identifiers import read_own_token
from pledge.signatures.models import Signature, SignatureState
from pledge.signatures.outbox import enqueue
from pledge.signatures.places import set_place
from pledge.signatures.rules import clean_name
from pledge.signatures.standing import standing, standing_id


def change(token: str, *, name: str, place: Place, public_name: bool, updates: bool) -> None:
    """Correct the name and the place, and change the optional choices. Raises BadToken, BadLine, BadPlace."""
    name = clean_name(name)
    with transaction() as session:
        row = _own_row(session, token)
        set_place(session, row, place)
        row.name, row.updates = name, updates
        row.public_name = public_name and not row.name_hidden


def unsubscribe(token: str) -> None:
    """Send no more updates; the signature itself stays. Raises BadToken."""
    signature_id = read_own_token(Purpose.UNSUBSCRIBE, token)
    with transaction() as session:
        session.execute(update(Signature).where(Signature.id == standing(signature_id)).values(updates=False))


def withdraw(token: str) -> None:
    """Take a confirmed signature back: -1 in the ledger, once, if it was counted; the optional choices end with it, and a mail
    says so.

    Raises BadToken.
    """
    with transaction() as session:
        row = _own_row(session, token)
        if withdraw_row(session, row):
            enqueue(session, MailKind.WITHDRAWN_SELF, row.id, row.lang, may_wait=True)


def withdraw_row(session: Session, row: Signature) -> bool:
    """Withdraw a row that the caller has locked; False when it is not confirmed.

    An invalidated signature stays invalidated: after a withdrawal it could be signed anew and be counted again.
    """
    was_counted = row.state == SignatureState.CONFIRMED
    if not was_counted and row.state != SignatureState.HELD:
        return False
    row.state, row.withdrawn_at = SignatureState.WITHDRAWN, clock.now()
    row.public_name = row.updates = False
    row.via = None
    if was_counted:
        take_back(session, row)
    return True


def erase(token: str) -> None:
    """Delete everything personal for good, also what waits; a counted signature is taken out of the count first.

    Raises BadToken.
    """
    with transaction() as session:
        erase_person(session, _own_row(session, token))


def _own_row(session: Session, token: str) -> Signature:
    """The person's current row, locked: a parallel withdrawal of the same person waits and then finds it done."""
    signature_id = read_own_token(Purpose.MANAGE, token)
    of_person = Signature.id == standing_id(session, signature_id)
    row = session.scalar(select(Signature).where(of_person).with_for_update())
    if row is None:
        raise BadToken
    return row
