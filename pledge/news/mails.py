"""The mails of news: to those who asked for it, dropped when that is no longer so at sending, and to staff as a test.

What staff wrote and the campaign's title are all they say; no text of a signer's form is in them. Each mail to a signer has
a one-click unsubscription (RFC 8058).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from sqlalchemy import Select, and_, bindparam, select

from pledge.accounts.models import StaffMember
from pledge.campaigns.models import Campaign
from pledge.campaigns.queries import title_in
from pledge.campaigns.senders import composer
from pledge.core import tokens, urls
from pledge.core.db import reading
from pledge.core.languages import Texts
from pledge.core.text.markdown import markdown
from pledge.core.tokens import Purpose
from pledge.mail.messages import Claimed, Composers, Message
from pledge.mail.models import MailKind, OutboxMail
from pledge.news.models import NewsItem, NewsState
from pledge.signatures.models import Signature, SignatureState


@dataclass(frozen=True, slots=True)
class MailedNews:
    """News, and who gets it."""

    campaign_id: int
    reader_id: int  #: the signature, or the member of staff
    email: str
    slug: str
    campaign: str  #: the campaign's title in the mail's language
    news_id: int
    title: Texts
    body: Texts


def composers() -> Composers:
    """Who writes which kind of mail."""
    return {MailKind.NEWS: composer(_load_news, write), MailKind.NEWS_TEST: composer(_load_tests, write)}


def write(mail: Claimed, found: MailedNews) -> Message:
    """The news, to a signer who is counted and still wants it.

    A test is sent before it is public: its button leads to the campaign, and there is nothing to unsubscribe from.
    """
    link, stop = urls.campaign_link(mail.lang, found.slug), ""
    if mail.kind == MailKind.NEWS:
        link = urls.news_link(mail.lang, found.slug, found.news_id)
        stop = urls.unsubscribe_link(mail.lang, tokens.mint(Purpose.UNSUBSCRIBE, [found.reader_id]))
    body = found.body.of(mail.lang)
    values = {
        "campaign": found.campaign,
        "title": found.title.of(mail.lang),
        "link": link,
        "unsubscribe": stop,
        "contact": urls.contact(),
    }
    texts: dict[str, str | Markup] = {"plain": body.strip(), "html": markdown(body)}
    return Message(found.email, values, texts=texts, unsubscribe=stop, mailing_list=found.slug)


def _query(reader_id: Any, email: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(
            *(OutboxMail.id, Campaign.id, reader_id, email, Campaign.slug),
            title_in(OutboxMail.lang, NewsItem.campaign_id),
            *(NewsItem.id, NewsItem.title, NewsItem.body),
        )
        .join(NewsItem, NewsItem.id == OutboxMail.seq)
        .join(Campaign, Campaign.id == NewsItem.campaign_id)
        .where(OutboxMail.id.in_(bindparam("ids", expanding=True)))
    )


def _load_news(mails: Sequence[Claimed]) -> Mapping[int, MailedNews]:
    query = (
        _query(Signature.id, Signature.email)
        .join(
            Signature,
            and_(Signature.id == OutboxMail.subject_id, Signature.campaign_id == NewsItem.campaign_id),
        )
        .where(
            Signature.state == SignatureState.CONFIRMED,
            Signature.updates,
            NewsItem.state.in_((NewsState.SENDING, NewsState.SENT)),
        )
    )
    return _load(query, mails)


def _load_tests(mails: Sequence[Claimed]) -> Mapping[int, MailedNews]:
    query = _query(StaffMember.id, StaffMember.email).join(
        StaffMember, and_(StaffMember.id == OutboxMail.subject_id, StaffMember.active)
    )
    return _load(query, mails)


def _load(query: Select[*tuple[Any, ...]], mails: Sequence[Claimed]) -> Mapping[int, MailedNews]:
    with reading() as connection:
        rows = connection.execute(query, {"ids": [mail.id for mail in mails]})
        return {row[0]: MailedNews(*row[1:]) for row in rows}
