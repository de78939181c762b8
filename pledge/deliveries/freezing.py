"""Freezing a delivery: the numbers of a campaign at a checkpoint, with recipient, occasion and letter, fixed permanently."""

from dataclasses import replace
from datetime import datetime
from operator import attrgetter

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import current_config
from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.campaigns.models import Campaign, Partner, PartnerRole
from pledge.core import clock, languages
from pledge.core.clock import iso_utc
from pledge.core.db import fetch, transaction
from pledge.core.i18n import SEOUL
from pledge.core.languages import Texts
from pledge.deliveries.document import DemandState, Document, GivenAnswer, NamedPartner, SignUps, from_json
from pledge.deliveries.letter import texts as letters
from pledge.deliveries.letter.texts import LetterTexts
from pledge.deliveries.models import Delivery, DeliveryState
from pledge.deliveries.queries import public_deliveries
from pledge.demands import queries as demands
from pledge.jobs import services
from pledge.jobs.models import JobKind
from pledge.ledger import log_queries
from pledge.ledger import queries as ledger
from pledge.ledger.models import Checkpoint
from pledge.statistics.integrity import integrity, mismatches
from pledge.statistics.totals import (
    CampaignFacts,
    NoSuchCheckpoint,
    campaign_facts,
    counted_at,
    counted_checkpoint,
    pledges,
    totals_at,
)


class CountInDoubt(RuntimeError):
    """Entries are set aside, or the log differs from the signatures, the wall or the sheets: somebody may have tampered."""

    def __init__(self, set_aside: int) -> None:
        super().__init__(set_aside)
        self.set_aside = set_aside  #: 0 where the log differs from one of them


def check_count(campaign_id: int) -> None:
    """Raise CountInDoubt, whatever the checkpoint: a fault in the present numbers may be in earlier ones too."""
    aside = ledger.set_aside_counts(campaign_id).get(campaign_id, 0)
    if aside or any(mismatch.campaign_id == campaign_id for mismatch in mismatches()):
        raise CountInDoubt(aside)


def preview(slug: str, checkpoint_id: int, wording: LetterTexts) -> Document:
    """The document that freezing would make now of these texts, with the fields of the letter filled in. Changes nothing.

    Raises UnknownCampaign, NoSuchCheckpoint, BadFields, DoesNotAddUp.
    """
    campaign = campaign_facts(slug)
    checkpoint = _checkpoint(campaign.id, checkpoint_id)
    return letters.filled(document_at(campaign, checkpoint, wording))


def draft(slug: str, checkpoint_id: int, *, like_last: bool = True) -> LetterTexts:
    """What the next letter begins with: the texts of the campaign's last one but for its number, and a letter with fields.

    Without a last one the recipient that the campaign names. The site's own address is left out: it is used where none is
    set, and may have changed since. Raises UnknownCampaign, NoSuchCheckpoint.
    """
    campaign = campaign_facts(slug)
    with_organizations = _checkpoint(campaign.id, checkpoint_id).organizations > 0
    letter = letters.default_letter(campaign.title, with_organizations=with_organizations)
    query = select(Delivery.document).where(Delivery.campaign_id == campaign.id)
    frozen = fetch(query.order_by(Delivery.id.desc()).limit(1)).scalar_one_or_none()
    if frozen is None or not like_last:
        recipient = Texts({lang: text[:1].upper() + text[1:] for lang, text in campaign.recipient.items()})
        return LetterTexts(recipient=recipient, letter=letter)
    last = from_json(frozen)
    email = "" if last.reply.email == current_config().contact else last.reply.email
    reply = replace(last.reply, number="", email=email)
    return LetterTexts(last.recipient, last.occasion, letter, reply, last.others)


def freeze(actor: Actor, slug: str, checkpoint_id: int, wording: LetterTexts) -> int:
    """Freeze a delivery and have its pack made; returns its number. The same actor freezing the same again gets the same one.

    Counting takes time in proportion to the log, so it is done before the transaction: what a checkpoint adds up to does not
    change. Raises UnknownCampaign, NoSuchCheckpoint, BadFields (for `recipient_ko` … `letter_en`), CountInDoubt, DoesNotAddUp.
    """
    campaign = campaign_facts(slug)
    checkpoint = _checkpoint(campaign.id, checkpoint_id)
    wording = letters.clean(wording)
    check_count(campaign.id)
    document = letters.filled(document_at(campaign, checkpoint, wording))
    with transaction() as session:
        # Two presses of the button come one after the other.
        session.execute(select(Campaign.id).where(Campaign.id == campaign.id).with_for_update())
        same = _same(session, actor, campaign.id, checkpoint.id, document)
        if same is not None:
            return same
        row = Delivery(
            campaign_id=campaign.id,
            checkpoint_id=checkpoint.id,
            state=DeliveryState.FROZEN,
            recipient=wording.recipient,
            occasion=wording.occasion,
            letter=document.letter,
            document=document.to_json(),
            frozen_by=actor.staff_id,
            frozen_name=actor.name,
            frozen_at=clock.now(),
        )
        session.add(row)
        session.flush()
        services.enqueue(session, JobKind.PACK, row.id)
        record(
            session,
            actor,
            "delivery.freeze",
            f"delivery:{row.id}",
            campaign=slug,
            size=checkpoint.size,
            people=checkpoint.people,
            organizations=checkpoint.organizations,
            recipient=wording.recipient.in_language(languages.default()),
        )
        return row.id


def _same(
    session: Session, actor: Actor, campaign_id: int, checkpoint_id: int, document: Document
) -> int | None:
    """The number of the newest delivery that this actor froze with the same texts, if it is not handed over yet.

    Not one of before a rotation of keys: its pack could not be signed.
    """
    query = select(Delivery.id, Delivery.document).where(
        Delivery.campaign_id == campaign_id,
        Delivery.checkpoint_id == checkpoint_id,
        Delivery.state == DeliveryState.FROZEN,
        Delivery.frozen_name == actor.name,
    )
    content = attrgetter(
        "recipient", "occasion", "letter", "reply", "others", "verifiers", "demands", "answers"
    )
    rows = session.execute(query.order_by(Delivery.id.desc()))
    return next((row.id for row in rows if content(from_json(row.document)) == content(document)), None)


def document_at(campaign: CampaignFacts, checkpoint: Checkpoint, wording: LetterTexts) -> Document:
    """What is known of a campaign at a checkpoint. Raises DoesNotAddUp."""
    counted = counted_at(campaign.id, checkpoint)
    newest = log_queries.newest(campaign.id)
    is_newest = newest is not None and newest.id == checkpoint.id
    now = clock.now()
    moment = now if is_newest else checkpoint.signed_at
    return Document(
        **vars(totals_at(campaign, checkpoint, counted)),
        # As in the checkpoint: the site may have moved to another address since.
        origin=checkpoint.note.partition("\n")[0],
        address=current_config().base_url,
        recipient=wording.recipient,
        occasion=wording.occasion,
        letter=wording.letter,
        frozen_at=iso_utc(now),
        pledges=pledges(campaign.id, counted.pledge_text_ids),
        secretariat=[partner.name for partner in _partners(campaign.id, PartnerRole.SECRETARIAT)],
        partners=_partners(campaign.id, PartnerRole.PARTNER),
        sign_ups=sign_ups(campaign.id) if is_newest else None,
        verifiers=log_queries.verifiers(campaign.id),
        newest=None if newest is None else counted_checkpoint(newest),
        others=wording.others,
        # The site's address where there is none, so that every letter can be answered.
        reply=replace(wording.reply, email=wording.reply.email or current_config().contact),
        demands=_demands(campaign.id, moment),
        answers=_answers(campaign.id, moment),
    )


def sign_ups(campaign_id: int) -> SignUps:
    """What has become of all sign-ups by now."""
    now = integrity(campaign_id)
    return SignUps(iso_utc(now.as_of), now.submitted, now.confirmed, dict(now.uncounted))


def _demands(campaign_id: int, moment: datetime) -> list[DemandState]:
    """Each demand that was asked by that moment, with what was published of it by then."""
    return [
        state
        for number, demand in enumerate(demands.public(campaign_id), 1)
        if demand.asked_on <= moment.astimezone(SEOUL).date()
        for state in (
            DemandState(number, demand.words, "asked", demand.asked_on),
            *(
                DemandState(number, demand.words, row.kind, row.day, row.until, row.words, row.source)
                for row in reversed(demand.events)
                if row.decided_at and row.decided_at <= moment
            ),
        )
    ]


def _answers(campaign_id: int, moment: datetime) -> list[GivenAnswer]:
    """What was published by that moment as the answer to each delivery, the oldest first."""
    return [
        GivenAnswer(
            row.id,
            row.recipient,
            row.answer_due,
            version,
            answer.answered_at.astimezone(SEOUL).date(),
            answer.decided_at.astimezone(SEOUL).date(),
            answer.answer,
            answer.document_hash,
        )
        for row in reversed(public_deliveries(campaign_id))
        for version, answer in enumerate(row.published_answers, 1)
        if answer.decided_at and answer.decided_at <= moment
    ]


def _partners(campaign_id: int, role: PartnerRole) -> list[NamedPartner]:
    query = select(Partner.name, Partner.type).where(Partner.campaign_id == campaign_id, Partner.role == role)
    return [NamedPartner(row.name, row.type or "") for row in fetch(query.order_by(Partner.position))]


def _checkpoint(campaign_id: int, checkpoint_id: int) -> Checkpoint:
    checkpoint = log_queries.checkpoint(checkpoint_id)
    if checkpoint is None or checkpoint.campaign_id != campaign_id:
        raise NoSuchCheckpoint
    return checkpoint
