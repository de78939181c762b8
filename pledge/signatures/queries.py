"""Reads of signatures: the state of a mailed link, one's own data, and names that may be shown."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, exists, select, text
from sqlalchemy.orm import Session, defer

from pledge.abuse import mail_servers
from pledge.campaigns import queries as campaigns
from pledge.campaigns.consents import ConsentView
from pledge.campaigns.mailed_links import Link, LinkState, waiting_state
from pledge.campaigns.models import CampaignConsent
from pledge.campaigns.queries import CampaignView, PledgeView
from pledge.core import clock
from pledge.core.db import db, reading
from pledge.core.tokens import BadToken, Purpose
from pledge.ledger.queries import number_column
from pledge.mail.models import MailKind, MailState, OutboxMail
from pledge.signatures.identifiers import read_confirm_token, read_own_token
from pledge.signatures.invalidation.models import Invalidation, InvalidationReason
from pledge.signatures.models import SHOWN_BY_NAME, Signature, SignatureState
from pledge.signatures.rules import WAITING_PAGE
from pledge.signatures.standing import IS_REFUSED, standing

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
    def match_tries(self) -> int:
        """Two-digit numbers typed behind the link."""
        return self.row.match_tries

    @property
    def has_code_only(self) -> bool:
        """A mail with a code and without a link was asked for."""
        return self.row.code_only_after is not None


#: Reads what a signature refers to, by its number and the language; a page may keep what these gave a second ago.
FindCampaign = Callable[[int, str], CampaignView | None]
FindPledge = Callable[[int, str], PledgeView]


def open_link(
    token: str,
    lang: str,
    find_campaign: FindCampaign = campaigns.find_by_id,
    find_pledge: FindPledge = campaigns.pledge_text,
) -> Link[SignatureView]:
    """The state of a link to confirm, with its submission, or the settled one of the same person. Reads only."""
    try:
        signature_id, expired = read_confirm_token(token)
    except BadToken:
        return Link(LinkState.UNKNOWN)
    signature = _find(_OF_PERSON, signature_id, lang, find_campaign, find_pledge)
    if signature is None:
        return Link(LinkState.UNKNOWN)
    return Link(_link_state(signature, expired), signature, expired)


def _link_state(signature: SignatureView, expired: bool) -> LinkState:
    if signature.row.state != SignatureState.PENDING:
        return LinkState(signature.row.state)
    return waiting_state(takes_confirmations=signature.campaign.takes_confirmations, expired=expired)


def own_signature(
    token: str,
    lang: str,
    purpose: Purpose = Purpose.MANAGE,
    find_campaign: FindCampaign = campaigns.find_by_id,
    find_pledge: FindPledge = campaigns.pledge_text,
) -> SignatureView:
    """The signature whose own page a link opens. Raises BadToken when there is none (any more)."""
    signature = _find(_OF_PERSON, read_own_token(purpose, token), lang, find_campaign, find_pledge)
    if signature is None:
        raise BadToken
    return signature


def confirmed_lately(signature_id: int) -> SignatureState | None:
    """The state of this very submission once it was confirmed, for the page where its form was sent: confirmed or held. Never
    about others of the person.

    Only for an hour after it was sent: whoever typed a stranger's address is told nothing later (docs/adr/0062).
    """
    values = {"id": signature_id, "since": clock.now() - WAITING_PAGE}
    with reading() as connection:
        state = connection.execute(_CONFIRMED_LATELY, values).scalar()
    return None if state is None else SignatureState(state)


def find(signature_id: int, lang: str) -> SignatureView | None:
    """One signature by its number; None when there is none."""
    return _find(_OF_ROW, signature_id, lang)


_THANKS_WAIT = exists().where(
    OutboxMail.subject_id == Signature.id,
    OutboxMail.kind == MailKind.THANKS,
    OutboxMail.state == MailState.QUEUED,
)


def _whole(of: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Signature,
            *(Invalidation.reason, IS_REFUSED, _THANKS_WAIT, mail_servers.scans(Signature.domain_hash)),
            *(number_column(Signature.id), CampaignConsent.recipient),
        )
        .options(*(defer(column, raiseload=True) for column in _UNREAD))
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
_OF_ROW = _whole(Signature.id == bindparam("id"))
_OF_PERSON = _whole(Signature.id == standing(bindparam("id", type_=Signature.id.type)))


def _find(
    query: Select[*tuple[Any, ...]],
    signature_id: int,
    lang: str,
    find_campaign: FindCampaign = campaigns.find_by_id,
    find_pledge: FindPledge = campaigns.pledge_text,
) -> SignatureView | None:
    with Session(db.engine) as session:
        found = session.execute(query, {"id": signature_id}).first()
    if found is None:
        return None
    row, reason, is_refused, thanks_wait, is_scanned, number, recipient = found
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
        ConsentView(row.consent_version, recipient.of(lang) if recipient else ""),
    )


_PUBLIC_NAMES = (
    select(Signature.name)
    .where(Signature.campaign_id == bindparam("campaign"), text(SHOWN_BY_NAME))
    .order_by(Signature.confirmed_at.desc())
)


def public_names(campaign_id: int, limit: int = 12) -> list[str]:
    """The newest confirmed signers of a campaign who agreed that their name is shown."""
    with reading() as connection:
        rows = connection.execute(_PUBLIC_NAMES.limit(limit), {"campaign": campaign_id})
        return [row.name for row in rows]


def is_signed(session: Session, campaign_id: int, pledge_text_id: int) -> bool:
    """Whether somebody signed this pledge text, confirmed or not; inside the transaction that wants to change it."""
    of_this_text = (Signature.campaign_id == campaign_id) & (Signature.pledge_text_id == pledge_text_id)
    return bool(session.scalar(select(exists().where(of_this_text))))


def confirmed(ids: Collection[int]) -> set[int]:
    """Those of these signatures that were ever confirmed."""
    query = select(Signature.id).where(Signature.id.in_(ids), Signature.confirmed_at.is_not(None))
    with reading() as connection:
        return set(connection.execute(query).scalars())
