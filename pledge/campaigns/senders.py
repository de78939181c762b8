"""In whose name the mails about a campaign go out: the organisations of its secretariat, and where answers go, which staff
may set.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar, TypeVarTuple

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session, defer

from pledge.audit.models import Actor
from pledge.campaigns.models import Campaign, CampaignState, Partner, PartnerRole
from pledge.campaigns.moderation import edited_part
from pledge.campaigns.rules import Checker, FieldFault
from pledge.core.db import db, fetch
from pledge.core.languages import Texts
from pledge.mail.messages import Claimed, Composer, Message, is_address
from pledge.mail.messages import composer as plain_composer
from pledge.mail.models import OutboxMail

#: The long texts of a campaign's page, which no mail says.
_UNREAD = [
    defer(column, raiseload=True)
    for column in (Campaign.body, Campaign.summary, Campaign.letter_text, Campaign.video_captions)
]


class About(Protocol):
    """A mail of the outbox and the campaign that it is about."""

    @property
    def mail_id(self) -> int: ...
    @property
    def campaign(self) -> Campaign: ...


_About = TypeVar("_About", bound=About)
_Columns = TypeVarTuple("_Columns")


def composer(
    query: Select[*_Columns],
    about: Callable[[*_Columns], _About],
    write: Callable[[Claimed, _About], Message | None],
) -> Composer:
    """A composer of mails about campaigns, as mail.messages.composer: each is in the name of its campaign's secretariat.

    `query` reads mails of the outbox with all that `about` is made of.
    """

    def load(mails: Sequence[Claimed]) -> Mapping[int, tuple[_About, list[Texts]]]:
        of_mails = query.where(OutboxMail.id.in_([mail.id for mail in mails])).options(*_UNREAD)
        with Session(db.engine) as session:
            rows = [about(*row) for row in session.execute(of_mails)]
        names = _secretariats({it.campaign.id for it in rows})
        return {it.mail_id: (it, names[it.campaign.id]) for it in rows}

    def write_signed(mail: Claimed, loaded: tuple[_About, list[Texts]]) -> Message | None:
        it, names = loaded
        message = write(mail, it)
        if message is None:
            return None
        values = {**message.values, "campaign": it.campaign.title.in_language(mail.lang)}
        # An address for questions that the mail prints is that of the answers.
        if it.campaign.reply_to and "contact" in values:
            values["contact"] = it.campaign.reply_to
        organization = " · ".join(name.in_language(mail.lang) for name in names)
        return replace(message, values=values, organization=organization, reply_to=it.campaign.reply_to)

    return plain_composer(load, write_signed)


def addressee(slug: str) -> Row[int, Texts, str] | None:
    """Number, title and address for answers of a public campaign; None where there is none."""
    query = select(Campaign.id, Campaign.title, Campaign.reply_to)
    return fetch(query.where(Campaign.slug == slug, Campaign.state != CampaignState.DRAFT)).first()


def _secretariats(campaign_ids: Collection[int]) -> Mapping[int, list[Texts]]:
    """The names of the secretariats of these campaigns in their order, by number."""
    query = (
        select(Partner.campaign_id, Partner.name)
        .where(Partner.campaign_id.in_(campaign_ids), Partner.role == PartnerRole.SECRETARIAT)
        .order_by(Partner.position)
    )
    names: dict[int, list[Texts]] = defaultdict(list)
    for campaign_id, name in fetch(query):
        names[campaign_id].append(name)
    return names


def set_reply_to(actor: Actor, slug: str, seen: str, address: str) -> None:
    """Set the address for answers, "" for the contact of the site. Raises BadFields, EditedMeanwhile, NoSuchCampaign."""
    address, check = address.strip(), Checker()
    if address and not is_address(address):
        check.add("reply_to", FieldFault.EMAIL)
    check.finish()
    # Every mail of the campaign names this address, so the log may.
    with edited_part(actor, slug, seen, "reply_to", lambda row: {"reply_to": row.reply_to}) as (_, campaign):
        campaign.reply_to = address
