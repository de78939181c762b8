"""Reads of news: for its screens, the number of people whom it would reach, and the public archive."""

from datetime import datetime

from sqlalchemy import Row, bindparam, func, select, text

from pledge.accounts import queries as accounts
from pledge.accounts.models import StaffMember
from pledge.accounts.roles import Permission
from pledge.accounts.two_people import NoSuchProposal, obstacles
from pledge.campaigns.models import Campaign
from pledge.core import clock, languages
from pledge.core.db import fetch, load
from pledge.core.db.types import UTCDateTime
from pledge.mail.models import MailKind, MailState, OutboxMail, Returned
from pledge.news.models import NewsItem, NewsState
from pledge.signatures.models import NEWS_STATES, WANTS_NEWS, Signature

#: How many the public archive and the screen of a campaign list.
MAX_SHOWN = 100

#: Public: also what was stopped has been read by some.
_PUBLIC = NewsItem.state.in_((NewsState.SENDING, NewsState.SENT, NewsState.STOPPED))


def newest(campaign_id: int) -> list[NewsItem]:
    """The newest news of a campaign, in every state."""
    query = select(NewsItem).where(NewsItem.campaign_id == campaign_id)
    return load(query.order_by(NewsItem.id.desc()).limit(MAX_SHOWN))


def find(campaign_id: int, news_id: int) -> NewsItem:
    """Raises NoSuchProposal."""
    for item in load(select(NewsItem).where(NewsItem.campaign_id == campaign_id, NewsItem.id == news_id)):
        return item
    raise NoSuchProposal


def proposed() -> list[NewsItem]:
    """News of all campaigns that waits for a second person or came back, the longest wait first."""
    waits = (NewsItem.state == NewsState.PROPOSED) | NewsItem.returned_why.is_not(None)
    return load(select(NewsItem).where(waits).order_by(NewsItem.proposed_at).limit(MAX_SHOWN))


def approvers(staff_id: int | None) -> list[StaffMember]:
    """Who can approve news that this person proposes."""
    between = obstacles()
    able = accounts.able(Permission.EDIT_CAMPAIGNS, accounts.people())
    return [person for person in able if between(staff_id, person.id) is None]


def last_written() -> dict[int, datetime]:
    """By campaign number, when (UTC) its news was written or changed last, in whatever state it is."""
    query = select(NewsItem.campaign_id, func.max(NewsItem.changed_at)).group_by(NewsItem.campaign_id)
    return {row[0]: row[1] for row in fetch(query)}


def has_any(slug: str) -> bool:
    """Whether the archive of a campaign has news."""
    mine = select(NewsItem.id).join(Campaign).where(Campaign.slug == slug, _PUBLIC)
    return bool(fetch(select(mine.exists())).scalar_one())


def recipients(campaign_id: int) -> dict[str, int]:
    """How many people asked for news and may be mailed now, by language: those of the site first, in their order."""
    query = (
        select(Signature.lang, func.count())
        .where(Signature.campaign_id == campaign_id, text(WANTS_NEWS))
        .group_by(Signature.lang)
    )
    numbers: dict[str, int] = {row[0]: row[1] for row in fetch(query)}
    return {lang: numbers.get(lang, 0) for lang in (*languages.codes(), *sorted(numbers))}


def progress(news_id: int) -> dict[str, int]:
    """How many of its mails are in each state. Mails that were sent or dropped are deleted after some months."""
    query = (
        select(OutboxMail.state, func.count().label("mails"))
        .where(text(f"kind = '{MailKind.NEWS}'"), OutboxMail.seq == news_id)  # a constant
        .group_by(OutboxMail.state)
    )
    return dict.fromkeys(MailState, 0) | {row.state: row.mails for row in fetch(query)}


def outcome(news_id: int) -> Row[int, int, int, int]:
    """How many of its mails are `stored`, were `sent`, `bounced`, and went to somebody who `left`: who gets no news any more."""
    was_sent = OutboxMail.state == MailState.SENT
    has_bounced = OutboxMail.returned.not_in((Returned.DELAYED, Returned.COMPLAINT))
    wants_news = Signature.updates & Signature.state.in_(NEWS_STATES)
    return fetch(
        select(
            func.count().label("stored"),
            func.count().filter(was_sent).label("sent"),
            func.count().filter(has_bounced).label("bounced"),
            func.count().filter(was_sent, Signature.id.is_(None) | ~wants_news).label("left"),
        )
        .select_from(OutboxMail)
        .outerjoin(Signature, Signature.id == OutboxMail.subject_id)
        .where(text(f"kind = '{MailKind.NEWS}'"), OutboxMail.seq == news_id)  # a constant
    ).one()


def sent(campaign_id: int, limit: int = MAX_SHOWN) -> list[NewsItem]:
    """What was sent of a campaign, the newest first."""
    query = select(NewsItem).where(NewsItem.campaign_id == campaign_id, _PUBLIC)
    return load(query.order_by(NewsItem.begun_at.desc(), NewsItem.id.desc()).limit(limit))


def sent_item(campaign_id: int, news_id: int) -> NewsItem | None:
    """One of them; None when there is none, or it was not sent."""
    query = select(NewsItem).where(NewsItem.campaign_id == campaign_id, NewsItem.id == news_id, _PUBLIC)
    return next(iter(load(query)), None)


def last_sent() -> dict[int, datetime]:
    """By campaign number, when (UTC) news was sent last; now, while it is being sent."""
    ended = func.coalesce(NewsItem.ended_at, bindparam("now", clock.now(), type_=UTCDateTime()))
    was_begun = NewsItem.state.in_((NewsState.SENDING, NewsState.SENT))
    query = select(NewsItem.campaign_id, func.max(ended)).where(was_begun).group_by(NewsItem.campaign_id)
    return {row[0]: row[1] for row in fetch(query)}
