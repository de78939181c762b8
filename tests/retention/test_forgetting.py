"""The people of a campaign that is over are forgotten on the clock of the privacy notice; the count and its log stay."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from pledge.audit.models import AuditEntry
from pledge.campaigns.models import Campaign, CampaignState
from pledge.core.db import db, load, transaction
from pledge.deliveries.models import Delivery
from pledge.deliveries.queries import last_handed_over
from pledge.endorsements.models import Endorsement
from pledge.ledger import log_queries, queries
from pledge.news import queries as news_queries
from pledge.news import sending
from pledge.retention import services
from pledge.signatures.models import Signature
from pledge.statistics import integrity
from pledge.statistics.integrity import mismatches
from tests.support import deliveries, news
from tests.support.factories import campaign, endorsement, fold_all, signature
from tests.support.rows import number_of

pytestmark = pytest.mark.usefixtures("app")


def closed_campaign(closed: datetime, **facts) -> Campaign:
    """A campaign that closed then, with a person of each kind and an organisation."""
    row = campaign(state="closed", closes_at=closed, **facts)
    for state in ("confirmed", "confirmed", "withdrawn", "invalidated", "pending"):
        signature(row, state=state, at=closed - timedelta(days=1))
    endorsement(row)
    fold_all()
    return row


def contacts() -> set[str]:
    return set(load(select(Endorsement.contact_email)))


def test_thirty_days_after_the_delivery_nobody_is_left_and_the_count_stands(frozen_clock):
    closed = frozen_clock.now()
    row = closed_campaign(closed)
    before, log = queries.count(row.id), log_queries.newest(row.id).note
    delivered = {row.id: closed + timedelta(days=10)}

    frozen_clock.move(days=40)
    services.run(delivered, {})
    assert number_of(Signature) == 4, "the one that was never confirmed has a clock of its own"

    frozen_clock.move(seconds=1)
    assert services.run(delivered, {})["signatures of campaigns that are long over"] == 4
    assert number_of(Signature) == 0
    assert contacts() == {""}, "who spoke for the organisation is forgotten too"
    after = queries.count(row.id)
    assert (after.people, after.organizations) == (before.people, before.organizations) == (2, 1)
    assert log_queries.newest(row.id).note == log
    assert mismatches() == [], "there is nothing left to compare the count with"


def test_what_was_entered_late_or_wrongly_leaves_a_week_to_correct_it(frozen_clock):
    row = closed_campaign(frozen_clock.now())
    frozen_clock.move(days=60)
    deliveries.handed_over(row)
    with transaction() as session:
        session.execute(update(Delivery).values(handed_over_at=frozen_clock.now() - timedelta(days=59)))
    frozen_clock.move(days=7)
    services.run(last_handed_over(news_queries.last_sent()), {})
    assert number_of(Signature) == 4, "and not within the hour"
    news.begun(row)
    frozen_clock.move(days=20)
    services.run(last_handed_over(news_queries.last_sent()), {})
    assert number_of(Signature) == 4, "the news is still being sent"
    while sending.advance(1000):
        pass
    frozen_clock.move(days=7, seconds=1)
    services.run(last_handed_over(news_queries.last_sent()), {})
    assert number_of(Signature) == 0


def test_without_a_delivery_it_takes_a_year(frozen_clock):
    closed_campaign(frozen_clock.now())
    frozen_clock.move(days=365)
    services.run({}, {})
    assert number_of(Signature) == 4
    frozen_clock.move(seconds=1)
    services.run({}, {})
    assert number_of(Signature) == 0


def test_what_was_delivered_while_it_ran_counts_from_its_closing(frozen_clock):
    closed = frozen_clock.now()
    row = closed_campaign(closed)
    delivered = {row.id: closed - timedelta(days=100)}
    frozen_clock.move(days=29)
    services.run(delivered, {})
    assert number_of(Signature) == 4
    frozen_clock.move(days=1, seconds=1)
    services.run(delivered, {})
    assert number_of(Signature) == 0


def test_a_campaign_that_runs_keeps_its_people_however_often_it_was_delivered(frozen_clock):
    row = campaign()
    signature(row)
    frozen_clock.move(days=800)
    services.run({row.id: frozen_clock.now() - timedelta(days=700)}, {})
    assert number_of(Signature) == 1


def test_people_of_other_campaigns_are_left_alone(frozen_clock):
    closed_campaign(frozen_clock.now(), slug="old")
    signature(campaign(slug="new"))
    frozen_clock.move(days=400)
    services.run({}, {})
    assert number_of(Signature) == 1


def test_a_campaign_without_its_people_can_never_be_opened_again(frozen_clock):
    row = closed_campaign(frozen_clock.now())
    frozen_clock.move(days=366)
    services.run({}, {})
    db.session.expire_all()
    assert db.session.get(Campaign, row.id).state == CampaignState.ARCHIVED
    acts = db.session.scalars(select(AuditEntry.action)).all()
    assert acts == ["campaign.forget"]
    services.run({}, {})
    assert db.session.scalars(select(AuditEntry.action)).all() == acts, "once"


def test_the_integrity_report_says_what_it_can_still_say(frozen_clock):
    row = closed_campaign(frozen_clock.now())
    frozen_clock.move(days=366)
    services.run({}, {})
    report = integrity.integrity(row.id)
    assert (report.confirmed, report.submitted, report.uncounted) == (2, None, {})
    assert report.forgotten_at == frozen_clock.now()
