"""Freezing a delivery at a checkpoint: once, whole, for good; and discarding one that was not handed over."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from pledge.audit.models import AuditEntry
from pledge.campaigns.rules import FieldFault
from pledge.core.db import db, transaction
from pledge.core.i18n import format_date
from pledge.core.languages import Texts
from pledge.deliveries import freezing, services
from pledge.deliveries.document import from_json
from pledge.deliveries.letter import texts as letters
from pledge.deliveries.letter.texts import fixed
from pledge.deliveries.models import Delivery, DeliveryState
from pledge.deliveries.tables import integrity_json
from pledge.jobs import services as jobs
from pledge.jobs.models import Job, JobKind, JobState
from pledge.statistics.totals import UnknownCampaign, checkpoints
from tests.deliveries.frozen import TEXTS, freeze, newest, preview
from tests.support import deliveries
from tests.support.crash import at_statement
from tests.support.factories import (
    ANNA,
    campaign,
    crowd,
    endorsement,
    fold_all,
    signature,
    signatures,
)
from tests.support.refusals import faults_of
from tests.support.rows import number_of


@pytest.fixture
def blue(app):
    """A campaign that has been signed."""
    row = campaign()
    signatures(6, row)
    fold_all()
    return row


# --- freezing ---


def test_a_frozen_delivery_has_its_document_its_job_and_its_record(blue, frozen_clock):
    number = freeze(blue)

    row = deliveries.row(number)
    document = from_json(row.document)
    assert document == replace(preview(blue.slug), frozen_at=document.frozen_at)
    assert document.to_json() == row.document
    assert (row.state, row.frozen_by, row.frozen_name) == ("frozen", ANNA.staff_id, ANNA.name)
    assert (row.recipient["ko"], row.occasion["en"], row.letter["ko"]) == (
        TEXTS.recipient["ko"],
        TEXTS.occasion["en"],
        TEXTS.letter["ko"],
    )
    job = jobs.newest(JobKind.PACK, number)
    assert job is not None
    assert job.state == JobState.WAITING
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.action, entry.subject) == ("delivery.freeze", f"delivery:{number}")


def test_a_crash_at_any_statement_leaves_all_of_it_or_nothing(blue):
    for number in range(1, 60):
        with at_statement(number):
            freeze(blue)
            break
        assert [number_of(table) for table in (Delivery, Job, AuditEntry)] == [0, 0, 0], number
    assert [number_of(table) for table in (Delivery, Job, AuditEntry)] == [1, 1, 1]


def test_a_delivery_does_not_begin_without_all_of_its_texts(blue):
    wrong = {
        "recipient": Texts(ko=" ", en="x" * 201),
        "occasion": Texts(ko="행사\u202e", en="\n"),
        "letter": Texts(ko="", en="y" * 20_001),
    }
    assert faults_of(freeze, blue, **wrong) == {
        "recipient_ko": FieldFault.MISSING,
        "recipient_en": FieldFault.TOO_LONG,
        "occasion_ko": FieldFault.CHARACTERS,
        "occasion_en": FieldFault.MISSING,
        "letter_ko": FieldFault.MISSING,
        "letter_en": FieldFault.TOO_LONG,
    }
    assert db.session.scalars(select(Delivery)).all() == []


def test_the_database_refuses_a_delivery_with_an_empty_text(blue):
    number = freeze(blue)
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(text("UPDATE deliveries SET letter = '{}' WHERE id = :id"), {"id": number})


def test_a_checkpoint_of_another_campaign_is_none(app):
    blue, other = campaign(), campaign("other")
    signature(blue)
    signature(other)
    fold_all()
    with pytest.raises(freezing.NoSuchCheckpoint):
        freeze(blue, newest(other.id).id)
    with pytest.raises(freezing.NoSuchCheckpoint):
        preview(blue.slug, 10**9)
    with pytest.raises(UnknownCampaign):
        preview("nope", 1)


def test_the_same_delivery_is_found_again_until_anything_differs(blue):
    number = freeze(blue)

    assert freeze(blue) == number, "two presses of the button"
    assert db.session.scalars(select(Job.subject_id)).all() == [number]
    other = freeze(blue, occasion=Texts(ko="다른 행사", en="Another occasion"))
    assert other != number
    services.discard(ANNA, number, "a mistake")
    assert freeze(blue) not in (number, other)


# --- discarding ---


def test_a_discarded_delivery_has_no_job_any_more(blue):
    number = freeze(blue)

    services.discard(ANNA, number, "the wrong recipient")

    assert deliveries.row(number).state == DeliveryState.DISCARDED
    job = jobs.newest(JobKind.PACK, number)
    assert job is not None
    assert job.state == JobState.GONE
    assert jobs.advance({}) is False


# --- choosing a checkpoint ---


def test_the_newest_and_the_last_of_each_day_are_offered(app, frozen_clock):
    frozen_clock.move_to_noon()
    blue = campaign()
    last = []
    for _day in range(4):
        for _ in range(3):
            signature(blue)
            fold_all()
            frozen_clock.move(minutes=20)
        last.append(newest(blue.id).id)
        frozen_clock.move(hours=23)
    signature(blue)
    fold_all()
    signature(blue)
    fold_all()

    offered = checkpoints(blue.id)

    assert [checkpoint.id for checkpoint in offered] == [newest(blue.id).id, *reversed(last)]


def test_what_was_not_counted_is_told_with_the_newest_numbers_only(blue):
    earlier = newest(blue.id).id
    signature(blue)
    fold_all()

    of_now, of_before = preview(), preview(checkpoint_id=earlier)

    assert (of_now.people, of_now.sign_ups.confirmed) == (7, 7)
    assert (of_before.people, of_before.sign_ups) == (6, None)
    assert from_json(of_before.to_json()) == of_before
    assert "sign_ups" not in json.loads(integrity_json(of_before))


def test_days_without_a_change_offer_nothing_twice(blue, frozen_clock):
    frozen_clock.move(days=5)
    assert [checkpoint.size for checkpoint in checkpoints(blue.id)] == [6]


# --- the letter ---


def drafted(blue):
    checkpoint = newest(blue.id).id
    return freezing.preview(blue.slug, checkpoint, freezing.draft(blue.slug, checkpoint)).letter


def test_the_default_letter_names_the_numbers_in_both_languages(app, frozen_clock):
    blue = campaign()
    signatures(1, blue)
    fold_all()
    letter = drafted(blue)
    assert "1명이 서명하였습니다." in letter["ko"]
    assert "it had been signed by 1 person." in letter["en"]

    endorsement(blue)
    crowd(1233, blue)
    fold_all()
    letter = drafted(blue)
    assert "1,234명이 서명하였고, 1개 단체가 참여하였습니다." in letter["ko"]
    assert "it had been signed by 1,234 people and 1 organisation." in letter["en"]
    assert "‘푸른 하늘’" in letter["ko"]


CONTRADICTIONS = (
    ("ko", "지금까지 1,235명"),
    ("ko", "12,345분이 서명하였고"),
    ("ko", "1만 2,500여 명"),
    ("ko", "만 이천오백여 명"),
    ("ko", "천여 명이"),
    ("ko", "수만 명"),
    ("ko", "12만"),
    ("ko", "１，２３５명"),
    ("ko", "50,000명"),  # the goal
    ("ko", "2050명"),
    ("ko", "종이 서명 30건"),
    ("ko", "2001년 1월 1일 현재"),
    ("ko", "1월 1일 기준"),
    ("ko", "2001. 1. 1. 기준"),
    ("ko", "{peeple}"),
    ("en", "1,235 people"),
    ("en", "signed by 12,345 citizens"),
    ("en", "twelve thousand three hundred and forty-five people"),
    ("en", "12k"),
    ("en", "1.2 million voices"),
    ("en", "thousands of voices"),
    ("en", "50,000 people"),
    ("en", "by 2050 people"),
    ("en", "In May 12,345 signed"),
    ("en", "As of 1 January 2001"),
    ("en", "as of January 1, 2001"),
)


def test_a_letter_with_another_number_or_day_than_its_pack_is_not_frozen(app):
    blue = campaign(goal=50_000)
    crowd(1_234, blue)
    endorsement(blue)
    fold_all()
    for lang, sentence in CONTRADICTIONS:
        letter = TEXTS.letter | {lang: f"{sentence} ..."}
        assert faults_of(freeze, blue, letter=Texts(letter)) == {f"letter_{lang}": FieldFault.UNLIKE_PACK}, (
            sentence
        )
    assert number_of(Delivery) == 0


def test_a_letter_may_name_the_packs_own_numbers_dates_years_and_what_its_writer_says_is_another(app):
    blue = campaign(goal=50_000)
    crowd(1_234, blue)
    endorsement(blue)
    fold_all()
    day = format_date(newest(blue.id).signed_at, "ko")
    letter = Texts(
        ko=f"{day} 현재 1,234명, 천이백삼십사 분, 1천2백34명, 1개 단체. 2018년 기준 35% 감축. 세 명이 9월 7일 14시 30분에 찾아뵙겠습니다. "
        "만일 이만큼 하지만 천사. 이만 줄입니다.",
        en="1,234 people, one thousand two hundred and thirty-four of them. 35% by 2030. Three of us come on 7 September at 10 a.m.",
    )
    number = freeze(blue, letter=letter, others={"35": "NDC", "99": "not in the letter"})
    assert deliveries.row(number).letter == letter
    assert from_json(deliveries.row(number).document).others == {"35": "NDC"}


@given(number=st.integers(10, 99_999_999))
def test_a_number_is_found_however_it_is_written(number):
    ten_thousands, rest = divmod(number, 10_000)
    mixed = f"{ten_thousands}만 {rest:,}" if ten_thousands and rest else f"{number}"
    # 만일 and 백일 are words of their own.
    in_words = f"{number}" if number // 10 * 10 in (100, 1_000, 10_000) else korean(number)
    for lang, written in (
        *(("ko", f"{form}여 명") for form in (f"{number:,}", f"{number}", mixed, in_words)),
        *(("en", f"{form} voices") for form in (f"{number:,}", f"{number}", english(number))),
    ):
        assert [*letters._numbers(written, lang, [])] == [str(number)], written


def korean(number):
    """이천오백: 1 is only written at the end."""
    text = ""
    for unit, name in ((10_000, "만"), (1_000, "천"), (100, "백"), (10, "십")):
        many, number = divmod(number, unit)
        if many:
            text += (korean(many) if many > 1 else "") + name
    return text + " 일이삼사오육칠팔구"[number].strip()


def english(number):
    ones = [*fixed("en")["numbers"]["ones"]]
    for unit, name in ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred")):
        if number >= unit:
            many, rest = divmod(number, unit)
            return f"{english(many)} {name}" + (f" {english(rest)}" if rest else "")
    if number < 20:
        return ones[number - 1]
    return ones[number // 10 + 17] + (f"-{ones[number % 10 - 1]}" if number % 10 else "")
