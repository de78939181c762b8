"""The register: from frozen to answered, step by step, each recorded, and what was entered wrongly corrected with a reason."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from pledge.accounts.two_people import WrongState
from pledge.audit.models import AuditEntry
from pledge.campaigns.rules import BadFields
from pledge.core import clock
from pledge.core.db import load, transaction
from pledge.core.i18n import SEOUL
from pledge.core.languages import Texts
from pledge.deliveries import queries, services
from pledge.deliveries.services import (
    Answer,
    HandingOver,
    NoSuchDelivery,
    PackNotMade,
)
from pledge.jobs.models import Job, JobKind
from tests.support import deliveries
from tests.support.factories import ANNA, BORA, campaign, crowd, endorsement, signature, the_campaign

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture(autouse=True)
def _somebody_signed(app):
    signature()


def handing_over(**changes):
    return HandingOver(
        **{"handed_over_at": clock.now(), "channel": "portal", "receipt_number": "1AB", **changes}
    )


def reply(**changes):
    answer = Texts(
        ko=changes.pop("answer_ko", "검토하겠습니다."), en=changes.pop("answer_en", "We will see.")
    )
    return Answer(**{"answered_at": clock.now(), "answer": answer, **changes})


def last_entry():
    return load(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1))[0]


def faults(act):
    with pytest.raises(BadFields) as refusal:
        act()
    return {field: fault.name.lower() for field, fault in refusal.value.faults.items()}


# --- The way of a delivery ---


def test_a_delivery_is_handed_over_and_answered():
    number = deliveries.frozen()
    services.hand_over(ANNA, number, handing_over(receipt_number="  1AB-2611-\t001 "))
    row = deliveries.row(number)
    assert (row.state, row.channel, row.receipt_number) == ("handed_over", "portal", "1AB-2611- 001")
    entry = last_entry()
    assert (entry.action, entry.subject, entry.staff_id) == ("delivery.hand_over", f"delivery:{number}", 1)
    assert json.loads(entry.details)["receipt_number"] == "1AB-2611- 001"

    services.answer(BORA, number, reply(answer_ko=" 검토하겠습니다.\r\n\r\n장관 \r\n"))
    row = deliveries.row(number)
    assert (row.state, row.answer["ko"], row.answer["en"]) == (
        "answered",
        "검토하겠습니다.\n\n장관",
        "We will see.",
    )
    assert last_entry().action == "delivery.answer"


def test_the_day_by_which_an_answer_is_due_is_recorded_and_not_before_the_handing_over():
    number = deliveries.frozen()
    today = clock.now().astimezone(SEOUL).date()
    early = handing_over(answer_due=today - timedelta(days=1))
    assert faults(lambda: services.hand_over(ANNA, number, early)) == {"answer_due": "before_handing_over"}
    services.hand_over(ANNA, number, handing_over(answer_due=today))
    assert deliveries.row(number).answer_due == today
    assert json.loads(last_entry().details)["answer_due"] == today.isoformat()


@pytest.mark.parametrize("state", ["waiting", "running", "failed", "gone", None])
def test_a_delivery_is_not_handed_over_before_its_pack_is_made(state):
    number = deliveries.frozen(pack=False)
    with transaction() as session:
        of = (Job.kind == JobKind.PACK, Job.subject_id == number)
        session.execute(
            delete(Job).where(*of) if state is None else update(Job).where(*of).values(state=state)
        )
    with pytest.raises(PackNotMade):
        services.hand_over(ANNA, number, handing_over())
    assert deliveries.row(number).state == "frozen"
    assert last_entry().action == "delivery.freeze"


STEPS = {
    "hand over": lambda n: services.hand_over(ANNA, n, handing_over()),
    "answer": lambda n: services.answer(ANNA, n, reply()),
    "discard": lambda n: services.discard(ANNA, n, "put off"),
}
ALLOWED = {
    "frozen": {"hand over", "discard"},
    "handed over": {"answer"},
    "answered": set(),
    "discarded": set(),
}


def discarded():
    number = deliveries.frozen()
    services.discard(ANNA, number, "the ceremony was put off")
    return number


MAKE = {
    "frozen": deliveries.frozen,
    "handed over": deliveries.handed_over,
    "answered": deliveries.answered,
    "discarded": discarded,
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", MAKE)
def test_each_step_is_possible_in_its_states_only(state, step):
    number = MAKE[state]()
    before = deliveries.row(number).state
    if step in ALLOWED[state]:
        STEPS[step](number)
        return
    # What was recorded already is a correction, which needs a reason.
    is_recorded = (state, step) in {
        *(("handed over", "hand over"), ("answered", "hand over"), ("answered", "answer")),
    }
    with pytest.raises(BadFields if is_recorded else WrongState):
        STEPS[step](number)
    assert deliveries.row(number).state == before


@pytest.mark.parametrize("step", STEPS)
def test_a_delivery_that_does_not_exist_is_told(step):
    with pytest.raises(NoSuchDelivery):
        STEPS[step](777)


# --- What may not be entered ---


def test_a_delivery_is_not_handed_over_in_the_future_nor_before_it_was_frozen(frozen_clock):
    number = deliveries.frozen()

    def hand_over_after(delta):
        services.hand_over(ANNA, number, handing_over(handed_over_at=clock.now() + delta))

    assert faults(lambda: hand_over_after(timedelta(minutes=1))) == {"handed_over_at": "not_yet"}
    assert faults(lambda: hand_over_after(timedelta(days=-1))) == {"handed_over_at": "too_early"}
    missing = handing_over(handed_over_at=None, channel="pigeon", receipt_number="x" * 101)
    assert faults(lambda: services.hand_over(ANNA, number, missing)) == {
        "handed_over_at": "missing",
        "channel": "choice",
        "receipt_number": "too_long",
    }
    assert deliveries.row(number).state == "frozen"


def test_the_minute_in_which_it_was_frozen_will_do():
    number = deliveries.frozen()
    minute = deliveries.row(number).frozen_at.replace(second=0, microsecond=0)
    services.hand_over(ANNA, number, handing_over(handed_over_at=minute))


def test_an_answer_is_in_both_languages_and_comes_after_the_handing_over():
    number = deliveries.handed_over()
    assert faults(lambda: services.answer(ANNA, number, reply(answer_en=" ", answer_ko="x" * 10_001))) == {
        "answer_en": "missing",
        "answer_ko": "too_long",
    }
    early = reply(answered_at=clock.now() - timedelta(days=1))
    assert faults(lambda: services.answer(ANNA, number, early)) == {"answered_at": "too_early"}
    assert faults(lambda: services.answer(ANNA, number, reply(answer_ko="\u202e뒤집기"))) == {
        "answer_ko": "characters"
    }


# --- Corrections ---


def test_a_correction_says_why_and_keeps_what_stood_there():
    number = deliveries.handed_over(receipt_number="1AB-OLD")
    assert faults(lambda: services.hand_over(ANNA, number, handing_over(), "  ")) == {"reason": "missing"}
    services.hand_over(
        BORA, number, handing_over(receipt_number="1AB-NEW", channel="post"), "a digit was wrong"
    )
    row = deliveries.row(number)
    assert (row.state, row.receipt_number, row.channel) == ("handed_over", "1AB-NEW", "post")
    entry = last_entry()
    details = json.loads(entry.details)
    assert (entry.action, entry.reason) == ("delivery.correct", "a digit was wrong")
    assert (details["before"]["receipt_number"], details["after"]["receipt_number"]) == ("1AB-OLD", "1AB-NEW")


def test_a_corrected_answer_keeps_the_old_words_in_the_record():
    number = deliveries.answered(ko="옛 답변")
    services.answer(ANNA, number, reply(answer_ko="새 답변"), "a better translation")
    assert deliveries.row(number).answer["ko"] == "새 답변"
    assert json.loads(last_entry().details)["before"]["answer_ko"] == "옛 답변"


def test_the_day_is_not_corrected_to_one_after_the_answer(frozen_clock):
    number = deliveries.answered()
    frozen_clock.move(days=2)
    entry = handing_over(handed_over_at=clock.now() - timedelta(days=1))
    assert faults(lambda: services.hand_over(ANNA, number, entry, "a slip")) == {
        "handed_over_at": "after_answer"
    }


# --- What the public sees ---


def test_the_public_sees_what_was_handed_over_and_nothing_of_the_rest():
    crowd(4)
    endorsement()
    handed = deliveries.handed_over()
    deliveries.frozen()
    discarded()
    other = campaign("other")
    signature(other)
    deliveries.handed_over(other)
    (shown,) = queries.public_deliveries(the_campaign().id)
    assert (shown.id, shown.checkpoint.people, shown.checkpoint.organizations) == (handed, 5, 1)
    assert (shown.recipient["ko"], shown.receipt_number, shown.answer) == ("환경부 장관", "1AB-2611-001", {})


def test_the_newest_delivery_comes_first_and_the_desk_sees_all_of_them():
    numbers = [discarded(), deliveries.handed_over(), deliveries.answered()]
    assert [delivery.id for delivery in queries.public_deliveries(the_campaign().id)] == numbers[:0:-1]
    assert [delivery.id for delivery in queries.overview()] == numbers[::-1]
    assert queries.find(777) is None
