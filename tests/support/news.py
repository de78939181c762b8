"""News for tests: proposed by one person and approved by another, as the use cases do it."""

from datetime import timedelta
from functools import partial
from typing import Any

from pledge.audit.models import Actor
from pledge.campaigns.models import Campaign
from pledge.core import clock
from pledge.core.db import transaction
from pledge.core.languages import Texts
from pledge.news import queries, services
from pledge.news.models import NewsItem
from pledge.news.services import NewsFields
from tests.support import rows
from tests.support.factories import in_each_language, the_campaign

WRITER = Actor(9001, "writer@example.org", "192.0.2.1")
APPROVER = Actor(9002, "approver@example.org", "192.0.2.2")

TITLE = Texts(ko="맑은 하늘에 한 걸음 더", en="One step closer to blue skies")
BODY = Texts(
    ko="**천 명**이 함께했습니다.\n\n- 첫 번째 소식\n- 두 번째 소식",
    en="**A thousand people** have joined.\n\n- first item\n- second item",
)


def fields(title: Texts = TITLE, body: Texts = BODY, milestone: int | None = None) -> NewsFields:
    return NewsFields(in_each_language(title), in_each_language(body), milestone)


def draft(of: Campaign | None = None, **facts: Any) -> int:
    return services.write(WRITER, (of or the_campaign()).slug, fields(**facts))


def proposed(of: Campaign | None = None, by: Actor = WRITER, **facts: Any) -> int:
    of = of or the_campaign()
    number = draft(of, **facts)
    services.propose(by, of.slug, number, stamp(of, number))
    return number


def approved(of: Campaign | None = None, **facts: Any) -> int:
    """News that goes out: as soon as what was under way has settled, or at its milestone."""
    of = of or the_campaign()
    number = proposed(of, **facts)
    services.approve(APPROVER, of.slug, number, stamp(of, number))
    return number


def begun(of: Campaign | None = None, *, ago: timedelta = timedelta(minutes=1), **facts: Any) -> int:
    """News that waits for the worker."""
    number = approved(of, **facts)
    with transaction() as session:
        session.get_one(NewsItem, number).begun_at = clock.now() - ago
    return number


def stamp(of: Campaign, number: int) -> str:
    return queries.find(of.id, number).stamp


row = partial(rows.row, NewsItem)
