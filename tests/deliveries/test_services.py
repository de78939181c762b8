"""The register: from frozen to answered, step by step, each recorded, and what was entered wrongly corrected with a reason."""

import json
from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import delete, select, update

from pledge.accounts.two_people import NeedsSecondPerson, WrongState
from pledge.audit.models import COMMAND_LINE, AuditEntry
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
from pledge.files import queries as file_queries
from pledge.files import services as files
from pledge.jobs.models import Job, JobKind
from pledge.ledger import queries as ledger
from pledge.ledger.models import StatementKind
from tests.support import deliveries
from tests.support.factories import (
    ANNA,
    BORA,
    campaign,
    crowd,
    endorsement,
    fold_all,
    signature,
    the_campaign,
)
from tests.support.pictures import PDF

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
    return Answer(**{"answered_at": clock.now(), "original": "ko", "answer": answer, **changes})


def waiting(number):
    return deliveries.row(number).open_answer


def publish(number, actor=BORA):
    services.publish_answer(actor, number, waiting(number).stamp)


def a_document(page=b""):
    return files.store_document(PDF + b"\n%% " + page + b"\n%%EOF\n", "application/pdf")


def answers_of_the_log(number):
    fold_all()
    return ledger.statements(the_campaign().id, StatementKind.ANSWER, number)


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

    services.answer(ANNA, number, reply(answer_ko=" 검토하겠습니다.\r\n\r\n장관 \r\n"))
    assert last_entry().action == "delivery.answer"
    row = deliveries.row(number)
    assert (row.state, row.answer, row.answered_at) == ("handed_over", {}, None), "nobody has published it"
    publish(number)
    row = deliveries.row(number)
    assert (row.state, row.answer["ko"], row.answer["en"]) == (
        "answered",
        "검토하겠습니다.\n\n장관",
        "We will see.",
    )
    assert last_entry().action == "delivery.publish_answer"


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


def test_an_answer_is_in_the_language_of_the_recipient_and_comes_after_the_handing_over():
    number = deliveries.handed_over()
    assert faults(lambda: services.answer(ANNA, number, reply(answer_ko=" ", answer_en="x" * 10_001))) == {
        "answer_ko": "missing",
        "answer_en": "too_long",
    }
    assert faults(lambda: services.answer(ANNA, number, reply(original="fr"))) == {"original": "choice"}
    early = reply(answered_at=clock.now() - timedelta(days=1))
    assert faults(lambda: services.answer(ANNA, number, early)) == {"answered_at": "too_early"}
    assert faults(lambda: services.answer(ANNA, number, reply(answer_ko="\u202e뒤집기"))) == {
        "answer_ko": "characters"
    }
    services.answer(ANNA, number, reply(answer_en=""))
    assert waiting(number).answer == {"ko": "검토하겠습니다."}


# --- An answer is published by a second person ---


def test_an_answer_is_not_published_by_whoever_entered_it():
    number = deliveries.handed_over()
    services.answer(ANNA, number, reply())
    with pytest.raises(NeedsSecondPerson):
        publish(number, ANNA)
    with pytest.raises(NeedsSecondPerson):
        services.answer(COMMAND_LINE, deliveries.handed_over(), reply())
    assert deliveries.row(number).state == "handed_over"
    assert answers_of_the_log(number) == []


def test_only_what_the_second_person_has_seen_is_published():
    number = deliveries.handed_over()
    services.answer(ANNA, number, reply())
    seen = waiting(number).stamp
    services.answer(ANNA, number, reply(answer_ko="아무것도 하지 않겠습니다."), seen=seen)
    with pytest.raises(WrongState):
        services.publish_answer(BORA, number, seen)
    services.answer(ANNA, number, reply(), document=a_document(), seen=waiting(number).stamp)
    with pytest.raises(WrongState):
        services.publish_answer(BORA, number, seen)


def test_nobody_overwrites_an_answer_that_they_did_not_see():
    number = deliveries.handed_over()
    services.answer(ANNA, number, reply())
    with pytest.raises(WrongState):
        services.answer(BORA, number, reply(answer_ko="다른 말"))
    assert waiting(number).answer["ko"] == "검토하겠습니다."


def test_an_answer_that_was_sent_back_is_entered_again_by_its_author():
    number = deliveries.handed_over()
    services.answer(ANNA, number, reply())
    services.send_back_answer(BORA, number, waiting(number).stamp, "one word differs")
    assert (waiting(number).state, waiting(number).returned_why) == ("returned", "one word differs")
    with pytest.raises(WrongState):
        publish(number)
    services.answer(ANNA, number, reply(), seen=waiting(number).stamp)
    publish(number)
    assert [version.state for version in deliveries.row(number).answers] == ["published"]


def test_the_author_takes_an_answer_back_with_its_document(frozen_clock):
    number, document = deliveries.handed_over(), a_document()
    services.answer(ANNA, number, reply(), document=document)
    services.send_back_answer(ANNA, number, waiting(number).stamp, "of another delivery")
    assert deliveries.row(number).answers == []
    assert last_entry().action == "delivery.send_back_answer"
    frozen_clock.move(minutes=1)
    files.sweep()
    assert file_queries.document(document) is None


def test_the_document_is_named_by_its_hash_in_the_log_and_stays_with_its_version(frozen_clock):
    number, first, second = deliveries.handed_over(), a_document(b"1"), a_document(b"2")
    services.answer(ANNA, number, reply(), document=first)
    publish(number)
    services.answer(ANNA, number, reply(), "the page was missing", document=second)
    publish(number)
    assert [version.document for version in deliveries.row(number).answers] == [first, second]
    hashes = [sha256(file_queries.document(name)).hexdigest() for name in (first, second)]
    stated = [entry.words["ko"] for entry in answers_of_the_log(number)]
    assert stated == [f"검토하겠습니다.\n\nPDF, SHA-256: {digest}" for digest in hashes]


def test_a_correction_that_is_taken_back_leaves_the_published_document(frozen_clock):
    number, document = deliveries.handed_over(), a_document()
    services.answer(ANNA, number, reply(), document=document)
    publish(number)
    services.answer(ANNA, number, reply(answer_ko="고친 말"), "a slip")
    assert waiting(number).document == document
    services.send_back_answer(ANNA, number, waiting(number).stamp, "it was right")
    frozen_clock.move(minutes=1)
    files.sweep()
    assert file_queries.document(document)


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


def test_a_correction_of_an_answer_is_a_version_that_leaves_the_former_one_as_it_was():
    number = deliveries.answered(ko="옛 답변")
    assert faults(lambda: services.answer(ANNA, number, reply())) == {"answer_reason": "missing"}
    services.answer(ANNA, number, reply(answer_ko="새 답변"), "a slip")
    assert last_entry().reason == "a slip"
    assert deliveries.row(number).answer["ko"] == "옛 답변", "until a second person publishes the new one"
    publish(number)
    assert deliveries.row(number).answer["ko"] == "새 답변"
    assert [version.answer["ko"] for version in deliveries.row(number).answers] == ["옛 답변", "새 답변"]
    assert [entry.words["ko"] for entry in answers_of_the_log(number)] == ["옛 답변", "새 답변"]


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
