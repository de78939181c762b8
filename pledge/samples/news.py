"""Sample news: sent, as it looks when its last mail is enqueued, and a draft."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from pledge.core import clock, languages
from pledge.news.models import NewsItem, NewsState
from pledge.samples.content import read
from pledge.samples.people import Person

#: Nobody of the staff.
_EDITOR, _SECOND_PERSON = (-1, "sample-editor"), (-2, "sample-approver")
_HOUR = timedelta(hours=1)


def add(session: Session, campaign_id: int, crowd: Sequence[Person]) -> None:
    """The news of the file; the people who had asked for it by then are counted, and no mail is written."""
    now = clock.now()
    for facts in read("news")["news"]:
        item = NewsItem(
            campaign_id=campaign_id,
            state=NewsState.DRAFT,
            title=languages.texts(facts["title"]),
            body=languages.texts(facts["body"]),
            changed_at=now,
        )
        if "day" in facts:
            at = now + timedelta(days=facts["day"])
            item.state, item.mails = NewsState.SENT, _recipients(crowd, at)
            item.proposed_by, item.proposed_name, item.proposed_at = *_EDITOR, at - 2 * _HOUR
            item.decided_by, item.decided_name, item.decided_at = *_SECOND_PERSON, at
            item.changed_at, item.begun_at, item.ended_at = at - 3 * _HOUR, at, at + _HOUR
        session.add(item)
        session.flush()


def _recipients(crowd: Sequence[Person], at: datetime) -> int:
    return sum(
        person.updates
        and person.confirmed_at is not None
        and person.confirmed_at <= at
        and not (person.withdrawn_at and person.withdrawn_at <= at)
        for person in crowd
    )
