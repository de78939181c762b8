"""Reads of signatures: which of a person's rows is the current one, the state of a mailed link, one's own data, names that
may be shown, and what staff see of one person.

Staff see names and addresses only masked: who found a person by the exact address knows it already.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.orm import Session, aliased, defer
from sqlalchemy.orm.interfaces import LoaderOption

from pledge.abuse import mail_servers
from pledge.audit.models import AuditEntry
from pledge.campaigns import queries as campaigns
from pledge.campaigns.consents import ConsentView
from pledge.campaigns.models import Campaign, CampaignConsent
from pledge.campaigns.queries import CampaignView, PledgeView
from pledge.core import clock
from pledge.core.db import db, fetch
from pledge.core.languages import Texts
from pledge.core.tokens import BadToken, Purpose
from pledge.ledger.queries import number_column
from pledge.mail import allowance, suppression
from pledge.mail.models import MailKind, MailState, OutboxMail
from pledge.mailed_links.links import Link, LinkState, read_numbers, read_valid, waiting_state
from pledge.signatures.invalidation.models import Invalidation, InvalidationReason, seconds_to_confirm
from pledge.signatures.models import HELD, SETTLED, SHOWN_BY_NAME, Signature, SignatureState

#: For how long the page where the form was sent tells that the submission was confirmed elsewhere.
WAITING_PAGE = timedelta(hours=1)

OTHER = aliased(Signature, name="o")
#: OTHER is a row of the person of a row of Signature in the same campaign; that row itself is one.
OF_PERSON = and_(OTHER.address_hash == Signature.address_hash, OTHER.campaign_id == Signature.campaign_id)
#: The person's signature counts, or was taken out of the count.
IS_SETTLED = exists().where(OF_PERSON, text(f"o.{SETTLED}"))
#: The person's signature counts.
IS_COUNTED = exists().where(OF_PERSON, OTHER.state == SignatureState.CONFIRMED)
#: Nothing is left to confirm: it is settled, or the person has confirmed some submission since this one, even if they have
#: withdrawn it again.
HAS_CONFIRMED = exists().where(
    OF_PERSON, or_(text(f"o.{SETTLED}"), OTHER.confirmed_at >= Signature.submitted_at)
)

#: Staff have refused this row while it was held: it has never been counted.
IS_REFUSED = (Signature.state == SignatureState.INVALIDATED) & Signature.hold_reason.is_not(None)


def current_signature(signature_id: int | BindParameter[int]) -> ScalarSelect[int]:
    """The id of the settled row of the person that this row is about; its own id when they have none.

    As SQL, for a condition on Signature.id.
    """
    named, settled = aliased(Signature), Signature.__table__.alias("o")
    matching = (
        select(settled.c.id)
        .join(
            named,
            (settled.c.address_hash == named.address_hash) & (settled.c.campaign_id == named.campaign_id),
        )
        .where(named.id == signature_id, text(f"o.{SETTLED}"))
    )
    own = (
        signature_id if isinstance(signature_id, BindParameter) else literal(signature_id, Signature.id.type)
    )
    return select(func.coalesce(matching.scalar_subquery(), own)).scalar_subquery()


def lock_current(session: Session, signature_id: int) -> Signature | None:
    """The person's current row, locked: a parallel withdrawal of the same person waits and then finds it done."""
    current = session.scalar(select(current_signature(signature_id)))
    return session.scalar(select(Signature).where(Signature.id == current).with_for_update())


def lock_person(session: Session, signature_id: int) -> Sequence[Signature]:
    """All rows of the person of this row in its campaign, locked in one order, so that two who lock them do not deadlock."""
    person = select(OTHER.address_hash, OTHER.campaign_id).where(OTHER.id == signature_id)
    is_theirs = tuple_(Signature.address_hash, Signature.campaign_id).in_(person)
    return session.scalars(select(Signature).where(is_theirs).order_by(Signature.id).with_for_update()).all()


def lock(session: Session, ids: Sequence[int]) -> None:
    """Lock these signatures until the caller's transaction ends."""
    rows = select(Signature.id).where(Signature.id.in_(ids)).order_by(Signature.id)
    session.execute(rows.with_for_update()).all()


class AddressOnly(BadToken):
    """Of the signature that a link opens only the address is left (keeping.py); args[0]: its id."""


#: What stays in the database: salts, hashes, and what is known of codes.
_UNREAD = (
    *(Signature.salt, Signature.commitment, Signature.address_hash, Signature.content_hash),
    *(Signature.code_since, Signature.code_mail, Signature.code_tries, Signature.all_code_tries),
)


@dataclass(frozen=True)
class SignatureView:
    """One person's signature, readable: shown only to the holder of a link from that person's mailbox."""

    row: Signature  #: without what stays in the database
    invalidated_for: InvalidationReason | None  #: why it was taken out of the count or refused, if it was
    is_refused: bool  #: it was held and never counted
    thanks_wait: bool  #: the mail with thanks is still to be sent
    is_scanned: bool  #: the mail server of the address belongs to a scanner
    number: int | None  #: "you are number …"; None before it is counted
    campaign: CampaignView
    pledge: PledgeView
    consent: ConsentView  #: what was agreed to

    @property
    def token_numbers(self) -> list[int]:
        """What a token of its own pages names."""
        return [self.row.id]

    @property
    def mailed_to(self) -> str:
        return self.row.email

    @property
    def match_tries(self) -> int:
        """Two-digit numbers typed behind the link."""
        return self.row.match_tries

    @property
    def has_code_only(self) -> bool:
        """A mail with a code and without a link was asked for."""
        return self.row.code_only_after is not None


@dataclass(frozen=True)
class PressedSignature:
    """What whoever pressed the button is told of a signature; nothing else is read for them, and nothing decrypted."""

    id: int
    slug: str  #: of its campaign
    state: str
    country: str
    region: str | None
    invalidated_for: str | None
    is_refused: bool
    thanks_wait: bool
    number: int | None


#: Reads the campaign and pledge text of a signature, by id and language. Pages may use results a second old.
CampaignReaders = tuple[Callable[[int, str], CampaignView | None], Callable[[int, str], PledgeView]]
AS_OF_NOW: CampaignReaders = (campaigns.find_by_id, campaigns.pledge_text)


def open_link(token: str, lang: str, readers: CampaignReaders = AS_OF_NOW) -> Link[SignatureView]:
    """The state of a link to confirm, with its submission, or the settled one of the same person. Reads only."""
    try:
        (signature_id,), expired = read_numbers(Purpose.CONFIRM, token)
    except BadToken:
        return Link(LinkState.UNKNOWN)
    signature = _find(_OF_PERSON, signature_id, lang, readers)
    if signature is None or signature.row.state == SignatureState.ADDRESS_ONLY:
        return Link(LinkState.UNKNOWN)
    state = LinkState(signature.row.state)
    if state is LinkState.PENDING:
        state = waiting_state(takes_confirmations=signature.campaign.takes_confirmations, expired=expired)
    return Link(state, signature, expired)


def own_signature(
    token: str, lang: str, purpose: Purpose = Purpose.MANAGE, *, or_address: bool = False
) -> SignatureView:
    """The signature whose own page a link opens. Raises BadToken when there is none (any more), AddressOnly when its address is
    all that is left, except with `or_address`.
    """
    signature = _find(_OF_PERSON, read_valid(purpose, token)[0], lang, AS_OF_NOW)
    if signature is None:
        raise BadToken
    if signature.row.state == SignatureState.ADDRESS_ONLY and not or_address:
        raise AddressOnly(signature.row.id)
    return signature


def pressed_signature(key: str) -> PressedSignature:
    """The signature whose button the browser with this key has pressed. Raises BadToken when there is none (any more)."""
    row = fetch(_PRESSED, {"id": read_valid(Purpose.PRESSED, key)[0]}).first()
    if row is None:
        raise BadToken
    return PressedSignature(*row)


def confirmed_lately(signature_id: int) -> SignatureState | None:
    """The state of this very submission once it was confirmed, for the page where its form was sent: confirmed or held. Never
    about others of the person.

    Only for an hour after it was sent: somebody who typed a stranger's address learns nothing later (docs/adr/0062).
    """
    values = {"id": signature_id, "since": clock.now() - WAITING_PAGE}
    state = fetch(_CONFIRMED_LATELY, values).scalar()
    return None if state is None else SignatureState(state)


_THANKS_WAIT = exists().where(
    OutboxMail.subject_id == Signature.id,
    OutboxMail.kind == MailKind.THANKS,
    OutboxMail.state == MailState.QUEUED,
)


_Whole = Select[Signature, str | None, bool, bool, bool, int | None, Texts | None]


def _whole(of: ColumnElement[bool], columns: Sequence[LoaderOption]) -> _Whole:
    return (
        select(
            Signature,
            Invalidation.reason,
            IS_REFUSED,
            _THANKS_WAIT,
            mail_servers.scans(Signature.domain_hash),
            number_column(Signature.id),
            CampaignConsent.recipient,
        )
        .options(*columns)
        .outerjoin(
            CampaignConsent,
            (CampaignConsent.campaign_id == Signature.campaign_id)
            & (CampaignConsent.version == Signature.consent_version),
        )
        .outerjoin(Invalidation, Invalidation.id == Signature.invalidation_id)
        .where(of)
    )


_CONFIRMED_LATELY = select(Signature.state).where(
    Signature.id == bindparam("id"),
    (Signature.state == SignatureState.CONFIRMED) | (Signature.state == SignatureState.HELD),
    Signature.submitted_at > bindparam("since"),
)

# Made once: each page of a mailed link reads by one of them, and to make one takes longer than to run it.
_READ = [defer(column, raiseload=True) for column in _UNREAD]
_IS_PERSON = Signature.id == current_signature(bindparam("id", type_=Signature.id.type))
_OF_ROW = _whole(Signature.id == bindparam("id"), _READ)
_OF_PERSON = _whole(_IS_PERSON, _READ)
_PRESSED = (
    select(
        Signature.id,
        Campaign.slug,
        Signature.state,
        Signature.country,
        Signature.region,
        Invalidation.reason,
        IS_REFUSED,
        _THANKS_WAIT,
        number_column(Signature.id),
    )
    .join(Campaign, Campaign.id == Signature.campaign_id)
    .outerjoin(Invalidation, Invalidation.id == Signature.invalidation_id)
    .where(_IS_PERSON)
)


def _find(query: _Whole, signature_id: int, lang: str, readers: CampaignReaders) -> SignatureView | None:
    find_campaign, find_pledge = readers
    with Session(db.engine) as session:
        columns = session.execute(query, {"id": signature_id}).first()
    if columns is None:
        return None
    row, reason, is_refused, thanks_wait, is_scanned, number, recipient = columns
    campaign = find_campaign(row.campaign_id, lang)
    if campaign is None:
        return None
    return SignatureView(
        row,
        InvalidationReason(reason) if reason else None,
        is_refused,
        thanks_wait,
        is_scanned,
        number,
        campaign,
        find_pledge(row.pledge_text_id, lang),
        ConsentView(row.consent_version, recipient.in_language(lang) if recipient else ""),
    )


def public_names(campaign_id: int, limit: int = 12) -> list[str]:
    """The newest confirmed signers of a campaign who agreed that their name is shown."""
    query = select(Signature.name).where(Signature.campaign_id == campaign_id, text(SHOWN_BY_NAME))
    return list(fetch(query.order_by(Signature.confirmed_at.desc()).limit(limit)).scalars())


def is_signed(session: Session, campaign_id: int, pledge_text_id: int) -> bool:
    """Whether somebody signed this pledge text, confirmed or not; inside the transaction that wants to change it."""
    of_this_text = (Signature.campaign_id == campaign_id) & (Signature.pledge_text_id == pledge_text_id)
    return bool(session.scalar(select(exists().where(of_this_text))))


def confirmed(ids: Collection[int]) -> set[int]:
    """Those of these signatures that were ever confirmed."""
    query = select(Signature.id).where(Signature.id.in_(ids), Signature.confirmed_at.is_not(None))
    return set(fetch(query).scalars())


#: What is mailed to the person again, by the state of the signature.
MAIL_AGAIN = {
    SignatureState.PENDING: MailKind.CONFIRM,
    SignatureState.CONFIRMED: MailKind.MANAGE,
    SignatureState.HELD: MailKind.MANAGE,
    SignatureState.WITHDRAWN: MailKind.MANAGE,
    SignatureState.INVALIDATED: MailKind.INVALIDATED,
    SignatureState.ADDRESS_ONLY: MailKind.MANAGE,
}

#: Staff have withdrawn it, as its signer asked them to.
_IS_BY_STAFF = exists().where(
    AuditEntry.subject == literal("signature:").concat(Signature.id),
    AuditEntry.action == "signature.withdraw",
)
#: The mail to a signer who counts no longer.
MAIL_TAKEN_OUT = case(
    (Signature.state == SignatureState.INVALIDATED, MailKind.INVALIDATED.value),
    (_IS_BY_STAFF, MailKind.WITHDRAWN.value),
    else_=MailKind.WITHDRAWN_SELF.value,
)


@dataclass(frozen=True)
class SignatureDetail:
    """One person's signature as staff may see it."""

    view: SignatureView
    seconds_to_confirm: float | None
    mails: Sequence[OutboxMail]  #: about it, the newest first
    is_suppressed: bool  #: no mail goes to the address, as one came back or its owner complained
    mail_at: datetime | None  #: from when on the caps allow the mail of MAIL_AGAIN; None: now
    others: Sequence[Signature]  #: of the same address, in all campaigns, the newest first

    @property
    def name(self) -> str:
        """In full only while the campaign's page shows it."""
        row = self.view.row
        is_shown = row.public_name and row.state == SignatureState.CONFIRMED
        return row.name if is_shown else masked(row.name)

    @property
    def email(self) -> str:
        return masked(self.view.row.email)

    @property
    def is_to_be_held(self) -> bool:
        """When it is confirmed."""
        return self.view.row.state == SignatureState.PENDING and self.view.row.hold_reason is not None


def masked(text: str) -> str:
    """The first character of a name, or of both parts of an address, and nothing else."""
    local, at, domain = text.partition("@")
    return f"{local[:1]}**@{domain[:1]}**" if at else f"{text[:1]}**"


def person(signature_id: int, lang: str) -> SignatureDetail | None:
    """One signature with its mails; None when there is none."""
    view = _find(_OF_ROW, signature_id, lang, AS_OF_NOW)
    if view is None:
        return None
    kind = MAIL_AGAIN[SignatureState(view.row.state)]
    about = select(seconds_to_confirm(), Signature.address_hash).where(Signature.id == signature_id)
    mails = select(OutboxMail).where(OutboxMail.subject_id == signature_id).order_by(OutboxMail.id.desc())
    with Session(db.engine) as session:
        seconds, address_hash = session.execute(about).one()
        is_known = allowance.has_confirmed(session, Signature.__table__, address_hash)
        others = select(Signature).where(Signature.address_hash == address_hash, Signature.id != signature_id)
        return SignatureDetail(
            view,
            seconds,
            session.scalars(mails).all(),
            is_suppressed=bool(suppression.suppressed(session, [(view.row.email, is_known)])),
            mail_at=allowance.free_at(session, allowance.SlotRequest(view.row.email, kind, not is_known)),
            others=session.scalars(others.order_by(Signature.submitted_at.desc())).all(),
        )


@dataclass(frozen=True)
class Held:
    """The signatures of a campaign that wait for staff to release or refuse them."""

    signatures: int
    since: datetime  #: when the first of them was confirmed
    newest: datetime  #: when the last one was
    domains: int  #: mail domains where some are held for their number


def held_by_campaign() -> dict[int, Held]:
    """What is held, by campaign; campaigns without any are left out."""
    confirmed_at = Signature.__table__.c.confirmed_at
    query = (
        select(
            *(Signature.campaign_id, func.count(), func.min(confirmed_at), func.max(confirmed_at)),
            func.count(case((Signature.hold_reason == "size", Signature.domain_hash)).distinct()),
        )
        .where(text(HELD))
        .group_by(Signature.campaign_id)
    )
    return {campaign_id: Held(*numbers) for campaign_id, *numbers in fetch(query)}
