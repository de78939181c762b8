"""What staff may do with news: write it, have a test sent to oneself, propose it, approve it as another person, stop it; and where
there is no other person, announce it to all of the staff, who have a day to stop it.

Every use case locks the row, checks its state and is recorded in the audit log in the same transaction. The text of
approved news never changes: a stamp says which text the approving person saw.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import exists, select, text
from sqlalchemy.orm import Session

from pledge.accounts import queries as accounts
from pledge.accounts import two_people
from pledge.accounts.models import StaffMember
from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.campaigns import rules
from pledge.campaigns.models import Campaign, CampaignState
from pledge.campaigns.moderation import clean_reason, compare
from pledge.campaigns.opening import last_day
from pledge.campaigns.rules import Checker, FieldFault
from pledge.campaigns.staff_queries import NoSuchCampaign
from pledge.core import clock, languages
from pledge.core.db import transaction
from pledge.core.i18n import Phrase, format_day
from pledge.core.languages import Texts
from pledge.mail.models import MailKind
from pledge.mail.outbox import NewMail, enqueue
from pledge.news.models import MAX_BODY, MAX_TITLE, NewsItem, NewsState
from pledge.news.queries import approvers
from pledge.signatures.models import WANTS_NEWS, Signature

#: So long announced news can be stopped before it goes out.
DELAY = timedelta(hours=24)

_CLOSING = Phrase("news", "The closing date has changed")
_CLOSING_BODY = Phrase(
    "news",
    "Signing is now open until **%(day)s**. If somebody you know would like to sign, please tell them.\n",
)
_NO_DAY = Phrase("news", "further notice")


@dataclass(frozen=True)
class NewsFields:
    """What the form holds."""

    title: Texts
    body: Texts
    milestone: int | None = None


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
    """Change a draft. Raises BadFields, EditedMeanwhile, WrongState, NoSuchProposal."""
    kept = clean(fields)
    with _locked(slug, news_id, NewsState.DRAFT) as (session, item):
        compare(seen, item.content)
        for name, value in vars(kept).items():
            setattr(item, name, value)
        item.changed_at, item.returned_why = clock.now(), None
        record(session, actor, "news.change", _subject(item), title=_title(kept))


def remove(actor: Actor, slug: str, news_id: int, seen: str, reason: str) -> None:
    """Delete a draft as it was seen. Raises BadFields, EditedMeanwhile, WrongState, NoSuchProposal."""
    reason = clean_reason(reason)
    with _locked(slug, news_id, NewsState.DRAFT) as (session, item):
        compare(seen, item.content)
        record(session, actor, "news.remove", _subject(item), reason=reason, title=_title(item))
        session.delete(item)


def send_test(actor: Actor, slug: str, news_id: int) -> None:
    """Send it to the acting member of staff, once per language. Raises NoSuchProposal, NeedsSecondPerson without an account."""
    if actor.staff_id is None:
        raise two_people.NeedsSecondPerson
    with _locked(slug, news_id, *NewsState) as (session, item):
        person = session.get_one(StaffMember, actor.staff_id)
        for lang in languages.codes():
            enqueue(session, NewMail(MailKind.NEWS_TEST, person.id, lang, seq=item.id))
        record(session, actor, "news.test", _subject(item))


def propose(actor: Actor, slug: str, news_id: int, seen: str) -> None:
    """Ask a second person to approve what was seen; from here on it stays as it is.

    Raises BadFields when a language is missing, WrongState, NoSuchProposal, NeedsSecondPerson (who proposes must be known).
    """
    with _locked(slug, news_id, NewsState.DRAFT, seen=seen) as (session, item):
        clean(NewsFields(item.title, item.body, item.milestone), complete=True)
        _ask_for_approval(session, actor, item)


def approve(actor: Actor, slug: str, news_id: int, seen: str) -> None:
    """Have it sent: at once, or when its milestone is reached.

    Raises NeedsSecondPerson, InvitedLately, WrongState, also when it says something else than was seen, NoSuchProposal.
    """
    with _locked(slug, news_id, NewsState.PROPOSED, seen=seen) as (session, item):
        item.decide(session, actor, NewsState.APPROVED if item.milestone else NewsState.SENDING)
        item.begun_at = None if item.milestone else item.decided_at
        record(session, actor, "news.approve", _subject(item), **_facts(item))


def announce(actor: Actor, slug: str, news_id: int, seen: str) -> None:
    """Have it sent in a day without a second person, as there is none; the other staff are mailed and can stop it.

    Raises NeedsSecondPerson where somebody else can approve it, BadFields, WrongState, NoSuchProposal.
    """
    if approvers(actor.staff_id):
        raise two_people.NeedsSecondPerson
    with _locked(slug, news_id, NewsState.DRAFT, NewsState.PROPOSED, seen=seen) as (session, item):
        clean(NewsFields(item.title, item.body, item.milestone), complete=True)
        _ask_for_approval(session, actor, item, alone=True)


def closing_moved(actor: Actor, session: Session, campaign: Campaign) -> None:
    """Have those who asked for news told that an open campaign closes on another day, in the transaction that moves it.

    As news, since that has the second person, the pace, the archive and the way to unsubscribe already: it is written and
    proposed, or announced where nobody else can approve it. It takes the place of an earlier one that was not sent yet, and
    there is none when nobody asked for news, nor of a campaign that is closed now.
    Raises NeedsSecondPerson: who moves it must be known by an account.
    """
    mine = select(NewsItem).where(NewsItem.campaign_id == campaign.id, NewsItem.closing_moved)
    for earlier in session.scalars(mine.where(NewsItem.begun_at.is_(None)).with_for_update()):
        record(session, actor, "news.remove", _subject(earlier), title=_title(earlier))
        session.delete(earlier)
    wanted = exists().where(Signature.campaign_id == campaign.id, text(WANTS_NEWS))
    if campaign.state != CampaignState.OPEN or not session.scalar(select(wanted)):
        return
    day, body = last_day(campaign.closes_at), Texts()
    for lang in languages.codes():
        body[lang] = _CLOSING_BODY.in_language(
            lang, day=format_day(day, lang) if day else _NO_DAY.in_language(lang)
        )
    item = NewsItem(campaign_id=campaign.id, state=NewsState.DRAFT, title=_CLOSING.in_each(), body=body)
    item.changed_at, item.closing_moved = clock.now(), True
    session.add(item)
    session.flush()
    record(session, actor, "news.write", _subject(item), campaign=campaign.slug, title=_title(item))
    _ask_for_approval(session, actor, item, alone=not approvers(actor.staff_id))


def take_back(actor: Actor, slug: str, news_id: int) -> None:
    """Make a draft of one's own again, before any of it is sent. Raises NoReason, WrongState, NoSuchProposal."""
    with _locked(slug, news_id, NewsState.PROPOSED, NewsState.APPROVED) as (session, item):
        item.take_back(actor, NewsState.DRAFT)
        item.due_at = None
        record(session, actor, "news.take_back", _subject(item))


def send_back(actor: Actor, slug: str, news_id: int, reason: str) -> None:
    """Make a draft of somebody else's again, before any of it is sent. Raises BadFields, WrongState, NoSuchProposal."""
    reason = clean_reason(reason)
    with _locked(slug, news_id, NewsState.PROPOSED, NewsState.APPROVED) as (session, item):
        _send_back(actor, item, reason)
        record(session, actor, "news.send_back", _subject(item), reason=reason, title=_title(item))


def stop_announced(actor: Actor, slug: str, news_id: int, reason: str) -> None:
    """Send announced news back in time. Raises BadFields, WrongState, NoSuchProposal."""
    reason = clean_reason(reason)
    with _locked(slug, news_id, NewsState.PROPOSED) as (session, item):
        if item.due_at is None:
            raise two_people.WrongState
        _send_back(actor, item, reason)
        record(session, actor, "news.stop_announced", _subject(item), reason=reason, title=_title(item))


def stop(actor: Actor, slug: str, news_id: int, reason: str) -> None:
    """Send no further mail of it, also none that is enqueued. Raises BadFields, WrongState, NoSuchProposal."""
    reason = clean_reason(reason)
    with _locked(slug, news_id, NewsState.SENDING, NewsState.SENT) as (session, item):
        item.state, item.ended_at = NewsState.STOPPED, clock.now()
        record(session, actor, "news.stop", _subject(item), reason=reason, mails=item.mails)


def clean(fields: NewsFields, *, complete: bool = False) -> NewsFields:
    """The fields as they will be kept; `complete`: in every language of the site. Raises BadFields."""
    check = Checker()
    title = check.lines("title", fields.title, MAX_TITLE, required=complete)
    body = check.texts("body", fields.body, MAX_BODY, required=complete)
    kept = replace(fields, title=title, body=body)
    check.any_language("title", kept.title)
    check.any_language("body", kept.body)
    if kept.milestone is not None and not 0 < kept.milestone <= rules.MAX_GOAL:
        check.add("milestone", FieldFault.GOAL)
    check.finish()
    return kept


def _locked(
    slug: str, news_id: int, *states: NewsState, seen: str | None = None
) -> AbstractContextManager[tuple[Session, NewsItem]]:
    query = (
        select(NewsItem)
        .join(Campaign, Campaign.id == NewsItem.campaign_id)
        .where(NewsItem.id == news_id, Campaign.slug == slug)
        .with_for_update(of=NewsItem)
    )
    return two_people.locked(query, *states, seen=seen)


def _send_back(actor: Actor, item: NewsItem, reason: str) -> None:
    item.due_at = None
    if actor.staff_id == item.proposed_by:  # whoever announced it stops it
        item.reset(NewsState.DRAFT)
    else:
        item.send_back(actor, NewsState.DRAFT, reason)


def _ask_for_approval(session: Session, actor: Actor, item: NewsItem, *, alone: bool = False) -> None:
    """Propose it; `alone`: announce it to the other staff, as nobody else can approve it."""
    item.propose(actor, NewsState.PROPOSED)
    facts = _facts(item)
    if alone:
        item.due_at = clock.now() + DELAY
        others = [person for person in accounts.people() if person.active and not person.is_invited]
        mails = [
            NewMail(MailKind.NEWS_ANNOUNCED, person.id, person.lang, seq=item.id)
            for person in others
            if person.id != actor.staff_id
        ]
        enqueue(session, *mails)
        facts["mails"] = len(mails)
    record(session, actor, "news.announce" if alone else "news.propose", _subject(item), **facts)


def _facts(item: NewsItem) -> dict[str, Any]:
    """What the audit log says of it: enough to tell which text was approved."""
    return {"title": _title(item), "milestone": item.milestone, "text": item.stamp}


def _title(item: NewsItem | NewsFields) -> str:
    return item.title.in_language(languages.default())


def _subject(item: NewsItem) -> str:
    return f"news:{item.id}"
