"""Signers who asked for news hear of the answer: when all else of them is deleted their address stays, for a while."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from pledge.accounts.two_people import WrongState
from pledge.core import clock
from pledge.core.db import load
from pledge.deliveries.models import Delivery
from pledge.deliveries.queries import last_answered, last_handed_over
from pledge.ledger import log_queries, queries
from pledge.mail.addresses import parse
from pledge.news import queries as news_queries
from pledge.news import sending
from pledge.retention import services as retention
from pledge.signatures import moderation, services
from pledge.signatures.keeping import EMPTIED, KEPT, SINCE_NOTICE
from pledge.signatures.models import Signature
from pledge.statistics.integrity import mismatches
from tests.support import deliveries, news
from tests.support.factories import campaign, fold_all, manage_token, signature, unsubscribe_token
from tests.support.mails import Notes, deliver_all, delivered
from tests.support.rows import number_of

pytestmark = pytest.mark.usefixtures("app")

READER, OTHER, EARLIER = "reader@example.org", "other@example.org", "earlier@example.org"


@pytest.fixture
def over(frozen_clock):
    """A campaign that was handed over on the day it closed, thirty-one days ago, and is not answered yet."""
    row = campaign(state="closed", closes_at=clock.now())
    signed = {"at": clock.now() - timedelta(days=1), "privacy_version": SINCE_NOTICE}
    signature(row, email=READER, updates=True, name="김서명", public_name=True, **signed)
    signature(row, email=OTHER, **signed)
    signature(row, email=EARLIER, updates=True, **{**signed, "privacy_version": "2026-12-05"})
    signature(row, state="withdrawn", updates=True, **signed)
    fold_all()
    deliveries.handed_over(row)
    frozen_clock.move(days=31, hours=1)
    run()
    return row


def run():
    sent = news_queries.last_sent()
    return retention.run(last_handed_over(sent), last_answered(sent))


def left():
    return load(select(Signature))


def tell_signers(of):
    """Who gets a piece of news."""
    news.begun(of)
    while sending.advance(1000):
        pass
    deliver_all(notes := Notes())
    return notes.recipients


def answer():
    """Record the answer to the delivery."""
    (delivery,) = load(select(Delivery))
    deliveries.answer(delivery.id)


def test_every_column_either_stays_or_is_emptied():
    columns = [column.key for column in Signature.__table__.columns]
    assert sorted([*KEPT, *EMPTIED]) == sorted(columns)


def test_thirty_days_after_the_delivery_the_address_of_who_asked_for_news_is_all_that_is_left(over):
    (row,) = left()
    assert (row.email, row.state, row.name, row.country, row.region) == (READER, "address_only", "", "", None)
    assert (row.public_name, row.salt, row.submitted_at) == (False, "", over.closes_at)


def test_neither_the_count_nor_the_log_changes(over):
    assert (queries.count(over.id).people, log_queries.newest(over.id).size) == (3, 5)
    assert mismatches() == []


def test_they_hear_of_the_answer_and_thirty_days_later_nothing_is_left(over, frozen_clock):
    answer()
    assert tell_signers(over) == [READER]
    frozen_clock.move(days=30)
    run()
    assert len(left()) == 1
    frozen_clock.move(seconds=1)
    assert run()["addresses kept for an answer"] == 1
    assert left() == []


def test_without_an_answer_it_goes_a_year_after_the_closing(over, frozen_clock):
    frozen_clock.move(days=333)
    run()
    assert len(left()) == 1
    frozen_clock.move(days=2)
    run()
    assert left() == []


def test_who_stops_the_news_is_deleted_at_once(over):
    (row,) = left()
    assert services.unsubscribe(unsubscribe_token(row))
    assert number_of(Signature) == 0


def test_asked_by_telephone_staff_have_it_erased_in_a_day_and_the_count_stays(over, frozen_clock):
    (row,) = left()
    assert moderation.look_up(deliveries.ANNA, parse(READER)) == [row.id]
    with pytest.raises(WrongState):
        moderation.stop_news(deliveries.ANNA, row.id, "asked by telephone")
    moderation.plan_erasure(deliveries.ANNA, row.id, "asked by telephone")
    assert [to for to, _mail in delivered()] == [READER]
    frozen_clock.move(days=1, seconds=1)
    services.erase_due()
    assert left() == []
    assert (queries.count(over.id).people, mismatches()) == (3, [])


def test_its_owner_can_stop_that(over, client):
    (row,) = left()
    moderation.plan_erasure(deliveries.ANNA, row.id, "asked by telephone")
    page = client.get(f"/en/me/{manage_token(row)}/keep")
    assert "Keep your signature" in page.text
    services.stop_erasure(manage_token(row))
    assert left()[0].erase_at is None


def test_the_page_for_staff_shows_the_address_masked_and_offers_no_other_act(over, staff_client):
    (row,) = left()
    page = staff_client("moderator", lang="en").get(f"/staff/signatures/{row.id}").text
    assert "only the address is left" in page
    assert "r**@e**" in page
    assert "plan-erasure" in page
    assert not [act for act in ("withdraw", "stop-news", "hide-name") if f"/{row.id}/{act}" in page]


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_every_link_of_an_earlier_mail_leads_to_the_one_thing_that_is_left_to_decide(over, client, lang):
    (row,) = left()
    page = client.get(f"/{lang}/me/{manage_token(row)}", follow_redirects=True)
    assert page.status_code == 200
    assert {"ko": "주소 삭제하기", "en": "delete my address"}[lang] in page.text
