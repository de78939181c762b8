"""In whose name the mails about a campaign go out: the organisations of its secretariat, and where answers go, which staff
may set.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import Protocol, TypeVar

from sqlalchemy import and_, select

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.campaigns.models import Campaign, Partner, PartnerRole
from pledge.campaigns.moderation import compare, edited, subject
from pledge.campaigns.rules import Checker, FieldFault
from pledge.core.db import reading
from pledge.core.languages import Texts
from pledge.mail.messages import Claimed, Composer, Message, is_address
from pledge.mail.messages import composer as plain_composer


class AboutCampaign(Protocol):
    """What a mail is about, if it is about something in a campaign."""

    @property
    def campaign_id(self) -> int: ...


@dataclass(frozen=True)
class Sender:
    """Who sends the mails about a campaign."""

    organizations: tuple[Texts, ...]  #: the names of its secretariat, in their order
    reply_to: str  #: "": the contact of the site

    def signed(self, message: Message, lang: str) -> Message:
        """The message in this sender's name; an address for questions that it prints is that of the answers."""
        values = dict(message.values)
        if self.reply_to and "contact" in values:
            values["contact"] = self.reply_to
        organization = " · ".join(name.of(lang) for name in self.organizations)
        return replace(message, values=values, organization=organization, reply_to=self.reply_to)


_Subject = TypeVar("_Subject", bound=AboutCampaign)


def composer(
    load: Callable[[Sequence[Claimed]], Mapping[int, _Subject]],
    write: Callable[[Claimed, _Subject], Message | None],
) -> Composer:
    """A composer of mails about a campaign, as mail.message.composer: each is in the name of its campaign's sender."""

    def load_with_senders(mails: Sequence[Claimed]) -> Mapping[int, tuple[_Subject, Sender]]:
        subjects = load(mails)
        found = senders({subject.campaign_id for subject in subjects.values()})
        return {mail_id: (subject, found[subject.campaign_id]) for mail_id, subject in subjects.items()}

    def write_signed(mail: Claimed, about: tuple[_Subject, Sender]) -> Message | None:
        subject, sender = about
        message = write(mail, subject)
        return None if message is None else sender.signed(message, mail.lang)

    return plain_composer(load_with_senders, write_signed)


def senders(campaign_ids: Collection[int]) -> Mapping[int, Sender]:
    """The senders of these campaigns, by number."""
    query = (
        select(Campaign.id, Campaign.reply_to, Partner.name)
        .outerjoin(Partner, and_(Partner.campaign_id == Campaign.id, Partner.role == PartnerRole.SECRETARIAT))
        .where(Campaign.id.in_(campaign_ids))
        .order_by(Campaign.id, Partner.position)
    )
    with reading() as connection:
        rows = connection.execute(query).all()
    return {
        campaign_id: Sender(tuple(row.name for row in found if row.name), found[0].reply_to)
        for campaign_id, found in ((number, list(rows)) for number, rows in groupby(rows, itemgetter(0)))
    }


def reply_to(campaign_id: int) -> str:
    """Where answers to the mails of a campaign go, as its editors see it; "": to the contact of the site."""
    with reading() as connection:
        return connection.execute(select(Campaign.reply_to).where(Campaign.id == campaign_id)).scalar_one()


def set_reply_to(actor: Actor, slug: str, seen: str, address: str) -> None:
    """Have answers go to this address, or with "" to the contact of the site. Raises BadFields, EditedMeanwhile, NoSuchCampaign."""
    address, check = address.strip(), Checker()
    if address and not is_address(address):
        check.add("reply_to", FieldFault.EMAIL)
    check.finish()
    with edited(slug) as (session, campaign):
        before = campaign.reply_to
        compare(seen, {"reply_to": before})
        campaign.reply_to = address
        # Every mail of the campaign names this address, so the log may.
        record(session, actor, "campaign.reply_to", subject(slug), before=before, after=address)
