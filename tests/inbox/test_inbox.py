"""Whatever waits is in somebody's inbox; what somebody may not decide says who can, or until when."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from pledge.accounts import moderation
from pledge.accounts.roles import GRANTS, Role
from pledge.audit.models import Actor
from pledge.core.db import db
from pledge.inbox import queries
from pledge.inbox.queries import NEEDS, ItemKind
from pledge.mail.models import OutboxMail
from pledge.news import services as news_services
from pledge.signatures.invalidation import services as invalidations
from pledge.signatures.invalidation.models import Condition, InvalidationReason
from pledge.signatures.origins import domain_hash
from tests.support import deliveries, factories, news, paper
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


def dead_mail(clock):
    values = {"kind": "confirm", "subject_id": 1, "seq": 1, "lang": "ko", "state": "dead"}
    with db.engine.begin() as connection:
        connection.execute(insert(OutboxMail).values(**values, created_at=clock.now(), due_at=clock.now()))


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
    dead_mail(frozen_clock)


def test_whatever_waits_is_in_the_inbox_of_everybody_who_may_and_of_nobody_else(planted):
    waiting = queries.waiting()
    assert {item.kind for item in waiting} == set(ItemKind) - {ItemKind.ANSWER}
    for role in Role:
        member = factories.staff(role)
        mine = queries.inbox(member).mine
        assert mine == [item for item in waiting if NEEDS[item.kind] in GRANTS[role]], role


def test_every_kind_has_a_role_that_sees_it():
    assert all(any(need in granted for granted in GRANTS.values()) for need in NEEDS.values())


def test_what_is_decided_waits_no_more(planted):
    of = the_campaign()
    for item in queries.waiting():
        match item.kind:
            case ItemKind.INVALIDATION:
                invalidations.discard(ANNA, item.id, "a school")
            case ItemKind.NEWS:
                news_services.approve(news.APPROVER, of.slug, item.id, news.stamp(of, item.id))
            case ItemKind.PAPER:
                paper.check(item.id, 128)
    left = {item.kind for item in queries.waiting()}
    assert not left & {ItemKind.INVALIDATION, ItemKind.NEWS, ItemKind.PAPER}


def test_who_proposed_it_sees_who_can_decide_it(app):
    writer, other = factories.staff("editor"), factories.staff("editor", name="Han Byeol")
    news.proposed(by=actor(writer))
    assert queries.inbox(writer).mine == []
    (elsewhere,) = queries.inbox(writer).others
    assert (elsewhere.able, elsewhere.obstacle.until) == (["Han Byeol"], None)
    assert [item.kind for item in queries.inbox(other).mine] == [ItemKind.NEWS]


def test_who_was_invited_lately_sees_from_when_they_can(app, frozen_clock):
    admin = factories.staff("admin")
    new = factories.member_of_staff(moderation.invite(actor(admin), "new@example.org", [Role.ADMIN], "en"))
    news.proposed(by=actor(admin))
    (elsewhere,) = queries.inbox(new).others
    assert (elsewhere.able, elsewhere.obstacle.until) == ([], frozen_clock.now() + timedelta(hours=72))
    frozen_clock.move(hours=72)
    assert queries.inbox(new).others == []


def test_small_acts_about_signatures_and_disputed_paper_wait_for_their_own_author_too(app, frozen_clock):
    person = factories.staff("admin")
    proposal(actor(person), number=3)
    disputed(actor(person), frozen_clock)
    small, batch = queries.inbox(person).mine
    assert (small.kind, batch.kind) == (ItemKind.INVALIDATION, ItemKind.PAPER_DISPUTED)
    assert batch.since == frozen_clock.now(), "since the second person counted another number"


def test_an_answer_waits_until_news_of_it_is_written_or_a_month_has_passed(app, frozen_clock):
    signature()
    deliveries.answered()
    frozen_clock.move(seconds=1)
    assert [item.kind for item in queries.waiting()] == [ItemKind.ANSWER]
    frozen_clock.move(days=31)
    assert queries.waiting() == []


def test_the_longest_wait_of_a_campaign_comes_first_and_campaigns_are_apart(app, frozen_clock):
    signature(campaign("one"), state="held", at=frozen_clock.now() - timedelta(hours=1))
    signature(campaign("two"), state="held", at=frozen_clock.now() - timedelta(hours=3))
    found = queries.waiting()
    assert [(item.campaign, item.number) for item in found] == [("two", 1), ("one", 1)]
