"""What a person may do with a signature: sign, ask for the mail again, confirm, say "this was not me"."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, case, delete, func, insert, literal, select, update

from pledge.abuse import blocks
from pledge.abuse.pressing import Press, is_machine
from pledge.abuse.signals import names
from pledge.campaigns.mailed_links import Confirmation
from pledge.campaigns.models import Campaign
from pledge.campaigns.opening import CampaignNotOpen, check_not_paused
from pledge.core import clock, countries, tokens
from pledge.core.db import ensure_durable, transaction, write_autocommit
from pledge.core.db.types import UTCDateTime
from pledge.core.tokens import BadToken, Purpose
from pledge.ledger import leaves
from pledge.mail import requests
from pledge.mail.models import MailKind, MailRequest, MailState, OutboxMail, RequestKind
from pledge.signatures import statements
from pledge.signatures.addresses import Address
from pledge.signatures.identifiers import (
    address_hash,
    content_hash,
    new_id,
    read_confirm_token,
    read_own_token,
    read_ticket,
    ticket_for,
)
from pledge.signatures.models import Signature, SignatureState
from pledge.signatures.origins import origin
from pledge.signatures.rules import CODE_LIFETIME, clean_name
from pledge.signatures.standing import standing, standing_id

#: Codes that may be typed for one mail, right or wrong, and for all mails about one submission: a guesser has ten
#: chances in a million.
MAX_CODE_TRIES = 5
MAX_ALL_CODE_TRIES = 10


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
    consent_version: int | None = None  #: of what was agreed to (campaigns/consents.py)
    via: str | None = None  #: code of whose link led here (statistics/referrals.py), known to the campaign
    network: str = ""  #: where it came from, as limits.client_network() tells it
    signals: str | None = None  #: names of the signals seen (abuse/signals.py), in order, a space between
    hold_reason: str | None = None  #: why it is held when it is confirmed; None: it is counted then


def sign(submission: Submission) -> str:
    """Store a submission and ask for the mail that confirms it, together or not at all.

    Returns the ticket of the "check your mail" page. Nothing that is known of the person is read: the statements, the rows
    written and the time taken are the same whether they are new, waiting, counted, withdrawn or may get no mail now.
    Raises CampaignNotOpen, SigningPaused, BadLine.
    """
    check_not_paused()
    now = clock.now()
    salt = leaves.new_salt()
    came_from = origin(submission.slug, submission.address, submission.network)
    row = Signature(
        id=new_id(),
        state=SignatureState.PENDING,
        address_hash=address_hash(submission.address),
        email=submission.address.mailed,
        name=clean_name(submission.name),
        country=submission.country,
        region=submission.region if submission.country == countries.HOME else None,
        public_name=submission.public_name,
        updates=submission.updates,
        lang=submission.lang,
        privacy_version=submission.privacy_version,
        submitted_at=now,
        code_since=now,
        salt=salt,
        commitment=leaves.commitment(salt, submission.address.mailed),
        via=submission.via,
        hold_reason=submission.hold_reason or blocks.hold_reason(came_from.hashes),
        signals=submission.signals,
        **vars(came_from),
    )
    row.content_hash = _content_hash(submission, row)
    signature_id = statements.sign(
        row,
        submission.slug,
        pledge_version=submission.pledge_version,
        consent_version=submission.consent_version,
    )
    if signature_id is None:
        raise CampaignNotOpen
    return ticket_for(submission.slug, signature_id)


def confirm(signature_id: int, signals: str | None = None, *, is_proved: bool = False) -> str | None:
    """Count a pending signature: one guarded update, one ledger entry and the mail with thanks, in one transaction. One with
    a hold reason is held instead, and counted when staff release it. `signals`: seen at confirming, as in Submission.

    The campaign's name in addresses when this call did it; None when there was nothing to move (done before, another submission of the same person
    is counted, gone, or too late), or when a scanner may have pressed: what it reads at the recipient's mail server must be
    `is_proved` by something else (number_matching.py).
    """
    slug = statements.confirm(signature_id, signals, is_proved=is_proved)
    if slug is None:
        ensure_durable()  # "done before" is as good as a yes to whoever pressed
    return slug


def confirm_by_link(token: str, signals: Collection[Press] = ()) -> str | None:
    """Confirm with a mailed link, as confirm() does; None also when the link has expired, or the signals say that a machine
    pressed. Raises BadToken.
    """
    signature_id, expired = read_confirm_token(token)
    return None if expired or is_machine(signals) else confirm(signature_id, names(signals))


def confirm_by_code(signature_id: int, code: str, signals: str | None = None) -> Confirmation:
    """Confirm with the six digits of the newest mail about this submission.

    Each try is counted before the digits are compared, so parallel guesses get no more than the rest. Tries count for one
    submission only: a stranger's spoil nobody else's.
    """
    tried = write_autocommit(lambda connection: connection.execute(_COUNT_TRY, {"of": signature_id}).first())
    if tried is None or tried.code_mail == 0 or tried.state == SignatureState.WITHDRAWN:
        return Confirmation.WRONG
    is_spent = tried.code_tries > MAX_CODE_TRIES or tried.all_code_tries > MAX_ALL_CODE_TRIES
    if is_spent or tried.code_since + CODE_LIFETIME < clock.now():
        return Confirmation.SPENT
    if not tokens.code_matches(code, signature_id, tried.code_mail):
        return Confirmation.WRONG
    moved = confirm(signature_id, signals, is_proved=True)
    is_done = moved or tried.state in (SignatureState.CONFIRMED, SignatureState.HELD)
    return Confirmation.DONE if is_done else Confirmation.UNMOVED


def resend(slug: str, ticket: str, lang: str) -> None:
    """Ask for one more mail about a submission; the worker decides which and when (signatures/requests.py).

    Raises BadToken.
    """
    _ask(RequestKind.CONFIRM, slug, lang, subject_id=read_ticket(slug, ticket))


def send_link(slug: str, address: Address, lang: str) -> None:
    """Ask for the link to the own page of whoever has this address; for a stranger no mail follows."""
    _ask(RequestKind.LINK, slug, lang, address_hash=address_hash(address))


def mail_own_link(token: str, lang: str) -> None:
    """Ask for the link to one's own page, with the link that one has confirmed with. Raises BadToken."""
    signature_id, _ = read_confirm_token(token)
    with transaction() as session:
        row = session.get(Signature, standing_id(session, signature_id))
        if row is None or row.state not in (SignatureState.CONFIRMED, SignatureState.HELD):
            raise BadToken
        requests.ask(session, RequestKind.LINK, row.campaign_id, lang, address_hash=bytes(row.address_hash))


def decline_thanks(key: str) -> bool:
    """Send no mail with thanks to whoever has the key of the browser that confirmed. False when it is too late. Raises BadToken.

    A second press is answered as the first.
    """
    signature_id = read_own_token(Purpose.PRESSED, key)
    with transaction() as session:
        leases = session.scalars(
            update(OutboxMail)
            .where(
                OutboxMail.subject_id == standing(signature_id),
                OutboxMail.kind == MailKind.THANKS,
                OutboxMail.state.in_([MailState.QUEUED, MailState.DROPPED]),
            )
            .values(state=MailState.DROPPED)
            .returning(OutboxMail.lease_until)
        ).all()
    # A worker that has taken it up may be sending it now; dropped, it is at least not tried again.
    return bool(leases) and all(lease is None or lease <= clock.now() for lease in leases)


def renew(token: str, lang: str) -> tuple[str, str]:
    """Ask for a new mail for an expired link, to the stored address. Returns slug and ticket of the waiting page.

    Raises BadToken when the link is not for a submission that still waits.
    """
    signature_id, _ = read_confirm_token(token)
    with transaction() as session:
        row = session.get(Signature, signature_id)
        if row is None or row.state != SignatureState.PENDING:
            raise BadToken
        requests.ask(session, RequestKind.CONFIRM, row.campaign_id, lang, subject_id=row.id)
        slug = session.scalars(select(Campaign.slug).where(Campaign.id == row.campaign_id)).one()
        return slug, ticket_for(slug, row.id, by_link=True)


def disown(token: str) -> bool:
    """ "This was not me": delete all that waits for this address. True when something waited.

    Raises BadToken.
    """
    signature_id, _ = read_confirm_token(token)
    with transaction() as session:
        row = session.get(Signature, standing_id(session, signature_id))
        if row is None or row.state != SignatureState.PENDING:
            return False
        of_person = Signature.address_hash == row.address_hash
        session.execute(delete(Signature).where(of_person, Signature.state == SignatureState.PENDING))
    return True


#: The number of the newest mail to confirm that has been taken up for sending; older codes no longer work.
NEWEST_MAIL = (
    select(func.coalesce(func.max(OutboxMail.seq), 0))
    .where(
        OutboxMail.subject_id == Signature.id, OutboxMail.kind == MailKind.CONFIRM, OutboxMail.attempts > 0
    )
    .correlate(Signature)
    .scalar_subquery()
)
_COUNT_TRY = (
    update(Signature)
    .where(Signature.id == bindparam("of"))
    .values(
        code_mail=NEWEST_MAIL,
        code_tries=case((Signature.code_mail == NEWEST_MAIL, Signature.code_tries + 1), else_=1),
        all_code_tries=Signature.all_code_tries + 1,
    )
    .returning(
        *(Signature.state, Signature.code_since),
        *(Signature.code_mail, Signature.code_tries, Signature.all_code_tries),
    )
)


def _content_hash(submission: Submission, row: Signature) -> bytes:
    """The same for a form that is sent twice on one day (UTC); the next day it is a new submission with its own clock."""
    who = (submission.slug, submission.address.canonical, row.email, row.name)
    said = (row.country, row.region, row.public_name, row.updates)
    shown = (submission.pledge_version, submission.consent_version, row.privacy_version)
    return content_hash((*who, *said, *shown, row.submitted_at.date().isoformat()))


def _ask(kind: RequestKind, slug: str, lang: str, **about: Any) -> None:
    """One INSERT, whoever it is about; nothing when there is no such campaign."""
    now = clock.now()
    values = {"kind": kind.value, "subject_id": None, "address_hash": None, "lang": lang, **about}
    chosen = select(
        *(literal(value, MailRequest.__table__.c[name].type) for name, value in values.items()),
        Campaign.id,
        literal(now, UTCDateTime()),
        literal(now, UTCDateTime()),
    ).where(Campaign.slug == slug)
    statement = insert(MailRequest).from_select([*values, "campaign_id", "created_at", "due_at"], chosen)
    write_autocommit(lambda connection: connection.execute(statement))
