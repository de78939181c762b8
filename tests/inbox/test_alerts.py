"""Staff are told by mail of what waits: at once, once a day, or never, as each of them chose."""

import pytest
from sqlalchemy import select

from pledge.abuse.models import Alert, AlertKind
from pledge.accounts import staff_alerts
from pledge.core.db import fetch
from pledge.endorsements.review import moderation
from pledge.endorsements.review import queries as review
from pledge.inbox import queries
from pledge.inbox.queries import InboxKind
from pledge.inbox.services import alert_waiting
from pledge.mail.models import MailKind, OutboxMail
from pledge.news import services as news_services
from tests.inbox.test_inbox import actor, korean_day, proposal
from tests.support import deliveries, demands, factories, news, paper
from tests.support.factories import SLUG, endorsement, signature


def mailed_alerts(member):
    """The kinds of alerts that were mailed to this person."""
    query = (
        select(Alert.kind)
        .join(OutboxMail, OutboxMail.seq == Alert.id)
        .where(OutboxMail.kind == MailKind.STAFF_ALERT, OutboxMail.subject_id == member.id)
    )
    return sorted(fetch(query).scalars())


@pytest.fixture
def evening(app, frozen_clock):
    """Not the hour of the daily mail."""
    frozen_clock.move(seconds=11 * 3600 - frozen_clock.now().timestamp() % 86400)
    return frozen_clock


def test_each_is_told_once_of_what_they_can_decide(evening):
    editor, moderator, viewer = (factories.staff(role) for role in ("editor", "moderator", "viewer"))
    news.proposed(), paper.entered(), endorsement(state="review")
    proposal(factories.ANNA, number=3, domain="few.example")  # which its author decides alone
    proposal(factories.ANNA)
    for _ in range(2):
        alert_waiting()
        evening.move(hours=2)
    assert mailed_alerts(editor) == [AlertKind.APPROVAL_WAITS] * 2
    assert mailed_alerts(moderator) == [AlertKind.ACT_PROPOSED, AlertKind.ORGANIZATION_WAITS]
    assert mailed_alerts(viewer) == []


def test_its_author_alone_is_told_once_of_what_came_back_whatever_they_chose(evening):
    author, colleague = factories.staff("editor"), factories.staff("editor")
    staff_alerts.choose(actor(author), [])
    staff_alerts.choose(actor(colleague), [AlertKind.APPROVAL_WAITS])
    number = news.proposed(by=actor(author))
    news_services.send_back(news.APPROVER, SLUG, number, "a wrong date")
    for _ in range(2):
        alert_waiting()
        evening.move(hours=2)
    assert (mailed_alerts(author), mailed_alerts(colleague)) == ([AlertKind.RETURNED], [])


def test_a_queue_is_told_of_when_it_begins_and_not_for_each_that_joins_it(evening):
    moderator = factories.staff("moderator")
    endorsement(state="review")
    alert_waiting()
    endorsement(state="review")
    alert_waiting()
    assert mailed_alerts(moderator) == [AlertKind.ORGANIZATION_WAITS]


def test_working_through_a_queue_is_not_told_case_by_case(evening):
    moderator = factories.staff("moderator")
    waiting = []
    for _ in range(3):
        waiting.append(endorsement(state="review", at=evening.now()))
        evening.move(minutes=1)
    for row in waiting:
        alert_waiting()
        moderation.publish(factories.ANNA, row.id, review.find(row.id).seen)
        evening.move(minutes=1)
    endorsement(state="review", at=evening.now())
    alert_waiting()
    assert mailed_alerts(moderator) == [AlertKind.ORGANIZATION_WAITS] * 2, (
        "of the first three, and of the next"
    )


@pytest.mark.parametrize("kinds", [[AlertKind.INBOX_DAILY], []], ids=["daily", "never"])
def test_who_wants_one_mail_a_day_or_none_gets_that(evening, kinds):
    moderator = factories.staff("moderator")
    staff_alerts.choose(actor(moderator), kinds)
    endorsement(state="review")
    for _ in range(48):
        alert_waiting()
        evening.move(hours=1)
    assert mailed_alerts(moderator) == kinds * 2


def test_who_records_answers_is_told_a_week_before_the_last_day_and_on_it(evening):
    exporter, editor = factories.staff("exporter"), factories.staff("editor")
    signature()
    deliveries.handed_over(answer_due=korean_day(evening, 9))
    mails_by_day = []
    for _ in range(13):
        alert_waiting()
        mails_by_day.append(len(mailed_alerts(exporter)))
        evening.move(days=1)
    assert mails_by_day == [0] * 2 + [1] * 7 + [2] * 4
    (item,) = queries.waiting()
    assert (item.kind, item.days_late) == (InboxKind.ANSWER_DUE, 4)
    assert set(mailed_alerts(exporter)) == {AlertKind.ANSWER_DUE}
    assert mailed_alerts(editor) == []


def test_staff_are_told_once_of_an_answer_and_of_the_state_of_a_demand_that_wait_for_a_second_person(evening):
    exporter, editor, viewer = (factories.staff(role) for role in ("exporter", "editor", "viewer"))
    signature()
    deliveries.proposed(deliveries.handed_over(), "검토하겠습니다.", "We will look into it.")
    demands.entered(demands.asked())
    for _ in range(2):
        alert_waiting()
        evening.move(days=2)
    assert mailed_alerts(exporter) == [AlertKind.ANSWER_DUE]
    assert mailed_alerts(editor) == [AlertKind.APPROVAL_WAITS]
    assert mailed_alerts(viewer) == []


def test_nobody_is_told_daily_of_an_empty_inbox(evening):
    staff_alerts.choose(actor(member := factories.staff("admin")), [AlertKind.INBOX_DAILY])
    for _ in range(24):
        alert_waiting()
        evening.move(hours=1)
    assert mailed_alerts(member) == []
