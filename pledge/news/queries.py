"""Reads of news: for its screens, the number of people whom it would reach, and the public archive."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup
from sqlalchemy import Select, bindparam, func, select, text

from pledge.campaigns.models import Campaign
from pledge.core import clock, languages
from pledge.core.db import reading
from pledge.core.languages import Texts
from pledge.core.text.markdown import markdown
from pledge.mail.models import MailKind, MailState, OutboxMail
from pledge.news.models import NewsItem, NewsState
from pledge.news.services import NewsFields, NoSuchNews, stamp
from pledge.signatures.models import WANTS_NEWS, Signature

#: How many the public archive and the screen of a campaign list.
MAX_SHOWN = 100

#: Ids of signatures are random numbers of 63 bits, so the cursor shows how much of the work is done.
_ALL_IDS = 2**63

#: Public: also what was stopped has been read by some.
_PUBLIC = NewsItem.state.in_((NewsState.SENDING, NewsState.SENT, NewsState.STOPPED))


@dataclass(frozen=True)
class NewsView:
    """News as staff see it."""

    id: int
    state: NewsState
    fields: NewsFields
    changed_at: datetime
    proposed_by: int | None
    proposed_name: str
    proposed_at: datetime | None
    approved_by: int | None
    approved_name: str
    approved_at: datetime | None
    begun_at: datetime | None
    upto: int
    mails: int
    ended_at: datetime | None

    @property
    def stamp(self) -> str:
        return stamp(self.fields)

    @property
    def title(self) -> Texts:
        return self.fields.title

    @property
    def is_complete(self) -> bool:
        """Whether it is there in every language of the site."""
        return self.fields.title.is_complete and self.fields.body.is_complete

    @property
    def queued_percent(self) -> int:
        """How much of it the worker has enqueued, in percent."""
        return 100 if self.ended_at else 99 * self.upto // _ALL_IDS

    def html(self, lang: str) -> Markup:
        """The text in exactly this language; empty where it is not written yet."""
        return markdown(self.fields.body[lang])


@dataclass(frozen=True)
class ProposedNews:
    """News that waits for a second person."""

    slug: str
    id: int
    title: Texts
    proposed_at: datetime | None


@dataclass(frozen=True)
class NewsProgress:
    """The states of the mails of one piece of news. Mails that were sent or dropped are deleted after some months."""

    waiting: int
    sent: int
    dropped: int  #: unsubscribed, withdrawn or erased before their turn, or stopped
    dead: int

    @property
    def done(self) -> int:
        return self.sent + self.dropped + self.dead


@dataclass(frozen=True)
class PublicNews:
    """News in the archive, in one language."""

    id: int
    title: str
    body: Markup
    lang: str  #: the language that it is in
    begun_at: datetime


def of_campaign(campaign_id: int) -> list[NewsView]:
    """The newest news of a campaign, in every state."""
    query = _news().where(NewsItem.campaign_id == campaign_id).order_by(NewsItem.id.desc()).limit(MAX_SHOWN)
    with reading() as connection:
        return [_view(row) for row in connection.execute(query)]


def one(campaign_id: int, news_id: int) -> NewsView:
    """Raises NoSuchNews."""
    with reading() as connection:
        row = connection.execute(
            _news().where(NewsItem.campaign_id == campaign_id, NewsItem.id == news_id)
        ).first()
    if row is None:
        raise NoSuchNews(news_id)
    return _view(row)


def proposed() -> list[ProposedNews]:
    """News of all campaigns that waits for a second person, the longest wait first."""
    query = (
        select(Campaign.slug, NewsItem.id, NewsItem.title, NewsItem.proposed_at)
        .join(Campaign, Campaign.id == NewsItem.campaign_id)
        .where(NewsItem.state == NewsState.PROPOSED)
        .order_by(NewsItem.proposed_at)
        .limit(MAX_SHOWN)
    )
    with reading() as connection:
        return [ProposedNews(*row) for row in connection.execute(query)]


def has_any(slug: str) -> bool:
    """Whether the archive of a campaign has news."""
    mine = select(NewsItem.id).join(Campaign).where(Campaign.slug == slug, _PUBLIC)
    with reading() as connection:
        return bool(connection.execute(select(mine.exists())).scalar_one())


def recipients(campaign_id: int) -> dict[str, int]:
    """How many people asked for news and may be mailed now, by language: those of the site first, in their order."""
    query = (
        select(Signature.lang, func.count())
        .where(Signature.campaign_id == campaign_id, text(WANTS_NEWS))
        .group_by(Signature.lang)
    )
    with reading() as connection:
        found: dict[str, int] = {row[0]: row[1] for row in connection.execute(query)}
    return {lang: found.get(lang, 0) for lang in (*languages.codes(), *sorted(found))}


def progress(news_id: int) -> NewsProgress:
    """The states of the mails of news."""
    query = (
        select(OutboxMail.state, func.count().label("mails"))
        .where(text(f"kind = '{MailKind.NEWS}'"), OutboxMail.seq == news_id)  # a constant
        .group_by(OutboxMail.state)
    )
    with reading() as connection:
        found: dict[str, int] = {row.state: row.mails for row in connection.execute(query)}
    states = (MailState.QUEUED, MailState.SENT, MailState.DROPPED, MailState.DEAD)
    return NewsProgress(*(found.get(state, 0) for state in states))


_ARCHIVE = (
    select(NewsItem.id, NewsItem.title, NewsItem.body, NewsItem.begun_at)
    .where(NewsItem.campaign_id == bindparam("campaign"), _PUBLIC)
    .order_by(NewsItem.begun_at.desc(), NewsItem.id.desc())
)


def public_news(campaign_id: int, lang: str, limit: int = MAX_SHOWN) -> list[PublicNews]:
    """What was sent of a campaign, the newest first."""
    with reading() as connection:
        rows = connection.execute(_ARCHIVE.limit(limit), {"campaign": campaign_id}).all()
    return [_public(row, lang) for row in rows]


def public_one(campaign_id: int, news_id: int, lang: str) -> PublicNews | None:
    """One of them; None when there is none, or it was not sent."""
    query = select(NewsItem.id, NewsItem.title, NewsItem.body, NewsItem.begun_at).where(
        NewsItem.campaign_id == campaign_id, NewsItem.id == news_id, _PUBLIC
    )
    with reading() as connection:
        row = connection.execute(query).first()
    return None if row is None else _public(row, lang)


def last_sent() -> Mapping[int, datetime]:
    """By campaign number, when (UTC) news was sent last; now, while it is being sent."""
    now = clock.now()
    states = (NewsState.SENDING, NewsState.SENT)
    query = select(NewsItem.campaign_id, NewsItem.ended_at).where(NewsItem.state.in_(states))
    latest: dict[int, datetime] = {}
    with reading() as connection:
        for campaign_id, ended_at in connection.execute(query):
            latest[campaign_id] = max(ended_at or now, latest.get(campaign_id, ended_at or now))
    return latest


def _news() -> Select[*tuple[Any, ...]]:
    return select(*NewsItem.__table__.c)


def _view(row: Any) -> NewsView:
    return NewsView(
        id=row.id,
        state=NewsState(row.state),
        fields=NewsFields(row.title, row.body, row.milestone),
        changed_at=row.changed_at,
        proposed_by=row.proposed_by,
        proposed_name=row.proposed_name,
        proposed_at=row.proposed_at,
        approved_by=row.approved_by,
        approved_name=row.approved_name,
        approved_at=row.approved_at,
        begun_at=row.begun_at,
        upto=row.upto,
        mails=row.mails,
        ended_at=row.ended_at,
    )


def _public(row: Any, lang: str) -> PublicNews:
    shown = row.body.language_for(lang)
    return PublicNews(row.id, row.title.of(lang), markdown(row.body[shown]), shown, row.begun_at)
