"""The outcome of all sign-ups: nothing that points at a person, and nothing that subtracting gives back."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from pledge.core.db import fetch, transaction
from pledge.ledger import log_queries
from pledge.signatures import services
from pledge.signatures.models import Signature
from pledge.statistics import integrity
from pledge.statistics.models import IntegrityReport
from tests.support.factories import (
    campaign,
    crowd,
    fold_all,
    invalidation,
    manage_token,
    signatures,
    the_campaign,
)

pytestmark = pytest.mark.usefixtures("app")


def sign_up(number, outcome, of=None):
    """So many people who signed up, with what became of them: a state, "refused" while they were held, or why taken out."""
    if outcome in ("confirmed", "pending", "withdrawn"):
        crowd(number, of, state=outcome, **({"confirmed_at": None} if outcome == "pending" else {}))
    elif outcome == "held":
        signatures(number, of, state="held", hold_reason="staff")
    elif outcome == "refused":
        cause = invalidation().id
        signatures(number, of, state="invalidated", hold_reason="staff", invalidation_id=cause)
    else:
        ids = crowd(number, of)
        cause = invalidation(reason=outcome, applied=number).id
        taken_out = update(Signature).where(Signature.id.in_(ids))
        with transaction() as session:
            session.execute(taken_out.values(state="invalidated", invalidation_id=cause))


@pytest.mark.parametrize(
    ("people", "uncounted", "submitted"),
    [
        pytest.param(
            {"confirmed": 30, "pending": 7, "withdrawn": 6, "automated": 5, "disposable": 8},
            {"pending": 7, "withdrawn": 6, "automated": 5, "disposable": 8},
            56,
            id="everybody is in one line",
        ),
        pytest.param(
            {"confirmed": 30, "pending": 40, "withdrawn": 3, "duplicate": 2, "disposable": 3, "automated": 9},
            {"pending": 40, "withdrawn": 3, "automated": 9, "merged": 5},
            87,
            id="small reasons are merged until they hide one another",
        ),
        pytest.param(
            {"duplicate": 1, "automated": 45},
            {"merged": 46},
            46,
            id="a single small reason is merged with the next one",
        ),
        pytest.param(
            {"confirmed": 30, "withdrawn": 1, "automated": 1},
            {"withdrawn": 1, "automated": 1},
            32,
            id="what the log tells is not hidden",
        ),
        pytest.param({"automated": 1, "other": 2}, {"merged": 3}, 3, id="a sum that the log gives as well"),
        pytest.param(
            {"confirmed": 30, "pending": 2, "withdrawn": 9},
            {"pending": None, "withdrawn": 9},
            None,
            id="no sum gives few away who wait",
        ),
        pytest.param({}, {}, 0, id="nobody"),
        pytest.param(
            {"confirmed": 30, "held": 6, "refused": 7, "automated": 5},
            {"held": 6, "refused": 7, "automated": 5},
            48,
            id="held and refused have a line each",
        ),
        pytest.param({"confirmed": 30, "held": 4}, {"held": None}, None, id="few are held"),
        pytest.param({"confirmed": 30, "refused": 4}, {"refused": None}, None, id="few were refused"),
    ],
)
def test_what_became_of_all_sign_ups_points_at_nobody(frozen_clock, people, uncounted, submitted):
    of, other = the_campaign(), campaign("other")
    sign_up(5, "pending", other)
    for outcome, number in people.items():
        sign_up(number, outcome, of)
    report = integrity.integrity(of.id)
    assert (report.as_of, report.confirmed) == (frozen_clock.now(), people.get("confirmed", 0))
    assert (report.uncounted, report.submitted) == (uncounted, submitted)


def test_those_who_wait_for_the_log_are_told_apart_from_the_people_at_its_checkpoint(client):
    gone, *_ = signatures(5)
    of = the_campaign().id
    fold_all()
    services.withdraw(manage_token(gone))
    signatures(3)
    document = client.get("/api/v1/campaigns/blue-skies/integrity").get_json()
    assert (document["confirmed"], document["waiting"], document["checkpoint"]) == (7, 2, 5)
    assert log_queries.newest(of, 5).people == 7 - 2
    fold_all()
    report = integrity.integrity(of)
    assert (report.confirmed, report.waiting, report.log_size) == (7, 0, 9)


def test_pages_show_what_the_worker_has_stored_and_it_reads_again_when_that_may_be(frozen_clock):
    crowd(9)
    of = the_campaign().id
    assert integrity.recent(of).confirmed == 9, "read now, before the worker has"
    integrity.renew()
    crowd(1)
    assert (integrity.recent(of).confirmed, integrity.integrity(of).confirmed) == (9, 10)
    frozen_clock.move(minutes=1)
    integrity.renew()
    assert (integrity.recent(of).confirmed, integrity.recent(of).as_of) == (10, frozen_clock.now())


def test_reading_takes_the_worker_a_hundredth_of_the_time(frozen_clock, statements):
    crowd(1)
    integrity.renew()
    with transaction() as session:
        session.execute(update(IntegrityReport).values(took=timedelta(seconds=2)))
    for seconds, times in ((199, 0), (1, 1)):
        frozen_clock.move(seconds=seconds)
        with statements() as seen:
            integrity.renew()
        assert sum("FROM signatures" in statement for statement in seen) == times


def test_a_campaign_that_cannot_be_read_keeps_no_other_waiting(monkeypatch):
    read, first, other = integrity.integrity, the_campaign().id, campaign("other").id

    def fail(campaign_id):
        if campaign_id == first:
            raise OperationalError("", {}, TimeoutError())
        return read(campaign_id)

    monkeypatch.setattr(integrity, "integrity", fail)
    with pytest.raises(OperationalError):
        integrity.renew()
    assert fetch(select(IntegrityReport.campaign_id)).scalars().all() == [other]


def test_the_page_and_the_document_say_the_same(client):
    for outcome, number in {"confirmed": 12, "pending": 7, "automated": 5}.items():
        sign_up(number, outcome)
    page = client.get("/en/c/blue-skies/progress")
    document = client.get("/api/v1/campaigns/blue-skies/integrity").get_json()
    assert page.status_code == 200
    assert "Made by a program" in page.text
    for number in ("12", "24", "7", "5"):
        assert f">{number}<" in page.text
    assert document["not_counted"] == {"pending": 7, "automated": 5}
    assert (document["submitted"], document["confirmed"], document["smallest_shown"]) == (24, 12, 5)
