"""Whatever waits is in somebody's inbox; what somebody may not decide says who can, or until when."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from pledge.accounts import moderation
from pledge.accounts.roles import GRANTS, Role
from pledge.audit.models import Actor
from pledge.core.db import db
from pledge.core.i18n import SEOUL
from pledge.deliveries import services as delivery_services
from pledge.deliveries.services import HandingOver
from pledge.demands import services as demand_services
from pledge.inbox import queries
from pledge.inbox.queries import NEEDS, InboxKind
from pledge.jobs.models import Job
from pledge.mail.models import OutboxMail
from pledge.news import services as news_services
from pledge.paper import services as paper_services
from pledge.signatures.invalidation import services as invalidations
from pledge.signatures.invalidation.models import Condition, InvalidationReason
from pledge.signatures.origins import domain_hash
from tests.support import deliveries, demands, factories, news, paper
from tests.support.factories import (
    ANNA,
    campaign,
    crowd,
    draft,
    endorsement,
    signature,
    the_campaign,
    version_of,
)


def actor(member):
    return Actor(member.id, member.email, "192.0.2.1")


def proposal(by, number=60, domain="robots.example"):
    crowd(number, domain=domain)
    condition = Condition(domain_hash=domain_hash("blue-skies", domain))
    return invalidations.propose(by, condition, InvalidationReason.AUTOMATED, "a wave")


def disputed(by, clock):
    of = the_campaign()
    batch = paper.entered(of, by=by)
    clock.move(hours=1)
    assert not paper.check(batch, 5)
    return batch


def dead_mail(clock):
    values = {"kind": "confirm", "subject_id": 1, "seq": 1, "lang": "ko", "state": "dead"}
    with db.engine.begin() as connection:
        connection.execute(insert(OutboxMail).values(**values, created_at=clock.now(), due_at=clock.now()))


def korean_day(clock, days_ahead=0):
    return clock.now().astimezone(SEOUL).date() + timedelta(days=days_ahead)


@pytest.fixture
def planted(app, frozen_clock):
    """Something in every waiting state, and beside each something that waits for nobody."""
    the_campaign()
    signature(state="held"), signature(state="confirmed")
    proposal(ANNA)
    endorsement(state="review"), endorsement(state="changes"), endorsement(state="published")
    version_of(endorsement(state="published"), target_year=2040)
    news.proposed(), news.draft()
    paper.entered(), disputed(paper.COUNTER, frozen_clock)
    draft("unfinished", secretariat=False)
    deliveries.handed_over(answer_due=korean_day(frozen_clock, 7)), deliveries.handed_over()
    deliveries.handed_over(answer_due=korean_day(frozen_clock, 8))
    deliveries.proposed(deliveries.handed_over(), "검토하겠습니다.", "We will.")
    demands.entered(demands.asked())
    dead_mail(frozen_clock)


#: What tests of their own plant.
APART = {
    InboxKind.ANSWER,
    InboxKind.PACK,
    InboxKind.HAND_OVER,
    InboxKind.UNDELIVERED,
    InboxKind.DELETION,
}


def test_whatever_waits_is_in_the_inbox_of_everybody_who_may_and_of_nobody_else(planted):
    waiting = queries.waiting()
    assert {item.kind for item in waiting} == set(InboxKind) - APART
    for role in Role:
        member = factories.staff(role)
        mine = queries.inbox(member).mine
        assert mine == [item for item in waiting if item.needs in GRANTS[role]], role


def test_every_kind_has_a_role_that_sees_it():
    assert all(any(need in granted for granted in GRANTS.values()) for need in NEEDS.values())


def test_what_is_decided_waits_no_more(planted):
    of = the_campaign()
    for item in queries.waiting():
        match item.kind:
            case InboxKind.INVALIDATION:
                invalidations.discard(ANNA, item.id, "a school")
            case InboxKind.NEWS:
                news_services.approve(news.APPROVER, of.slug, item.id, news.stamp(of, item.id))
            case InboxKind.PAPER:
                paper.check(item.id, 128)
    left = {item.kind for item in queries.waiting()}
    assert not left & {InboxKind.INVALIDATION, InboxKind.NEWS, InboxKind.PAPER}


def test_who_proposed_it_sees_who_can_decide_it(app):
    writer, other = factories.staff("editor"), factories.staff("editor", name="Han Byeol")
    news.proposed(by=actor(writer))
    assert queries.inbox(writer).mine == []
    (elsewhere,) = queries.inbox(writer).others
    assert (elsewhere.able, elsewhere.obstacle.until) == (["Han Byeol"], None)
    assert [item.kind for item in queries.inbox(other).mine] == [InboxKind.NEWS]


def test_who_was_invited_lately_sees_from_when_they_can(app, frozen_clock):
    admin = factories.staff("admin")
    new = factories.member_of_staff(moderation.invite(actor(admin), "new@example.org", [Role.ADMIN], "en"))
    news.proposed(by=actor(admin))
    (elsewhere,) = queries.inbox(new).others
    assert (elsewhere.able, elsewhere.obstacle.until) == ([], frozen_clock.now() + timedelta(hours=72))
    frozen_clock.move(hours=72)
    assert queries.inbox(new).others == []


def test_small_acts_about_signatures_wait_for_their_own_author_too(app):
    person = factories.staff("admin")
    proposal(actor(person), number=3)
    assert [item.kind for item in queries.inbox(person).mine] == [InboxKind.INVALIDATION]


def _news_came_back(by, clock):
    number, of = news.proposed(by=by), the_campaign()
    news_services.send_back(news.APPROVER, of.slug, number, "a wrong date")
    seen = news.stamp(of, number)
    return "a wrong date", lambda: news_services.change(by, of.slug, number, seen, news.fields())


def _an_act_came_back(by, clock):
    number = proposal(by)
    invalidations.discard(news.APPROVER, number, "a school")
    return "a school", lambda: invalidations.acknowledge(by, number)


def _an_event_of_a_demand_came_back(by, clock):
    number = demands.asked()
    stamp = demands.entered(number, by=by)
    demand_services.send_back(news.APPROVER, number, stamp, "another day")
    return "another day", lambda: demand_services.enter(by, number, demands.entry("done"), seen=stamp)


def _paper_came_back(by, clock):
    number, of = disputed(by, clock), the_campaign()
    seen = paper.stamp(of, number)
    return "128 ≠ 5", lambda: paper_services.change(by, of.slug, number, seen, paper.fields())


SENT_BACK = (_news_came_back, _an_act_came_back, _an_event_of_a_demand_came_back, _paper_came_back)


@pytest.mark.parametrize("sent_back", SENT_BACK)
def test_what_is_sent_back_waits_for_its_author_with_the_reason_until_they_act(app, frozen_clock, sent_back):
    author, colleague = factories.staff("admin"), factories.staff("admin")
    why, see_to_it = sent_back(actor(author), frozen_clock)
    (item,) = queries.inbox(author).mine
    assert (item.kind, item.why, item.since) == (InboxKind.RETURNED, why, frozen_clock.now())
    assert queries.inbox(colleague).items == []
    see_to_it()
    assert InboxKind.RETURNED not in {item.kind for item in queries.inbox(author).items}


def test_paper_that_was_counted_differently_waits_for_all_once_its_author_has_left(app, frozen_clock):
    author, colleague = factories.staff("editor"), factories.staff("editor")
    disputed(actor(author), frozen_clock)
    moderation.close(ANNA, author.id, "left")
    assert [item.kind for item in queries.inbox(colleague).mine] == [InboxKind.RETURNED]


def test_an_answer_waits_for_a_second_person_and_one_that_is_sent_back_for_its_author(app):
    author, second = factories.staff("exporter"), factories.staff("exporter", name="Han Byeol")
    the_campaign(), signature()
    number = deliveries.handed_over()
    deliveries.proposed(number, "검토하겠습니다.", "We will.", by=actor(author))
    (elsewhere,) = queries.inbox(author).others
    assert (elsewhere.item.id, elsewhere.able) == (number, ["Han Byeol"])
    (item,) = queries.inbox(second).mine
    assert (item.kind, item.id, item.title) == (InboxKind.ANSWER_WAITS, number, deliveries.RECIPIENT)
    stamp = deliveries.row(number).open_answer.stamp
    delivery_services.send_back_answer(actor(second), number, stamp, "one word differs")
    assert queries.inbox(second).items == []
    (item,) = queries.inbox(author).mine
    assert (item.kind, item.of, item.id) == (InboxKind.RETURNED, InboxKind.ANSWER_WAITS, number)
    assert item.why == "one word differs"


def test_an_answer_waits_until_news_of_it_is_written_or_a_month_has_passed(app, frozen_clock):
    signature()
    deliveries.answered()
    frozen_clock.move(seconds=1)
    assert [item.kind for item in queries.waiting()] == [InboxKind.ANSWER]
    frozen_clock.move(days=31)
    assert queries.waiting() == []


def test_a_closed_campaign_waits_for_the_exporter_until_its_pack_is_handed_over(app, frozen_clock):
    of = campaign(closes_at=frozen_clock.now() + timedelta(days=1))
    signature(of)
    exporter = factories.staff("exporter")
    assert queries.inbox(exporter).items == []
    frozen_clock.move(days=2)
    factories.fold_all()
    assert kinds(exporter) == [InboxKind.UNDELIVERED]
    number = deliveries.frozen(of, pack=False)
    assert kinds(exporter) == [], "the worker makes it"
    deliveries.make_packs()
    assert kinds(exporter) == [InboxKind.HAND_OVER]
    entry = HandingOver(frozen_clock.now(), "post", "", None)
    delivery_services.hand_over(ANNA, number, entry)
    assert kinds(exporter) == []


def test_two_weeks_before_personal_data_is_deleted_editors_are_told(app, frozen_clock):
    of = factories.campaign(state="closed", closes_at=frozen_clock.now())
    signature(of)
    factories.fold_all()
    deliveries.handed_over(of)
    editor = factories.staff(Role.EDITOR)
    frozen_clock.move(days=15, hours=23)
    assert kinds(editor) == []
    frozen_clock.move(hours=1)
    assert kinds(editor) == [InboxKind.DELETION]
    (item,) = queries.inbox(editor).mine
    assert item.due == (of.closes_at + timedelta(days=30)).astimezone(SEOUL).date()


def test_a_pack_that_could_not_be_made_waits_for_the_exporter(app, frozen_clock):
    signature()
    number = deliveries.frozen()
    with db.engine.begin() as connection:
        connection.execute(
            update(Job).where(Job.subject_id == number).values(state="failed", error="OSError")
        )
    (item,) = queries.inbox(factories.staff("exporter")).mine
    assert (item.kind, item.id) == (InboxKind.PACK, number)


@pytest.mark.parametrize(("role", "has_one"), [(role, role not in ("viewer", "auditor")) for role in Role])
def test_everybody_who_decides_something_has_an_inbox(app, role, has_one):
    assert queries.has_inbox(factories.staff(role)) is has_one


def kinds(person):
    return [item.kind for item in queries.inbox(person).mine]


def test_the_longest_wait_of_a_campaign_comes_first_and_campaigns_are_apart(app, frozen_clock):
    signature(campaign("one"), state="held", at=frozen_clock.now() - timedelta(hours=1))
    signature(campaign("two"), state="held", at=frozen_clock.now() - timedelta(hours=3))
    items = queries.waiting()
    assert [(item.campaign, item.number) for item in items] == [("two", 1), ("one", 1)]
