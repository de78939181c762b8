"""An act and its entry are recorded together, and many who write at once make one chain."""

from functools import partial

import pytest
from sqlalchemy import func, select

from pledge.audit import chain
from pledge.audit.models import Actor, AuditEntry
from pledge.audit.queries import Search, page
from pledge.audit.services import record
from pledge.campaigns.models import Campaign
from pledge.core.db import db, transaction
from tests.support import factories
from tests.support.at_once import at_once
from tests.support.audit import MODERATOR, acts


def test_an_entry_says_who_when_from_where_what_on_what_and_why(app, frozen_clock):
    with transaction() as session:
        record(session, MODERATOR, "endorsement.publish", "endorsement:5", reason="확인함", level="site")
    (line,) = page(Search()).lines
    assert (line.staff_id, line.actor, line.network) == (7, "moderator@pledge.example", "203.0.113.7")
    assert (line.action, line.subject, line.reason) == ("endorsement.publish", "endorsement:5", "확인함")
    assert (line.at, line.details) == (frozen_clock.now(), '{"level":"site"}')


def test_an_act_that_is_undone_leaves_no_entry(app):
    factories.campaign()
    with pytest.raises(ZeroDivisionError), transaction() as session:
        session.scalar(select(Campaign)).goal = 7
        record(session, MODERATOR, "campaign.edit", "campaign:1")
        raise ZeroDivisionError
    assert page(Search()).lines == []
    assert db.session.scalar(select(Campaign.goal)) == 1000


def test_two_acts_in_one_transaction_follow_each_other(app):
    with transaction() as session:
        record(session, MODERATOR, "endorsement.merge", "endorsement:1")
        record(session, MODERATOR, "endorsement.publish", "endorsement:2")
    assert (chain.verify().count, chain.verify().faults) == (2, [])


def test_many_who_write_at_once_make_one_chain_and_lose_nothing(app):
    writers, each = 8, 12

    def write(writer: int) -> None:
        actor = Actor(writer, f"{writer}@pledge.example", "")
        for number in range(each):
            with transaction() as session:
                record(session, actor, "endorsement.note", f"endorsement:{writer * each + number}")

    at_once(app, *(partial(write, writer) for writer in range(writers)))
    verdict = chain.verify()
    assert (verdict.count, verdict.faults) == (writers * each, [])
    assert db.session.scalar(select(func.count(func.distinct(AuditEntry.subject)))) == writers * each


def test_a_search_narrows_by_every_part(app, frozen_clock):
    acts(3)
    frozen_clock.move(days=1)
    tomorrow = frozen_clock.now()
    with transaction() as session:
        record(session, Actor(1, "Admin@pledge.example", ""), "switch.signing", "switch:signing")
        record(session, Actor(1, "100%_@pledge.example", ""), "switches.odd", "switch")
    results = {
        "actor": page(Search(actor="ADMIN")).lines,
        "actor_literally": page(Search(actor="%_")).lines,
        "room": page(Search(action="switch")).lines,
        "action": page(Search(action="endorsement.publish")).lines,
        "subject": page(Search(subject="endorsement:1")).lines,
        "subjects": page(Search(subject="endorsement")).lines,
        "since": page(Search(since=tomorrow)).lines,
        "until": page(Search(until=tomorrow)).lines,
    }
    assert {name: len(lines) for name, lines in results.items()} == {
        "actor": 1,
        "actor_literally": 1,
        "room": 1,
        "action": 3,
        "subject": 1,
        "subjects": 3,
        "since": 2,
        "until": 3,
    }


def test_pages_follow_each_other_without_gap_or_repeat(app):
    acts(7)
    seen, before = [], None
    while True:
        result = page(Search(), before, size=3)
        seen += [line.subject for line in result.lines]
        before = result.older
        if before is None:
            break
    assert seen == [f"endorsement:{number}" for number in range(7, 0, -1)]
