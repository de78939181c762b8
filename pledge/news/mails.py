"""The mails of news: to those who asked for it, dropped when that is no longer so at sending, and to staff: as a test, or to
tell the others that it goes out.

What staff wrote and the campaign's title are all they say; no text of a signer's form is in them. Each mail to a signer has
a one-click unsubscription (RFC 8058).
"""

from typing import Any

from markupsafe import Markup
from sqlalchemy import Select, and_, select

from pledge.accounts.models import StaffMember
from pledge.campaigns.models import Campaign
from pledge.campaigns.senders import Subject, composer
from pledge.core import tokens, urls
from pledge.core.i18n import format_datetime
from pledge.core.text.markdown import markdown
from pledge.core.tokens import Purpose
from pledge.mail.messages import Claimed, Composers, Message
from pledge.mail.models import MailKind, OutboxMail
from pledge.news.models import NewsItem, NewsState
from pledge.signatures.models import Signature, SignatureState


def composers() -> Composers:
    """Who writes which kind of mail."""
    return {
        MailKind.NEWS: composer(_about_readers, write),
        MailKind.NEWS_TEST: composer(_about_staff, write),
        MailKind.NEWS_ANNOUNCED: composer(_about_staff, write),
    }


def write(mail: Claimed, found: Subject) -> Message | None:
    """The news, to a signer who is counted and still wants it.

    What staff get is not public yet: there is nothing to unsubscribe from, and the button leads to the campaign, or to where
    announced news is stopped while it can be.
    """
    link, stop, due = urls.campaign_link(mail.lang, found.slug), "", ""
    if mail.kind == MailKind.NEWS_ANNOUNCED:
        if found.due_at is None or found.begun_at is not None:
            return None
        link = urls.public_url("staff.news_item", slug=found.slug, news_id=found.news_id)
        due = format_datetime(found.due_at, mail.lang)
    elif mail.kind == MailKind.NEWS:
        link = urls.public_url("public.news_item", lang=mail.lang, slug=found.slug, news_id=found.news_id)
        stop = urls.public_url(
            "public.signature_unsubscribe",
            lang=mail.lang,
            token=tokens.mint(Purpose.UNSUBSCRIBE, [found.reader_id]),
        )
    body = found.body.in_language(mail.lang)
    values = {
        "title": found.title.in_language(mail.lang),
        "link": link,
        "unsubscribe": stop,
        "due": due,
        "contact": urls.contact(),
    }
    texts: dict[str, str | Markup] = {"plain": body.strip(), "html": markdown(body)}
    return Message(found.email, values, texts=texts, unsubscribe=stop, mailing_list=found.slug)


def _about_news(reader_id: Any, email: Any) -> Select[*tuple[Any, ...]]:
    """News, and who gets it: the number of the signature or of the member of staff."""
    return (
        select(
            *(OutboxMail.id.label("mail_id"), NewsItem.campaign_id, Campaign.slug),
            *(reader_id.label("reader_id"), email.label("email")),
            *(
                NewsItem.id.label("news_id"),
                NewsItem.title,
                NewsItem.body,
                NewsItem.due_at,
                NewsItem.begun_at,
            ),
        )
        .join(NewsItem, NewsItem.id == OutboxMail.seq)
        .join(Campaign, Campaign.id == NewsItem.campaign_id)
    )


def _about_readers() -> Select[*tuple[Any, ...]]:
    is_theirs = and_(Signature.id == OutboxMail.subject_id, Signature.campaign_id == NewsItem.campaign_id)
    return (
        _about_news(Signature.id, Signature.email)
        .join(Signature, is_theirs)
        .where(
            Signature.state == SignatureState.CONFIRMED,
            Signature.updates,
            NewsItem.state.in_((NewsState.SENDING, NewsState.SENT)),
        )
    )


def _about_staff() -> Select[*tuple[Any, ...]]:
    return _about_news(StaffMember.id, StaffMember.email).join(
        StaffMember, and_(StaffMember.id == OutboxMail.subject_id, StaffMember.active)
    )
