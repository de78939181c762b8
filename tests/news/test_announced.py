"""Where nobody else can approve news it is announced to all of the staff, and goes out a day later unless somebody stops it."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from pledge.accounts.two_people import NeedsSecondPerson, WrongState
from pledge.audit.models import Actor
from pledge.campaigns.rules import BadFields
from pledge.core.db import load, transaction
from pledge.mail.models import MailKind, OutboxMail
from pledge.news import sending, services
from pledge.news.models import NewsItem, NewsState
from tests.support import news
from tests.support.audit import actions
from tests.support.factories import SLUG, signature, staff, the_campaign
from tests.support.news import row, stamp

pytestmark = pytest.mark.usefixtures("app")

PACE = 100_000


@pytest.fixture
def writer():
    """The only one who can approve news."""
    person = staff("editor")
    return Actor(person.id, person.email, "192.0.2.1")


def announced(writer, **facts):
    number = news.draft(**facts)
    services.announce(writer, SLUG, number, stamp(the_campaign(), number))
    return number


def test_it_is_mailed_to_the_other_staff_and_goes_out_after_a_day(writer, frozen_clock):
    others = {staff("viewer").id, staff("moderator").id}
    staff("moderator", active=False, closed_at=frozen_clock.now())
    signature(updates=True)
    number = announced(writer)
    mails = select(OutboxMail.subject_id).where(OutboxMail.kind == MailKind.NEWS_ANNOUNCED)
    assert set(load(mails)) == others
    frozen_clock.move(hours=23, minutes=59)
    assert not sending.advance(PACE)
    assert row(number).state == NewsState.PROPOSED
    frozen_clock.move(minutes=2)
    sending.advance(PACE)
    assert row(number).state == NewsState.SENDING
    assert actions("news.") == ["news.write", "news.announce", "news.begin"]


def test_it_is_refused_where_somebody_else_can_approve_it(writer):
    staff("editor")
    number = news.draft()
    with pytest.raises(NeedsSecondPerson):
        services.announce(writer, SLUG, number, stamp(the_campaign(), number))
    assert row(number).state == NewsState.DRAFT


def test_anybody_of_the_staff_stops_it_with_a_reason(writer, frozen_clock):
    number, viewer = announced(writer), staff("viewer")
    colleague = Actor(viewer.id, viewer.email, "192.0.2.2")
    with pytest.raises(BadFields):
        services.stop_announced(colleague, SLUG, number, " ")
    services.stop_announced(colleague, SLUG, number, "a wrong date")
    item = row(number)
    assert (item.state, item.due_at, item.returned_why) == (NewsState.DRAFT, None, "a wrong date")
    frozen_clock.move(days=2)
    assert not sending.advance(PACE)
    with pytest.raises(WrongState):
        services.stop_announced(colleague, SLUG, number, "again")


def test_what_waits_for_a_second_person_is_not_stopped_as_if_it_were_announced():
    with pytest.raises(WrongState):
        services.stop_announced(news.APPROVER, SLUG, news.proposed(), "why")


def test_with_a_milestone_it_waits_for_both(writer, frozen_clock):
    number = announced(writer, milestone=1000)
    frozen_clock.move(days=2)
    assert not sending.advance(PACE)
    assert row(number).state == NewsState.PROPOSED


@pytest.mark.parametrize("due", [None, timedelta(hours=1)], ids=["not announced", "before its time"])
def test_the_database_refuses_news_that_nobody_approved_and_that_was_not_announced_for_long_enough(
    writer, frozen_clock, due
):
    number = announced(writer)
    with pytest.raises(IntegrityError), transaction() as session:
        item = session.get_one(NewsItem, number)
        item.state, item.begun_at = NewsState.SENDING, frozen_clock.now()
        item.due_at = due and frozen_clock.now() + due
