"""Freezing a delivery: the numbers of a campaign at a checkpoint, with recipient, occasion and letter, fixed permanently."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Row, Select, select, update

from config import current_config
from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.campaigns.models import Campaign, Partner, PartnerRole
from pledge.core import clock, languages
from pledge.core.clock import iso_utc
from pledge.core.db import reading, transaction
from pledge.core.languages import Texts
from pledge.deliveries.document import Document, FrozenPaper, Reply, SignUps, from_json
from pledge.deliveries.letter import texts as letters
from pledge.deliveries.letter.texts import LetterTexts
from pledge.deliveries.models import Delivery, DeliveryState
from pledge.jobs import services
from pledge.jobs.models import JobKind
from pledge.ledger import log_queries
from pledge.ledger import queries as ledger
from pledge.ledger.models import Checkpoint, Kind
from pledge.paper import queries as paper_signatures
from pledge.statistics.integrity import integrity, mismatches
from pledge.statistics.totals import (
    CampaignFacts,
    DoesNotAddUp,
    NoSuchCheckpoint,
    campaign_facts,
    counted_at,
    counted_checkpoint,
    listed_organizations,
    pledges,
    totals_at,
)

_NOTHING = Texts()
_NO_REPLY = Reply()


class CountInDoubt(RuntimeError):
    """Entries are set aside, or the log differs from the signatures, the wall or the sheets: somebody may have tampered."""

    def __init__(self, set_aside: int) -> None:
        super().__init__(set_aside)
        self.set_aside = set_aside  #: 0 where the log differs from one of them


class NotDiscardable(Exception):
    """There is no such delivery, or it was handed over or discarded already."""


def check_count(campaign_id: int) -> None:
    """Raise CountInDoubt, whatever the checkpoint: a fault in the present numbers may be in earlier ones too."""
    aside = ledger.set_aside_counts(campaign_id).get(campaign_id, 0)
    if aside or any(found.campaign_id == campaign_id for found in mismatches()):
        raise CountInDoubt(aside)


def preview(
    slug: str,
    checkpoint_id: int | None = None,
    *,
    recipient: Texts = _NOTHING,
    occasion: Texts = _NOTHING,
    letter: Texts | None = None,
    reply: Reply = _NO_REPLY,
) -> Document:
    """The document that freezing would make now; without a checkpoint at the newest one. Changes nothing.

    The texts are used as they are, the letter with its fields filled in; without one it is the default. Raises
    UnknownCampaign, NoSuchCheckpoint, LetterContradicts, DoesNotAddUp.
    """
    campaign = campaign_facts(slug)
    checkpoint = _checkpoint(campaign.id, checkpoint_id)
    letter = letter or _default_letter(campaign, checkpoint)
    wording = filled(slug, checkpoint.id, LetterTexts(recipient, occasion, letter, reply))
    return _document(campaign, checkpoint, wording)


def recipient_of(slug: str) -> Texts:
    """The recipient of the campaign's totals, for the letter's address. Raises UnknownCampaign."""
    recipient = campaign_facts(slug).recipient
    return Texts({lang: text[:1].upper() + text[1:] for lang, text in recipient.items()})


def last_texts(slug: str) -> LetterTexts:
    """What the next letter begins with: the texts of the campaign's last one, but for its number and its letter.

    Without one the recipient that the campaign names. The site's own address is left out: it is used where none is set, and may
    have changed since. Raises UnknownCampaign.
    """
    query = (
        select(Delivery.document)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Campaign.slug == slug)
        .order_by(Delivery.id.desc())
        .limit(1)
    )
    with reading() as connection:
        frozen = connection.execute(query).scalar_one_or_none()
    if frozen is None:
        return LetterTexts(recipient_of(slug), _NOTHING, _NOTHING, _NO_REPLY)
    last = from_json(frozen)
    email = "" if last.reply.email == current_config().contact else last.reply.email
    return LetterTexts(last.recipient, last.occasion, _NOTHING, replace(last.reply, number="", email=email))


def letter_for(slug: str, checkpoint_id: int) -> Texts:
    """The default letter, with fields for the numbers of a checkpoint. Raises UnknownCampaign, NoSuchCheckpoint."""
    campaign = campaign_facts(slug)
    return _default_letter(campaign, _checkpoint(campaign.id, checkpoint_id))


def freeze(
    actor: Actor,
    slug: str,
    checkpoint_id: int,
    *,
    recipient: Texts,
    occasion: Texts,
    letter: Texts,
    reply: Reply = _NO_REPLY,
) -> int:
    """Freeze a delivery and have its pack made; returns its number. The same actor freezing the same again gets the same one.

    Counting takes time in proportion to the log, so it is done before the transaction: what a checkpoint adds up to does not
    change. Raises UnknownCampaign, NoSuchCheckpoint, BadFields (for `recipient_ko` … `letter_en`), CountInDoubt, DoesNotAddUp.
    """
    wording = filled(slug, checkpoint_id, letters.clean(recipient, occasion, letter, reply))
    campaign = campaign_facts(slug)
    check_count(campaign.id)
    checkpoint = _checkpoint(campaign.id, checkpoint_id)
    document = _document(campaign, checkpoint, wording)
    with transaction() as session:
        # Counting took a while, and a second click on the button may have come meanwhile: one after the other.
        session.execute(select(Campaign.id).where(Campaign.id == campaign.id).with_for_update())
        same = _same(session.execute(_frozen_before(actor, campaign.id, checkpoint.id)), wording)
        # Not after a rotation of keys: the old pack could not be signed.
        if same is not None and same[1].verifiers == document.verifiers:
            return same[0]
        row = Delivery(
            campaign_id=campaign.id,
            checkpoint_id=checkpoint.id,
            state=DeliveryState.FROZEN,
            recipient=wording.recipient,
            occasion=wording.occasion,
            letter=wording.letter,
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
            recipient=wording.recipient.of(languages.default()),
        )
        return row.id


def frozen_before(
    actor: Actor,
    slug: str,
    checkpoint_id: int,
    *,
    recipient: Texts,
    occasion: Texts,
    letter: Texts,
    reply: Reply = _NO_REPLY,
) -> int | None:
    """The number of a delivery that this actor froze with the same texts, if it is not handed over yet; else None.

    Raises UnknownCampaign, NoSuchCheckpoint, BadFields.
    """
    wording = filled(slug, checkpoint_id, letters.clean(recipient, occasion, letter, reply))
    query = _frozen_before(actor, campaign_facts(slug).id, checkpoint_id)
    with reading() as connection:
        same = _same(connection.execute(query), wording)
    return None if same is None else same[0]


def _frozen_before(actor: Actor, campaign_id: int, checkpoint_id: int) -> Select[int, str]:
    same = {
        Delivery.campaign_id: campaign_id,
        Delivery.checkpoint_id: checkpoint_id,
        Delivery.state: DeliveryState.FROZEN,
        Delivery.frozen_name: actor.name,
    }
    query = select(Delivery.id, Delivery.document)
    return query.where(*(column == value for column, value in same.items())).order_by(Delivery.id.desc())


def _same(found: Iterable[Row[int, str]], wording: LetterTexts) -> tuple[int, Document] | None:
    """The newest of these deliveries with the same texts and reply, with its document."""
    wanted = replace(wording, reply=_completed(wording.reply))
    documents = ((row.id, from_json(row.document)) for row in found)
    return next(
        (
            (number, one)
            for number, one in documents
            if LetterTexts(one.recipient, one.occasion, one.letter, one.reply) == wanted
        ),
        None,
    )


def _completed(reply: Reply) -> Reply:
    """The reply with the site's e-mail address where it has none, so that every letter can be answered."""
    return replace(reply, email=reply.email or current_config().contact)


def discard(actor: Actor, delivery_id: int, why: str) -> None:
    """Give up a delivery that was not handed over; its pack is deleted. Raises NotDiscardable."""
    with transaction() as session:
        row = session.execute(
            update(Delivery)
            .where(Delivery.id == delivery_id, Delivery.state == DeliveryState.FROZEN)
            .values(state=DeliveryState.DISCARDED)
            .returning(Delivery.id)
        ).first()
        if row is None:
            raise NotDiscardable
        services.drop(session, JobKind.PACK, delivery_id)
        record(session, actor, "delivery.discard", f"delivery:{delivery_id}", reason=why)


def filled(slug: str, checkpoint_id: int | None, wording: LetterTexts) -> LetterTexts:
    """The texts with the numbers of a checkpoint in the letter. Raises UnknownCampaign, NoSuchCheckpoint, LetterContradicts."""
    campaign = campaign_facts(slug)
    state = counted_checkpoint(_checkpoint(campaign.id, checkpoint_id))
    paper = _paper(campaign.id, state.size)
    on_paper = paper.signatures if paper else 0
    return replace(wording, letter=letters.filled(wording.letter, state, on_paper, campaign.goal))


def _default_letter(campaign: CampaignFacts, checkpoint: Checkpoint) -> Texts:
    return letters.default_letter(campaign.title, with_organizations=checkpoint.organizations > 0)


def _document(campaign: CampaignFacts, checkpoint: Checkpoint, wording: LetterTexts) -> Document:
    counted = counted_at(campaign.id, checkpoint)
    listed = listed_organizations(campaign.id, checkpoint)
    if len(listed.organizations) + listed.unnamed != checkpoint.organizations:
        raise DoesNotAddUp
    sign_ups, newest = integrity(campaign.id), log_queries.newest(campaign.id)
    totals = replace(totals_at(campaign, checkpoint, counted), unnamed_organizations=listed.unnamed)
    return Document(
        **vars(totals),
        goal=campaign.goal,
        # As in the checkpoint: the site may have moved to another address since.
        origin=checkpoint.note.partition("\n")[0],
        address=current_config().base_url,
        recipient=wording.recipient,
        occasion=wording.occasion,
        letter=wording.letter,
        frozen_at=iso_utc(clock.now()),
        pledges=pledges(campaign.id, counted.pledge_text_ids),
        named_organizations=listed.organizations,
        secretariat=_partners(campaign.id, PartnerRole.SECRETARIAT),
        partners=_partners(campaign.id, PartnerRole.PARTNER),
        people_moves=counted.moves(Kind.PERSON),
        organization_moves=counted.moves(Kind.ORGANIZATION),
        sign_ups=SignUps(
            iso_utc(sign_ups.as_of), sign_ups.submitted, sign_ups.confirmed, dict(sign_ups.uncounted)
        ),
        verifiers=log_queries.verifiers(campaign.id),
        newest=None if newest is None else counted_checkpoint(newest),
        paper=_paper(campaign.id, checkpoint.size),
        reply=_completed(wording.reply),
    )


def _partners(campaign_id: int, role: PartnerRole) -> list[Texts]:
    query = select(Partner.name).where(Partner.campaign_id == campaign_id, Partner.role == role)
    with reading() as connection:
        return list(connection.scalars(query.order_by(Partner.position)))


def _paper(campaign_id: int, size: int) -> FrozenPaper | None:
    """What the log counts on paper at the checkpoint."""
    found = paper_signatures.public(campaign_id, size)
    return FrozenPaper(found.signatures, found.sheets, len(found.batches)) if found.batches else None


def _checkpoint(campaign_id: int, checkpoint_id: int | None) -> Checkpoint:
    found = (
        log_queries.newest(campaign_id) if checkpoint_id is None else log_queries.checkpoint(checkpoint_id)
    )
    if found is None or found.campaign_id != campaign_id:
        raise NoSuchCheckpoint
    return found
