"""What a person may do with a signature: sign, ask for the mail again, confirm, say "this was not me"."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.orm import Session

from pledge import clock, places, tokens
from pledge.campaigns.models import Campaign
from pledge.campaigns.queries import CONFIRM_GRACE
from pledge.crypto import vault
from pledge.db import transaction, write_once
from pledge.ledger import leaves
from pledge.ledger.services import hour_of
from pledge.mail.models import MailBlock, MailKind
from pledge.signatures import statements
from pledge.signatures.addresses import Address
from pledge.signatures.identifiers import address_hash, new_id, read_confirm_token, ticket_for
from pledge.signatures.models import EMAIL_CONTEXT, NAME_CONTEXT, SALT_CONTEXT, Signature, SignatureState
from pledge.signatures.origins import origin
from pledge.signatures.rules import clean_name
from pledge.switches import queries as switches
from pledge.tokens import BadToken

#: Codes that may be typed for one mail, right or wrong: one chance in 200,000 to guess.
MOST_CODE_TRIES = 5
CODE_LIFETIME = timedelta(days=7)
#: How long an address gets no mail after "this was not me".
BLOCK = timedelta(days=180)


class CampaignNotOpen(Exception):
    """The campaign does not take signatures now, or the pledge text named by the form is not one of its versions."""


class SigningPaused(Exception):
    """Staff have paused signing for all campaigns."""


@dataclass(frozen=True)
class Submission:
    """What one person sent with the form, after the form's own checks."""

    slug: str
    name: str
    address: Address
    country: str
    region: str | None
    public_name: bool
    updates: bool
    lang: str
    privacy_version: str
    pledge_version: int | None = None
    list_terms: int | None = None  #: version of the terms that were agreed to (campaigns/list_terms.py)
    network: str = ""  #: where it came from, as limits.client_network() tells it


class Confirmation(StrEnum):
    """How an attempt to confirm by code ended."""

    DONE = "done"
    WRONG = "wrong"
    SPENT = "spent"  #: too many tries, or too late: only a new mail helps


def sign(submission: Submission) -> str:
    """Record a submission and owe the mail that confirms it, together or not at all.

    Returns the ticket of the "check your mail" page. It, the time taken and the statements run are the same whether
    this person is new, waiting, counted, withdrawn or may get no mail now. Raises CampaignNotOpen, SigningPaused, BadLine.
    """
    if switches.current().signing_paused:
        raise SigningPaused
    now = clock.now()
    hashed = address_hash(submission.address)
    in_korea = submission.country == places.HOME
    salt = leaves.new_salt()
    seal = vault().seal
    came_from = origin(submission.address, submission.network)
    values = {
        "id": new_id(),
        "slug": submission.slug,
        "pledge_version": submission.pledge_version,
        "address_hash": hashed,
        "email": seal(submission.address.mailed, EMAIL_CONTEXT),
        "name": seal(clean_name(submission.name), NAME_CONTEXT),
        "country": submission.country,
        "region": submission.region if in_korea else None,
        "public_name": submission.public_name,
        "updates": submission.updates,
        "lang": submission.lang,
        "privacy_version": submission.privacy_version,
        "network_hash": came_from.network_hash,
        "domain_hash": came_from.domain_hash,
        "mail_provider": came_from.mail_provider,
        "salt": seal(salt, SALT_CONTEXT),
        "commitment": leaves.commitment(salt, submission.address.mailed),
        "list_terms": submission.list_terms,
        "now": now,
        "now_s": int(now.timestamp()),
    }
    if not statements.sign(values):
        raise CampaignNotOpen
    return ticket_for(submission.slug, hashed)


def confirm(signature_id: int, seq: int) -> bool:
    """Count a pending signature: one guarded update and one ledger entry, in one transaction.

    True when this call did it; False when there was nothing to move (done before, replaced, gone, or too late).
    """
    now = clock.now()
    values = {"id": signature_id, "seq": seq, "now": now, "grace": now - CONFIRM_GRACE, "hour": hour_of(now)}
    return statements.confirm(values)


def confirm_by_code(slug: str, hashed: bytes, code: str) -> tuple[Confirmation, int, int]:
    """Confirm with the six digits of the mail; returns the outcome and, when done, the row's id and version.

    Each try is counted before the digits are compared, so parallel guesses get no more than the rest.
    """
    tried = write_once(lambda connection: _count_try(connection, slug, hashed))
    if tried is None:
        return Confirmation.WRONG, 0, 0
    signature_id, seq, tries, since = tried
    if tries > MOST_CODE_TRIES or since + CODE_LIFETIME < clock.now():
        return Confirmation.SPENT, 0, 0
    if not tokens.code_matches(code, signature_id, seq):
        return Confirmation.WRONG, 0, 0
    confirm(signature_id, seq)
    return Confirmation.DONE, signature_id, seq


def resend(slug: str, hashed: bytes, lang: str) -> None:
    """Owe the same mail once more, within the caps: to confirm, or that one is counted already."""
    _mail_again(slug, hashed, lang, MailKind.ALREADY)


def send_link(slug: str, address: Address, lang: str) -> None:
    """Owe the link to one's own page; who has not confirmed yet gets the mail to confirm, a stranger nothing."""
    _mail_again(slug, address_hash(address), lang, MailKind.MANAGE)


def mail_own_link(token: str, lang: str) -> None:
    """Owe the link to one's own page to who has just confirmed with this link. Raises BadToken."""
    signature_id, _, _ = read_confirm_token(token)
    with transaction() as session:
        row = session.get(Signature, signature_id)
        if row is None or row.state != SignatureState.CONFIRMED:
            raise BadToken
        _owe(session, row, MailKind.MANAGE, lang)


def renew(token: str, lang: str) -> tuple[int, bytes]:
    """Owe a new mail for an expired link, to the stored address. Returns campaign id and address hash.

    Raises BadToken when the link is not for a signature that still waits.
    """
    signature_id, seq, _ = read_confirm_token(token)
    with transaction() as session:
        row = session.scalar(select(Signature).where(Signature.id == signature_id, Signature.seq == seq))
        if row is None or row.state != SignatureState.PENDING:
            raise BadToken
        _owe(session, row, MailKind.CONFIRM, lang)
        return row.campaign_id, row.address_hash


def disown(token: str) -> bool:
    """ "This was not me": delete the waiting row and stop mails to its address. True when there was such a row.

    Raises BadToken.
    """
    signature_id, _, _ = read_confirm_token(token)
    with transaction() as session:
        gone = session.execute(
            delete(Signature)
            .where(Signature.id == signature_id, Signature.state == SignatureState.PENDING)
            .returning(Signature.address_hash)
        ).scalar()
        if gone is None:
            return False
        session.merge(MailBlock(address_hash=bytes(gone), until=clock.now() + BLOCK))
    return True


def _count_try(connection: Connection, slug: str, hashed: bytes) -> tuple[int, int, int, datetime] | None:
    campaign = select(Campaign.id).where(Campaign.slug == slug).scalar_subquery()
    row = connection.execute(
        update(Signature)
        .where(
            Signature.campaign_id == campaign,
            Signature.address_hash == hashed,
            Signature.state != SignatureState.WITHDRAWN,
        )
        .values(code_tries=Signature.code_tries + 1)
        .returning(Signature.id, Signature.seq, Signature.code_tries, Signature.code_since)
    ).first()
    return None if row is None else (row.id, row.seq, row.code_tries, row.code_since)


def _mail_again(slug: str, hashed: bytes, lang: str, otherwise: MailKind) -> None:
    """Mail about a known signature: `confirm` while it waits, `otherwise` when it is past that."""
    with transaction() as session:
        row = session.scalar(
            select(Signature)
            .join(Campaign, Campaign.id == Signature.campaign_id)
            .where(Campaign.slug == slug, Signature.address_hash == hashed)
        )
        if row is None or (row.state == SignatureState.WITHDRAWN and otherwise is MailKind.ALREADY):
            return
        _owe(session, row, MailKind.CONFIRM if row.state == SignatureState.PENDING else otherwise, lang)


def _owe(session: Session, row: Signature, kind: MailKind, lang: str) -> None:
    now = clock.now()
    if statements.mail_again(session.connection(), row, kind, lang, now) and kind is MailKind.CONFIRM:
        row.code_since, row.code_tries = now, 0
