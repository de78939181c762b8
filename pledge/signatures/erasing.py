"""Erasing a person from a campaign, and the mail that tells them when staff did it for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, delete, select
from sqlalchemy.orm import Session

from pledge.campaigns.models import Campaign
from pledge.campaigns.senders import composer
from pledge.campaigns.titles import title_in
from pledge.core import clock, urls
from pledge.core.db import reading
from pledge.ledger.models import Reason
from pledge.ledger.services import PlaceMove, append, append_places
from pledge.mail import allowance, outbox
from pledge.mail.messages import Claimed, Composers, Message
from pledge.mail.models import MailKind, OutboxMail
from pledge.signatures.models import ErasureNotice, Signature, SignatureState
from pledge.signatures.places import current_place, entry_place


@dataclass(frozen=True, slots=True)
class ErasedSigner:
    """Whom staff have erased from which campaign."""

    campaign_id: int
    email: str
    slug: str
    campaign: str  #: the campaign's title in the mail's language


def composers() -> Composers:
    """Who writes which kind of mail."""
    return {MailKind.ERASED: composer(_notices, erased)}


def erase_person(session: Session, row: Signature) -> None:
    """Delete all rows of the person of this row in its campaign; what is counted is taken out of the count first.

    What stays are the ledger's two entries (+1 and -1) under a random number that nothing points to any more. An
    invalidated signature is out of the count already; with its row the mark is gone too.
    """
    of_person = and_(Signature.address_hash == row.address_hash, Signature.campaign_id == row.campaign_id)
    for found in session.scalars(select(Signature).where(of_person).with_for_update()).all():
        if found.state == SignatureState.CONFIRMED:
            take_back(session, found)
    allowance.forget(session, row.email)
    session.execute(delete(Signature).where(of_person))


def take_back(session: Session, row: Signature) -> None:
    """Append -1 to the ledger for a counted row that the caller has locked."""
    now, place = clock.now(), entry_place(row)
    append_places(session, [PlaceMove(row.campaign_id, row.id, current_place(row), place)], now)
    append(
        session,
        campaign_id=row.campaign_id,
        reason=Reason.WITHDRAWN,
        subject_id=row.id,
        country=place.country,
        region=place.region,
        at=now,
        pledge_text_id=row.pledge_text_id,
    )


def enqueue_notice(session: Session, row: Signature) -> None:
    """Enqueue the mail about an erasure. The notice holds the encrypted address until it was sent, as the row is deleted."""
    notice = ErasureNotice(campaign_id=row.campaign_id, email=row.email, created_at=clock.now())
    session.add(notice)
    session.flush()
    outbox.enqueue(session, outbox.NewMail(MailKind.ERASED, notice.id, row.lang, known=True))


def erased(mail: Claimed, person: ErasedSigner) -> Message:
    """Your data was erased, as the secretariat was asked to."""
    values = {
        "campaign": person.campaign,
        "link": urls.campaign_link(mail.lang, person.slug),
        "contact": urls.contact(),
    }
    return Message(person.email, values)


def _notices(mails: Sequence[Claimed]) -> Mapping[int, ErasedSigner]:
    query = (
        select(
            *(OutboxMail.id, Campaign.id, ErasureNotice.email, Campaign.slug),
            title_in(OutboxMail.lang, Campaign.id),
        )
        .join(ErasureNotice, ErasureNotice.id == OutboxMail.subject_id)
        .join(Campaign, Campaign.id == ErasureNotice.campaign_id)
        .where(OutboxMail.id.in_([mail.id for mail in mails]))
    )
    with reading() as connection:
        return {row[0]: ErasedSigner(*row[1:]) for row in connection.execute(query)}
