"""The mails of news: to those who asked for it, dropped when that is no longer so at sending, and to staff: as a test, or to
tell the others that it goes out.

What staff wrote and the campaign's title are all they say; no text of a signer's form is in them. Each mail to a signer has
a one-click unsubscription (RFC 8058).
"""

from dataclasses import dataclass

from markupsafe import Markup
from sqlalchemy import and_, select

from pledge.accounts.models import StaffMember
from pledge.campaigns.models import Campaign
from pledge.campaigns.senders import composer
from pledge.core import tokens, urls
from pledge.core.i18n import format_datetime
from pledge.core.text.markdown import markdown
from pledge.core.tokens import Purpose
from pledge.mail.messages import Claimed, Composers, Message
from pledge.mail.models import MailKind, OutboxMail
from pledge.news.models import NewsItem, NewsState
from pledge.signatures.models import NEWS_STATES, Signature


def composers() -> Composers:
    """Who writes which kind of mail."""
    return {
        MailKind.NEWS: composer(_SIGNERS, Reader, write),
        MailKind.NEWS_TEST: composer(_STAFF, Reader, write),
        MailKind.NEWS_ANNOUNCED: composer(_STAFF, Reader, write),
    }


@dataclass(frozen=True)
class Reader:
    """The news, and who gets it."""

    mail_id: int
    item: NewsItem
    campaign: Campaign
    id: int  #: of the signature or of the member of staff
    email: str


_SIGNERS = (
    select(OutboxMail.id, NewsItem, Campaign, Signature.id, Signature.email)
    .join(NewsItem, NewsItem.id == OutboxMail.seq)
    .join(Campaign, Campaign.id == NewsItem.campaign_id)
    .join(
        Signature,
        and_(Signature.id == OutboxMail.subject_id, Signature.campaign_id == NewsItem.campaign_id),
    )
    .where(
        Signature.state.in_(NEWS_STATES),
        Signature.updates,
        NewsItem.state.in_((NewsState.SENDING, NewsState.SENT)),
    )
)
_STAFF = (
    select(OutboxMail.id, NewsItem, Campaign, StaffMember.id, StaffMember.email)
    .join(NewsItem, NewsItem.id == OutboxMail.seq)
    .join(Campaign, Campaign.id == NewsItem.campaign_id)
    .join(StaffMember, and_(StaffMember.id == OutboxMail.subject_id, StaffMember.active))
)


def write(mail: Claimed, to: Reader) -> Message | None:
    """The news, to a signer who is counted and still wants it.

    What staff get is not public yet: there is nothing to unsubscribe from, and the button leads to the campaign, or to where
    announced news is stopped while it can be.
    """
    link, stop, due = urls.campaign_link(mail.lang, to.campaign.slug), "", ""
    if mail.kind == MailKind.NEWS_ANNOUNCED:
        if to.item.due_at is None or to.item.begun_at is not None:
            return None
        link = urls.public_url("staff.news_item", slug=to.campaign.slug, news_id=to.item.id)
        due = format_datetime(to.item.due_at, mail.lang)
    elif mail.kind == MailKind.NEWS:
        link = urls.public_url("public.news_item", lang=mail.lang, slug=to.campaign.slug, news_id=to.item.id)
        stop = urls.public_url(
            "public.signature_unsubscribe",
            lang=mail.lang,
            token=tokens.mint(Purpose.UNSUBSCRIBE, [to.id]),
        )
    body = to.item.body.in_language(mail.lang)
    values = {
        "title": to.item.title.in_language(mail.lang),
        "link": link,
        "unsubscribe": stop,
        "due": due,
        "contact": urls.contact(),
    }
    texts: dict[str, str | Markup] = {"plain": body.strip(), "html": markdown(body)}
    return Message(to.email, values, texts=texts, unsubscribe=stop, mailing_list=to.campaign.slug)
