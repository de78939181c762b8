"""What staff may do with news: write it, have a test sent to oneself, propose it, approve it as another person, stop it.

Every use case locks the row, checks its state and is recorded in the audit log in the same transaction. The text of
approved news never changes: whoever approves says by a stamp which text they saw.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pledge.accounts import two_people
from pledge.accounts.models import StaffMember
from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.campaigns import rules
from pledge.campaigns.models import Campaign
from pledge.campaigns.moderation import clean_reason, compare
from pledge.campaigns.rules import Checker, FieldFault
from pledge.campaigns.staff_queries import NoSuchCampaign
from pledge.core import clock, languages
from pledge.core.db import transaction
from pledge.core.languages import Texts
from pledge.mail.models import MailKind
from pledge.mail.outbox import NewMail, enqueue
from pledge.news.models import MAX_BODY, MAX_TITLE, NewsItem, NewsState


class NoSuchNews(LookupError):
    """There is no news of this number in this campaign."""


class NewsInWrongState(Exception):
    """The news is not, or no longer, in a state that allows this, or says something else than was seen."""


@dataclass(frozen=True)
class NewsFields:
    """What the form holds."""

    title: Texts
    body: Texts
    milestone: int | None = None


FIELDS = tuple(NewsFields.__annotations__)


def stamp(item: NewsItem | NewsFields) -> str:
    """A hash of what the news says and when it goes out."""
    return rules.stamp({name: getattr(item, name) for name in FIELDS})


def write(actor: Actor, slug: str, fields: NewsFields) -> int:
    """Begin a draft; returns its number. Raises BadFields, NoSuchCampaign."""
    kept = clean(fields)
    with transaction() as session:
        campaign_id = session.scalar(select(Campaign.id).where(Campaign.slug == slug))
        if campaign_id is None:
            raise NoSuchCampaign
        item = NewsItem(campaign_id=campaign_id, state=NewsState.DRAFT, changed_at=clock.now(), **vars(kept))
        session.add(item)
        session.flush()
        record(session, actor, "news.write", _subject(item), campaign=slug, title=_title(kept))
        return item.id


def change(actor: Actor, slug: str, news_id: int, seen: str, fields: NewsFields) -> None:
    """Change a draft. Raises BadFields, EditedMeanwhile, NewsInWrongState, NoSuchNews."""
    kept = clean(fields)
    with _locked(slug, news_id, NewsState.DRAFT) as (session, item):
        compare(seen, {name: getattr(item, name) for name in FIELDS})
        for name, value in vars(kept).items():
            setattr(item, name, value)
        item.changed_at = clock.now()
        record(session, actor, "news.change", _subject(item), title=_title(kept))


def remove(actor: Actor, slug: str, news_id: int, seen: str, reason: str) -> None:
    """Delete a draft as it was seen. Raises ReasonMissing, EditedMeanwhile, NewsInWrongState, NoSuchNews."""
    reason = clean_reason(reason)
    with _locked(slug, news_id, NewsState.DRAFT) as (session, item):
        compare(seen, {name: getattr(item, name) for name in FIELDS})
        record(session, actor, "news.remove", _subject(item), reason=reason, title=_title(item))
        session.delete(item)


def send_test(actor: Actor, slug: str, news_id: int) -> None:
    """Send it to the member of staff who asks, once in each language. Raises NoSuchNews, NeedsSecondPerson without an account."""
    if actor.staff_id is None:
        raise two_people.NeedsSecondPerson
    with _locked(slug, news_id, *NewsState) as (session, item):
        person = session.get_one(StaffMember, actor.staff_id)
        for lang in languages.codes():
            enqueue(session, NewMail(MailKind.NEWS_TEST, person.id, lang, seq=item.id))
        record(session, actor, "news.test", _subject(item))


def propose(actor: Actor, slug: str, news_id: int, seen: str) -> None:
    """Ask a second person to approve what was seen; from here on it stays as it is.

    Raises BadFields when a language is missing, NewsInWrongState, NoSuchNews, NeedsSecondPerson (who proposes must be known).
    """
    if actor.staff_id is None:
        raise two_people.NeedsSecondPerson
    with _locked(slug, news_id, NewsState.DRAFT, seen=seen) as (session, item):
        clean(NewsFields(item.title, item.body, item.milestone), complete=True)
        item.state = NewsState.PROPOSED
        item.proposed_by, item.proposed_name, item.proposed_at = actor.staff_id, actor.name, clock.now()
        record(session, actor, "news.propose", _subject(item), **_said(item))


def approve(actor: Actor, slug: str, news_id: int, seen: str) -> None:
    """Have it sent: at once, or when its milestone is reached.

    Raises NeedsSecondPerson, InvitedLately, NewsInWrongState, also when it says something else than was seen, NoSuchNews.
    """
    with _locked(slug, news_id, NewsState.PROPOSED, seen=seen) as (session, item):
        two_people.check(session, item.proposed_by, actor.staff_id)
        now = clock.now()
        item.state = NewsState.APPROVED if item.milestone else NewsState.SENDING
        item.begun_at = None if item.milestone else now
        item.approved_by, item.approved_name, item.approved_at = actor.staff_id, actor.name, now
        record(session, actor, "news.approve", _subject(item), **_said(item))


def take_back(actor: Actor, slug: str, news_id: int) -> None:
    """Make a draft of it again, before any of it is sent. Raises NewsInWrongState, NoSuchNews."""
    with _locked(slug, news_id, NewsState.PROPOSED, NewsState.APPROVED) as (session, item):
        item.state = NewsState.DRAFT
        item.proposed_by = item.proposed_at = item.approved_by = item.approved_at = None
        item.proposed_name = item.approved_name = ""
        record(session, actor, "news.take_back", _subject(item))


def stop(actor: Actor, slug: str, news_id: int, reason: str) -> None:
    """Send no further mail of it, also none that is enqueued. Raises ReasonMissing, NewsInWrongState, NoSuchNews."""
    reason = clean_reason(reason)
    with _locked(slug, news_id, NewsState.SENDING, NewsState.SENT) as (session, item):
        item.state, item.ended_at = NewsState.STOPPED, clock.now()
        record(session, actor, "news.stop", _subject(item), reason=reason, mails=item.mails)


def clean(fields: NewsFields, *, complete: bool = False) -> NewsFields:
    """The fields as they will be kept; `complete`: in every language of the site. Raises BadFields."""
    check = Checker()
    kept = NewsFields(
        title=check.lines("title", fields.title, MAX_TITLE, required=complete),
        body=check.texts("body", fields.body, MAX_BODY, required=complete),
        milestone=fields.milestone,
    )
    check.any_language("title", kept.title)
    check.any_language("body", kept.body)
    if kept.milestone is not None and not 0 < kept.milestone <= rules.MAX_GOAL:
        check.add("milestone", FieldFault.GOAL)
    check.finish()
    return kept


@contextmanager
def _locked(
    slug: str, news_id: int, *states: NewsState, seen: str | None = None
) -> Iterator[tuple[Session, NewsItem]]:
    """The row in one of these states, locked until the transaction ends. Raises NoSuchNews, NewsInWrongState."""
    with transaction() as session:
        item = session.scalar(
            select(NewsItem)
            .join(Campaign, Campaign.id == NewsItem.campaign_id)
            .where(NewsItem.id == news_id, Campaign.slug == slug)
            .with_for_update(of=NewsItem)
        )
        if item is None:
            raise NoSuchNews(news_id)
        if item.state not in states or (seen is not None and seen != stamp(item)):
            raise NewsInWrongState
        yield session, item


def _said(item: NewsItem) -> dict[str, Any]:
    """What the audit log says of it: enough to tell which text was approved."""
    return {"title": _title(item), "milestone": item.milestone, "text": stamp(item)}


def _title(item: NewsItem | NewsFields) -> str:
    return item.title.of(languages.default())


def _subject(item: NewsItem) -> str:
    return f"news:{item.id}"
