"""In whose name the mails about a campaign go out: the organisations of its secretariat, and where answers go, which staff
may set.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Row, Select, and_, select

from pledge.audit.models import Actor
from pledge.campaigns.models import Campaign, Partner, PartnerRole
from pledge.campaigns.moderation import edited_part
from pledge.campaigns.rules import Checker, FieldFault
from pledge.core.db import fetch
from pledge.core.languages import Texts
from pledge.mail.messages import Claimed, Composer, Message, is_address
from pledge.mail.messages import composer as plain_composer
from pledge.mail.models import OutboxMail

#: What a mail is about, as the query of its composer reads it.
Subject = Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class Sender:
    """Who sends the mails about a campaign."""

    campaign: Texts  #: its title
    organizations: tuple[Texts, ...]  #: the names of its secretariat, in their order
    reply_to: str  #: "": the contact of the site

    def signed(self, message: Message, lang: str) -> Message:
        """The message about the campaign, in this sender's name; an address for questions that it prints is that of the answers."""
        values = {**message.values, "campaign": self.campaign.in_language(lang)}
        if self.reply_to and "contact" in values:
            values["contact"] = self.reply_to
        organization = " · ".join(name.in_language(lang) for name in self.organizations)
        return replace(message, values=values, organization=organization, reply_to=self.reply_to)


def composer(
    query: Callable[[], Select[*tuple[Any, ...]]], write: Callable[[Claimed, Subject], Message | None]
) -> Composer:
    """A composer of mails about a campaign, as mail.messages.composer: each is in the name of its campaign's sender.

    `query` reads a row for each mail of the outbox, with its number as `mail_id`, the `campaign_id`, and what `write` needs.
    """

    def load(mails: Sequence[Claimed]) -> Mapping[int, tuple[Subject, Sender]]:
        rows = fetch(query().where(OutboxMail.id.in_([mail.id for mail in mails]))).all()
        found = senders({row.campaign_id for row in rows})
        return {row.mail_id: (row, found[row.campaign_id]) for row in rows}

    def write_signed(mail: Claimed, about: tuple[Subject, Sender]) -> Message | None:
        subject, sender = about
        message = write(mail, subject)
        return None if message is None else sender.signed(message, mail.lang)

    return plain_composer(load, write_signed)


def senders(campaign_ids: Collection[int]) -> Mapping[int, Sender]:
    """The senders of these campaigns, by number."""
    query = (
        select(Campaign.id, Campaign.title, Campaign.reply_to, Partner.name)
        .outerjoin(Partner, and_(Partner.campaign_id == Campaign.id, Partner.role == PartnerRole.SECRETARIAT))
        .where(Campaign.id.in_(campaign_ids))
        .order_by(Campaign.id, Partner.position)
    )
    rows = fetch(query).all()
    return {
        campaign_id: Sender(found[0].title, tuple(row.name for row in found if row.name), found[0].reply_to)
        for campaign_id, found in ((number, list(rows)) for number, rows in groupby(rows, itemgetter(0)))
    }


def set_reply_to(actor: Actor, slug: str, seen: str, address: str) -> None:
    """Have answers go to this address, or with "" to the contact of the site. Raises BadFields, EditedMeanwhile, NoSuchCampaign."""
    address, check = address.strip(), Checker()
    if address and not is_address(address):
        check.add("reply_to", FieldFault.EMAIL)
    check.finish()
    # Every mail of the campaign names this address, so the log may.
    with edited_part(actor, slug, seen, "reply_to", lambda row: {"reply_to": row.reply_to}) as (_, campaign):
        campaign.reply_to = address
