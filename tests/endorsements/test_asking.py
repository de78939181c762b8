"""Once a year whoever speaks for an organisation is asked by mail whether its public promise is still true."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from pledge.audit.models import COMMAND_LINE
from pledge.core import clock
from pledge.core.db import load
from pledge.endorsements import asking, services
from pledge.endorsements.models import Endorsement
from pledge.endorsements.review import moderation, queries
from pledge.mail.models import MailKind, OutboxMail
from tests.support import crash
from tests.support.at_once import at_once
from tests.support.factories import campaign, endorse_manage_token, endorsement, version_of
from tests.support.mails import LINK, delivered, part
from tests.support.rows import again, number_of

pytestmark = pytest.mark.usefixtures("app")


def work():
    """Let the worker ask until it rests."""
    while asking.advance():
        pass


def asked():
    """The organisations that were asked, once for each mail."""
    query = select(OutboxMail.subject_id).where(OutboxMail.kind == MailKind.ENDORSE_PROMISE)
    return load(query.order_by(OutboxMail.id))


def published(days, **facts):
    """An organisation whose promise was published so many days ago."""
    return endorsement(at=clock.now() - timedelta(days=days), **facts)


def test_an_organisation_is_asked_a_year_after_its_promise_was_published_and_each_year_again(frozen_clock):
    row = published(0)
    for days, mails in ((364, 0), (1, 1), (364, 1), (1, 2)):
        work()
        frozen_clock.move(days=days)
        work()
        assert asked() == [row.id] * mails


def test_a_year_begins_anew_with_an_answer(frozen_clock):
    row = published(365)
    work()
    frozen_clock.move(days=100)
    services.affirm(endorse_manage_token(row))
    for days, mails in ((364, 1), (1, 2)):
        frozen_clock.move(days=days)
        work()
        assert asked() == [row.id] * mails


def test_a_year_begins_anew_with_another_version_and_the_first_promise_begins_one(frozen_clock):
    row, silent = published(300), published(300, target_year=None)
    work()
    for changed in (row, silent):
        version_of(changed, target_year=2045)
        moderation.publish(COMMAND_LINE, changed.id, queries.find(changed.id).seen)
    frozen_clock.move(days=364)
    work()
    assert asked() == []
    frozen_clock.move(days=1)
    work()
    assert sorted(asked()) == sorted([row.id, silent.id])


@pytest.mark.parametrize("state", ["pending", "review", "changes", "declined", "withdrawn", "removed"])
def test_who_is_not_public_is_never_asked(frozen_clock, state):
    published(800, state=state)
    work()
    assert asked() == []


def test_who_promises_nothing_or_has_nobody_left_who_speaks_for_it_is_never_asked(frozen_clock):
    published(800, target_year=None)
    published(800, contact_number=services.NOBODY, contact_email="")
    work()
    assert asked() == []
    assert not asking.advance(), "and is not read each hour"


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("ko", ("하늘", "푸른 하늘", "탄소중립 목표 연도: 2045", "적용 범위: 자체 사업장")),
        ("en", ("Sky", "Blue Skies", "Net-zero target year: 2045", "What it covers: Its own operations")),
    ],
)
def test_the_mail_names_the_campaign_and_quotes_the_promise_with_one_link(frozen_clock, lang, words):
    row = published(365, lang=lang, name_ko="하늘", name_en="Sky", target_year=2045, scope="own")
    work()
    ((to, mail),) = delivered()
    assert to == row.contact_email
    for word in words:
        assert word in part(mail, "plain")
    (link,) = LINK.findall(part(mail, "plain"))
    assert f"/{lang}/endorse/me/" in link
    assert link.endswith("/still-true")


def test_who_has_answered_or_left_before_the_mail_went_out_gets_none(frozen_clock):
    rows = [published(365) for _ in range(2)]
    work()
    frozen_clock.move(minutes=1)
    for row, act in zip(rows, (services.affirm, services.withdraw), strict=True):
        act(endorse_manage_token(row))
    assert len(asked()) == 2
    assert delivered() == []


@pytest.mark.parametrize("facts", [{"target_year": None}, {"state": "review"}, {"state": "withdrawn"}])
def test_only_a_public_promise_can_be_still_true(facts):
    row = endorsement(**facts)
    with pytest.raises(services.EndorsementInWrongState):
        services.affirm(endorse_manage_token(row))
    assert again(row).affirmed_at is None


def test_a_worker_that_is_killed_asks_everybody_once(frozen_clock):
    rows = [published(365 + number) for number in range(3)]
    for number in range(1, 50):
        with crash.at_statement(number, crash.Killed):
            work()
        assert len(asked()) == number_of(Endorsement, Endorsement.asked_at.is_not(None))
    assert sorted(asked()) == sorted(row.id for row in rows)


def test_workers_side_by_side_ask_everybody_once(app, frozen_clock):
    of = campaign()
    rows = [published(365, of=of) for _ in range(6)]
    at_once(app, *[work] * 4)
    assert sorted(asked()) == sorted(row.id for row in rows)


def test_many_are_asked_batch_by_batch(frozen_clock):
    rows = [published(365) for _ in range(3)]
    assert asking.advance(limit=2)
    assert len(asked()) == 2
    assert asking.advance(limit=2)
    assert not asking.advance(limit=2)
    assert sorted(asked()) == sorted(row.id for row in rows)
