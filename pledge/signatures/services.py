"""What a person may do with a signature: sign, ask for the mail again, confirm, say "this was not me"; on their own page correct,
choose, withdraw, erase, unsubscribe.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, case, delete, exists, func, or_, select, text, update
from sqlalchemy.orm import Session

from pledge.abuse import origin_list
from pledge.abuse.models import HoldReason, ListEffect
from pledge.abuse.signals import ClickSignal, is_machine_click, names
from pledge.audit.models import SIGNER, WORKER, Actor
from pledge.audit.services import record
from pledge.campaigns.models import Campaign
from pledge.campaigns.opening import CampaignNotOpen, check_not_paused
from pledge.core import clock, countries, tokens
from pledge.core.db import ensure_durable, fetch, transaction, write_autocommit
from pledge.core.encryption import vault
from pledge.core.text.lines import clean_line
from pledge.core.tokens import CONFIRM_LIFETIME, BadToken, Purpose
from pledge.ledger import leaves
from pledge.ledger.models import Reason
from pledge.ledger.services import Place
from pledge.mail import allowance, requests
from pledge.mail.addresses import Address, address_hash
from pledge.mail.models import MailKind, MailState, OutboxMail, RequestKind
from pledge.mailed_links import tickets
from pledge.mailed_links.links import Confirmation, check_number, new_id, read_numbers, read_valid
from pledge.signatures import statements
from pledge.signatures.entries import append_moves, set_place
from pledge.signatures.models import ERASURE_DELAY, TO_ERASE, Signature, SignatureState
from pledge.signatures.origins import listed_address_hash, origin
from pledge.signatures.outbox import enqueue
from pledge.signatures.queries import (
    OF_PERSON,
    OTHER,
    AddressOnly,
    current_signature,
    lock_current,
    lock_person,
)

MAX_NAME = 80
#: How long the code of a mail to confirm works, from when the mail is due.
CODE_LIFETIME = CONFIRM_LIFETIME

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


def clean_name(text: str) -> str:
    """A name as it will be kept: 1–80 characters. Checked by the form and again when it is stored. Raises BadLine."""
    return clean_line(text, MAX_NAME, is_person=True)


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
    address = listed_address_hash(submission.slug, submission.address)
    listed = origin_list.effect_on(address, came_from.hashes)
    hold_reason = submission.hold_reason or (HoldReason.BLOCKED if listed is ListEffect.HOLD else None)
    is_allowed = listed is ListEffect.ALLOW
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
        hold_reason=None if is_allowed else hold_reason,
        cleared=is_allowed,
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


def ticket_for(slug: str, signature_id: int, *, by_link: bool = False) -> str:
    """The ticket of the page where somebody waits for the mail about a submission."""
    return tickets.seal(Purpose.TICKET, slug, signature_id, by_link=by_link)


def read_ticket(slug: str, ticket: str) -> int:
    """Id of the submission that a ticket of this campaign belongs to. Raises BadToken."""
    return int(tickets.read(Purpose.TICKET, slug, ticket)[0])


def confirm(signature_id: int, signals: str | None = None, *, is_proved: bool = False) -> str | None:
    """Count a pending signature: one guarded update, one ledger entry and the mail with thanks, in one transaction. One with
    a hold reason is held instead, with the mail that says so, and counted when staff release it. `signals`: seen at confirming,
    as in Submission.

    The campaign's name in addresses when this call did it; None when there was nothing to move (done before, another submission of the same person
    is counted, gone, or too late), or when a scanner may have pressed: what it reads at the recipient's mail server must be
    `is_proved` by something else (mailed_links/links.py).
    """
    slug = statements.confirm(signature_id, signals, is_proved=is_proved)
    if slug is None:
        ensure_durable()  # "done before" is a yes too, so it must be as safe
    return slug


def confirm_by_link(token: str, signals: Collection[ClickSignal] = ()) -> str | None:
    """Confirm with a mailed link, as confirm() does; None also when the link has expired, or the signals say that a machine
    pressed. Raises BadToken.
    """
    (signature_id,), expired = read_numbers(Purpose.CONFIRM, token)
    return None if expired or is_machine_click(signals) else confirm(signature_id, names(signals))


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
    """Ask for one more mail about a submission; the worker decides which and when (signatures/outbox.py).

    Raises BadToken.
    """
    tickets.ask(RequestKind.CONFIRM, slug, lang, subject_id=read_ticket(slug, ticket))


def mail_own_link(token: str, lang: str) -> None:
    """Ask for the link to one's own page, with the link that one has confirmed with. Raises BadToken."""
    (signature_id,), _ = read_numbers(Purpose.CONFIRM, token)
    with transaction() as session:
        row = lock_current(session, signature_id)
        if row is None or row.state not in (SignatureState.CONFIRMED, SignatureState.HELD):
            raise BadToken
        requests.ask(session, RequestKind.LINK, row.campaign_id, lang, address_hash=bytes(row.address_hash))


def decline_thanks(key: str) -> bool:
    """Send no mail with thanks to the person whose browser confirmed; `key` is what it keeps. False when it is too late. Raises BadToken.

    A second press is answered as the first.
    """
    (signature_id,) = read_valid(Purpose.PRESSED, key)
    with transaction() as session:
        leases = session.scalars(
            update(OutboxMail)
            .where(
                OutboxMail.subject_id == current_signature(signature_id),
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
    with transaction() as session:
        row = _pending_row(session, token)
        requests.ask(session, RequestKind.CONFIRM, row.campaign_id, lang, subject_id=row.id)
        slug = session.scalars(select(Campaign.slug).where(Campaign.id == row.campaign_id)).one()
        return slug, ticket_for(slug, row.id, by_link=True)


def _pending_row(session: Session, token: str) -> Signature:
    (signature_id,), _ = read_numbers(Purpose.CONFIRM, token)
    row = session.get(Signature, signature_id)
    if row is None or row.state != SignatureState.PENDING:
        raise BadToken
    return row


def disown(token: str) -> bool:
    """ "This was not me": delete all that waits for this address. True when something waited.

    Raises BadToken.
    """
    (signature_id,), _ = read_numbers(Purpose.CONFIRM, token)
    with transaction() as session:
        row = lock_current(session, signature_id)
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
    choices = (row.country, row.region, row.public_name, row.updates)
    shown = (submission.pledge_version, submission.consent_version, row.privacy_version)
    return vault().keyed_hash(f"content {(*who, *choices, *shown, row.submitted_at.date().isoformat())!r}")


def change(token: str, *, name: str, place: Place, public_name: bool, updates: bool) -> None:
    """Correct the name and the place, and change the optional choices. Raises BadToken, BadLine, BadPlace."""
    name = clean_name(name)
    with transaction() as session:
        row = _own_row(session, token)
        set_place(session, row, place)
        row.name, row.updates = name, updates
        row.public_name = public_name and not row.name_hidden


def unsubscribe(token: str) -> bool:
    """Send no more updates; the signature itself stays. True where only the address was left, which is deleted. Raises BadToken."""
    (signature_id,) = read_valid(Purpose.UNSUBSCRIBE, token)
    with transaction() as session:
        address = (Signature.id == signature_id, Signature.state == SignatureState.ADDRESS_ONLY)
        if session.scalar(delete(Signature).where(*address).returning(Signature.id)) is not None:
            return True
        session.execute(
            update(Signature).where(Signature.id == current_signature(signature_id)).values(updates=False)
        )
        return False


def withdraw(token: str) -> bool:
    """Take a confirmed signature back: -1 in the ledger, once, if it was counted; the optional choices end with it, and a mail
    says so. False when that was done before.

    Raises BadToken.
    """
    with transaction() as session:
        return withdraw_row(session, _own_row(session, token), MailKind.WITHDRAWN_SELF)


def withdraw_row(session: Session, row: Signature, mail: MailKind) -> bool:
    """Withdraw a row that the caller has locked; False when it is not confirmed. The fold asks for the mail about one that was
    counted, so that a web server that asks for none takes nobody out unheard (outbox.py: mail_taken_out).

    An invalidated signature stays invalidated: after a withdrawal it could be signed anew and be counted again.
    """
    was_counted = row.state == SignatureState.CONFIRMED
    if not was_counted and row.state != SignatureState.HELD:
        return False
    row.state, row.withdrawn_at = SignatureState.WITHDRAWN, clock.now()
    row.public_name = row.updates = False
    row.via = None
    if was_counted:
        append_moves(session, [row], Reason.REMOVED)
    else:
        enqueue(session, mail, row.id, row.lang, may_wait=True)
    return True


def erase(token: str) -> None:
    """Delete everything personal for good, also what waits; a counted signature is taken out of the count first.

    Raises BadToken.
    """
    with transaction() as session:
        _erase_rows(session, _own_rows(session, token))


def stop_erasure(token: str) -> None:
    """Keep what staff would erase; done before, it changes nothing. Raises BadToken, also when it is erased."""
    with transaction() as session:
        end_erasure(session, _own_rows(session, token), SIGNER)


def end_erasure(session: Session, rows: Sequence[Signature], actor: Actor) -> None:
    """The same for the rows of a person that the caller has locked."""
    planned = [row for row in rows if row.erase_at is not None]
    for row in planned:
        row.erase_at = None
    if planned:
        record(session, actor, "signature.stop_erasure", f"signature:{planned[0].id}")


def erase_due(limit: int = 50) -> int:
    """Carry out the erasures that staff planned and can no longer be stopped; returns how many people.

    It begins when the mail about it goes out: while that waits, nobody is erased.
    """
    now = clock.now()
    is_mailed_lately = or_(OutboxMail.state == MailState.QUEUED, OutboxMail.sent_at > now - ERASURE_DELAY)
    may_be_stopped = exists().where(
        OF_PERSON, OutboxMail.subject_id == OTHER.id, OutboxMail.kind == MailKind.ERASURE, is_mailed_lately
    )
    is_due = (text(TO_ERASE), Signature.erase_at <= now, ~may_be_stopped)
    ids = list(fetch(select(Signature.id).where(*is_due).limit(limit)).scalars())
    erased = 0
    for signature_id in ids:
        with transaction() as session:
            # Locked and read again: the person may have stopped it meanwhile, or another worker has done it.
            rows = [row for row in lock_person(session, signature_id) if row.erase_at and row.erase_at <= now]
            if rows:
                _erase_rows(session, rows)
                record(session, WORKER, "signature.erase", f"signature:{signature_id}")
                erased += 1
    return erased


def _own_rows(session: Session, token: str) -> Sequence[Signature]:
    rows = lock_person(session, read_valid(Purpose.MANAGE, token)[0])
    if not rows:
        raise BadToken
    return rows


def _own_row(session: Session, token: str) -> Signature:
    row = lock_current(session, read_valid(Purpose.MANAGE, token)[0])
    if row is None:
        raise BadToken
    if row.state == SignatureState.ADDRESS_ONLY:
        raise AddressOnly(row.id)
    return row


_COUNT_NUMBER = (
    update(Signature)
    .where(Signature.id == bindparam("of"), Signature.state == SignatureState.PENDING)
    .values(match_tries=Signature.match_tries + 1)
    .returning(Signature.match_tries)
)
#: The newest mail that was taken up for sending is one without a link, sent after one with a link.
_HAS_CODE_ONLY = select(Signature.id).where(
    Signature.id == bindparam("of"), Signature.code_only_after > 0, Signature.code_only_after < NEWEST_MAIL
)


def confirm_by_number(token: str, digits: str, signals: Collection[ClickSignal] = ()) -> Confirmation:
    """Confirm by link and number: the two digits, or the six of a mail that came without a link. Raises BadToken.

    The code of the mail with the link proves nothing here: whatever opened the link has read it. It is not even compared,
    so that a machine that types what it finds uses up no try of the person.
    """
    (signature_id,), is_expired = read_numbers(Purpose.CONFIRM, token)
    if is_expired:
        return Confirmation.WRONG
    if len(digits) != 2:
        if fetch(_HAS_CODE_ONLY, {"of": signature_id}).first() is None:
            return Confirmation.WRONG
        return confirm_by_code(signature_id, digits, names({*signals, ClickSignal.ASKED}))
    tries = write_autocommit(
        lambda connection: connection.execute(_COUNT_NUMBER, {"of": signature_id}).scalar()
    )
    outcome = check_number(tries, digits, signature_id)
    if outcome is Confirmation.DONE:
        confirm(signature_id, names({*signals, ClickSignal.ASKED}), is_proved=True)
    elif tries is None:
        ensure_durable()  # it may be confirmed already, which the page then says
    return outcome


def mail_code(token: str, lang: str) -> None:
    """Ask for a mail with a code and without a link. Raises BadToken when the submission does not wait."""
    with transaction() as session:
        row = _pending_row(session, token)
        if row.code_only_after is None:
            row.code_only_after = row.mails
        requests.ask(session, RequestKind.CONFIRM, row.campaign_id, lang, subject_id=row.id)


def _erase_rows(session: Session, rows: Sequence[Signature]) -> None:
    """Delete rows of one person that the caller has locked; what is counted is taken out of the count first.

    What stays are the ledger's two entries (+1 and -1) under a random number that nothing points to any more. An
    invalidated signature is out of the count already; with its row the mark is gone too.
    """
    append_moves(session, [row for row in rows if row.state == SignatureState.CONFIRMED], Reason.REMOVED)
    allowance.erase(session, *(row.email for row in rows))
    session.execute(delete(Signature).where(Signature.id.in_([row.id for row in rows])))
