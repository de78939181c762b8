"""Those who asked for news are told when the closing date of an open campaign moves, as all news is: approved by a second person."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from pledge.accounts.two_people import NeedsSecondPerson
from pledge.audit.models import Actor
from pledge.campaigns import moderation, staff_queries
from pledge.campaigns.models import CampaignState
from pledge.campaigns.opening import last_day
from pledge.campaigns.rules import stamp
from pledge.core import clock
from pledge.core.db import load, transaction
from pledge.core.i18n import format_day
from pledge.mail.models import MailKind, OutboxMail
from pledge.news import sending, services
from pledge.news.models import NewsItem, NewsState
from tests.support.audit import actions
from tests.support.factories import EDITOR, SLUG, campaign, signature, staff, the_campaign
from tests.support.news import APPROVER, row

pytestmark = pytest.mark.usefixtures("app")

PACE = 100_000


@pytest.fixture
def editor():
    person = staff("editor")
    return Actor(person.id, person.email, "192.0.2.1")


@pytest.fixture
def reader():
    campaign()
    return signature(updates=True)


def close(actor, days):
    """Have the campaign close in so many days; None: never."""
    stored = staff_queries.desk(SLUG).schedule
    closes_at = None if days is None else clock.now() + timedelta(days=days)
    fields = {**stored, "closes_at": closes_at, "reason": "more time", "is_stepped_up": True}
    moved = partial(services.closing_moved, actor)
    moderation.edit_schedule(actor, SLUG, stamp(stored), **fields, closing_moved=moved)


def written():
    return load(select(NewsItem).order_by(NewsItem.id))


def test_news_of_it_waits_for_a_second_person_and_then_goes_to_those_who_asked(editor, reader, frozen_clock):
    staff("editor")
    signature()
    close(editor, 30)
    (item,) = written()
    day = format_day(last_day(staff_queries.desk(SLUG).closes_at), "en")
    assert item.state == NewsState.PROPOSED
    assert f"**{day}**" in item.body["en"]
    assert item.is_complete
    assert actions("news.") == ["news.write", "news.propose"]
    services.approve(APPROVER, SLUG, item.id, item.stamp)
    frozen_clock.move(minutes=1)
    while sending.advance(PACE):
        pass
    mailed = load(select(OutboxMail).where(OutboxMail.kind == MailKind.NEWS))
    assert [mail.subject_id for mail in mailed] == [reader.id]


def test_where_nobody_else_can_approve_it_all_staff_are_told_and_it_goes_out_after_a_day(
    editor, reader, frozen_clock
):
    viewer = staff("viewer")
    close(editor, 30)
    (item,) = written()
    mails = load(select(OutboxMail).where(OutboxMail.kind == MailKind.NEWS_ANNOUNCED))
    assert [mail.subject_id for mail in mails] == [viewer.id]
    frozen_clock.move(days=1, minutes=1)
    sending.advance(PACE)
    assert row(item.id).state == NewsState.SENDING


def test_the_newest_date_takes_the_place_of_one_that_was_not_told_yet(editor, reader):
    close(editor, 30)
    close(editor, 60)
    close(editor, None)
    (item,) = written()
    assert "until **further notice**" in item.body["en"]
    assert actions("news.") == [
        "news.write",
        "news.announce",
        *["news.remove", "news.write", "news.announce"] * 2,
    ]


def test_nothing_is_written_where_nobody_asked_for_news(editor):
    campaign()
    signature()
    close(editor, 30)
    assert written() == []


def test_a_draft_and_other_changes_tell_nobody(editor, reader):
    close(editor, 30)
    stored = staff_queries.desk(SLUG).schedule
    moved = partial(services.closing_moved, editor)
    moderation.edit_schedule(editor, SLUG, stamp(stored), **{**stored, "goal": 7_000}, closing_moved=moved)
    assert len(written()) == 1
    with transaction() as session:
        session.get_one(type(the_campaign()), the_campaign().id).state = "draft"
    close(editor, 60)
    assert len(written()) == 1


def test_it_is_not_told_once_the_campaign_has_closed_before_its_time(editor, reader, frozen_clock):
    close(editor, 30)
    close(editor, 0.5)
    frozen_clock.move(days=2)
    assert not sending.advance(PACE)
    (item,) = written()
    assert (item.state, item.due_at, item.begun_at) == (NewsState.DRAFT, None, None)
    assert actions("news.")[-1] == "news.take_back"


def test_whoever_closes_it_at_once_takes_away_what_was_not_sent(editor, reader):
    close(editor, 30)
    moved = partial(services.closing_moved, editor)
    moderation.move(
        *(editor, SLUG, CampaignState.OPEN, CampaignState.CLOSED, "an emergency"), closing_moved=moved
    )
    assert written() == []


def test_whoever_moves_it_without_an_account_changes_nothing(reader):
    with pytest.raises(NeedsSecondPerson):
        close(EDITOR, 30)
    assert staff_queries.desk(SLUG).closes_at is None
