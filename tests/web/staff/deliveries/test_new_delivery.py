"""The screens on which a delivery is written, looked at and frozen."""

import re

import pytest
from sqlalchemy import select

from config import current_config
from pledge.core import clock
from pledge.core.db import db
from pledge.deliveries.document import from_json
from pledge.deliveries.models import Delivery
from pledge.web.routes import Ask
from pledge.web.staff.auth.access import asks
from tests.support import deliveries, staff
from tests.support.audit import actions
from tests.support.factories import campaign, crowd, fold_all, plant_entry, signature
from tests.support.pdf import pdf_text
from tests.support.rows import number_of
from tests.web.staff.deliveries.screens import FORM, NEW, errors, typed


def test_the_list_begins_a_delivery_of_each_campaign_with_one_press(exporter, signed):
    other = campaign("other")
    signature(other)
    fold_all()
    page = exporter.get("/staff/deliveries")
    assert NEW in page.text
    assert "/staff/deliveries/new/other" in page.text


def test_the_form_begins_with_the_newest_numbers_and_a_letter_in_both_languages(exporter, signed):
    page = exporter.get(NEW)
    assert f'value="{signed}" selected' in page.text
    assert "귀 기관" in page.text
    assert "Please find enclosed the totals" in page.text


def test_the_preview_shows_exactly_what_will_be_inside_and_fixes_nothing(exporter, signed):
    assert asks("delivery_draft_post") == Ask.NOTHING, "only freezing asks for the second factor"
    page = exporter.post(NEW, data={**FORM, "checkpoint": str(signed)})
    assert page.status_code == 200
    for text in (
        "6 people",
        "1 organisation",
        "Sky Union",
        "환경부 장관",
        "Dear Minister,",
        "manifest.sig",
        "verify.py",
    ):
        assert text in page.text
    assert number_of(Delivery) == 0


def test_the_preview_of_an_earlier_moment_does_not_tell_what_was_not_counted_since(exporter, signed):
    now = exporter.post(NEW, data={**FORM, "checkpoint": str(signed)})
    crowd(1)
    fold_all()
    then = exporter.post(NEW, data={**FORM, "checkpoint": str(signed)})
    assert (now.status_code, then.status_code) == (200, 200)
    assert "Sign-ups stored" in now.text
    assert "Sign-ups stored" not in then.text


REPLY = {
    "number": "사무국-2026-17",
    "department_ko": "기후정책과",
    "department_en": "Climate Policy Division",
    "submitted_as": "proposal",
    "person_ko": "김하늘 팀장",
    "person_en": "Kim Haneul, Head of Team",
    "phone": "02-123-4567",
    "email": "reply@pledge.example",
    "address_ko": "서울특별시 중구 세종대로 1",
    "address_en": "1 Sejong-daero, Jung-gu, Seoul",
}


def test_where_the_answer_goes_is_frozen_and_stands_in_the_next_form(exporter, signed):
    form = {**FORM, **REPLY, "checkpoint": str(signed)}
    preview = exporter.post(NEW, data=form)
    assert preview.status_code == 200
    for value in (REPLY["number"], REPLY["person_en"], REPLY["phone"], REPLY["email"], REPLY["address_en"]):
        assert value in preview.text
    exporter.post(f"{NEW}/freeze", data=form)
    (row,) = db.session.scalars(select(Delivery)).all()
    reply = from_json(row.document).reply
    assert (reply.number, reply.phone, reply.email) == (REPLY["number"], REPLY["phone"], REPLY["email"])
    assert (reply.person["ko"], reply.address["en"]) == (REPLY["person_ko"], REPLY["address_en"])
    assert (reply.department["ko"], reply.submitted_as) == (REPLY["department_ko"], "proposal")
    assert REPLY["phone"] in exporter.get(f"/staff/deliveries/{row.id}").text
    again = exporter.get(NEW).text
    last = {
        name: value for name, value in form.items() if not name.startswith(("letter", "number", "submitted"))
    }
    for name, value in last.items():
        assert f'value="{value}"' in again, name
    assert '<option value="proposal" selected>' in again
    assert REPLY["number"] not in again  # each letter has its own
    other = exporter.post(f"{NEW}/freeze", data={**form, "phone": "02-765-4321"})
    assert other.location != f"/staff/deliveries/{row.id}"


def test_a_letter_without_an_address_of_its_own_is_answered_at_the_sites(exporter, signed):
    exporter.post(f"{NEW}/freeze", data={**FORM, "checkpoint": str(signed)})
    (row,) = db.session.scalars(select(Delivery)).all()
    assert from_json(row.document).reply.email == current_config().contact


def test_the_letter_is_seen_before_it_is_frozen(exporter, signed):
    for lang, word in (("ko", "초안"), ("en", "Draft")):
        shown = exporter.post(f"{NEW}/letter?lang={lang}", data={**FORM, **REPLY, "checkpoint": str(signed)})
        assert (shown.status_code, shown.mimetype) == (200, "application/pdf")
        assert word in pdf_text(shown.data)
        assert "inline" in shown.headers["Content-Disposition"]
    assert exporter.post(f"{NEW}/letter?lang=fr", data=FORM).status_code == 404
    assert exporter.post(f"{NEW}/letter", data={**FORM, "letter_ko": ""}).status_code == 422
    assert number_of(Delivery) == 0


@pytest.mark.parametrize("step", ["", "/freeze"])
def test_nothing_is_frozen_over_entries_that_match_no_signature_and_no_organisation(exporter, signed, step):
    plant_entry()
    fold_all()
    page = exporter.post(NEW + step, data={**FORM, "checkpoint": str(signed)})
    assert page.status_code == 409
    assert "1 entry of this campaign’s log is set aside" in page.text
    assert "Dear Minister," in page.text, "what was written is still there"
    assert number_of(Delivery) == 0


def test_the_whole_way_from_draft_to_answer(exporter, signed, app):
    frozen = exporter.post(f"{NEW}/freeze", data={**FORM, "checkpoint": str(signed)})
    assert frozen.status_code == 303
    address = frozen.headers["Location"]
    page = exporter.get(address)
    assert "It is waiting its turn" in page.text
    assert "data-module" in page.text
    assert "Record that it was handed over" not in page.text
    deliveries.make_packs()

    page = exporter.get(address)
    assert "Download the pack" in page.text
    moment = typed(clock.now())
    page = exporter.post(
        f"{address}/hand-over",
        data={"handed_over_at": moment, "channel": "portal", "receipt_number": "1AB-2611"},
    )
    assert page.status_code == 303, errors(page)
    page = exporter.get(address)
    assert "1AB-2611" in page.text
    assert "Through a government portal" in page.text

    page = exporter.post(
        f"{address}/answer",
        data={
            "answered_at": typed(clock.now()),
            "original": "ko",
            "answer_ko": "검토하겠습니다.",
            "answer_en": "We will see.",
        },
    )
    assert page.status_code == 303, errors(page)
    page = exporter.get(address).text
    assert "another person has to publish it" in page
    assert "Translation by the secretariat (English)" in page
    second = staff.client(app, "exporter")
    stamp = re.search(r'name="seen" value="(\w+)"', page)[1]
    assert second.post(f"{address}/publish-answer", data={"seen": stamp}).status_code == 303
    assert "We will see." in exporter.get(address).text
    assert actions()[-4:] == [
        "delivery.freeze",
        "delivery.hand_over",
        "delivery.answer",
        "delivery.publish_answer",
    ]
    assert "Answered" in exporter.get("/staff/deliveries").text


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("checkpoint", "9" * 30, "Choose from the list."),
        ("email", "no address", "Enter an e-mail address"),
        ("address_ko", "", "Another language has this"),
        ("submitted_as", "an order", ""),
    ],
)
def test_a_mistake_is_told_at_its_field_and_nothing_is_lost(exporter, signed, field, value, message):
    page = exporter.post(f"{NEW}/freeze", data={**FORM, **REPLY, "checkpoint": str(signed), field: value})
    assert page.status_code == 422
    assert message in re.search(rf'id="{field}-error">([^<]+)', page.text)[1]
    assert "here it is." in page.text
    assert number_of(Delivery) == 0


@pytest.mark.parametrize("step", ["", "/letter", "/freeze"], ids=["preview", "letter", "freeze"])
def test_a_letter_with_another_number_than_its_pack_is_told_at_its_field(exporter, signed, step):
    letter = {"letter_ko": "12,345분이 서명하였습니다.", "letter_en": "{people}, as of {date}."}
    page = exporter.post(NEW + step, data={**FORM, "checkpoint": str(signed), **letter})
    assert page.status_code == 422
    (message,) = errors(page)
    assert message.startswith("The pack does not say “12,345”. Write {people},")
    assert 'name="other_12345"' in page.text
    assert "12,345 is no number of this campaign" in page.text
    assert "{people}, as of {date}." in page.text
    assert number_of(Delivery) == 0


def test_a_number_is_let_through_once_its_writer_says_what_it_is(exporter, signed):
    form = {**FORM, "checkpoint": str(signed), "letter_en": "35% less by 2030."}
    assert exporter.post(NEW, data=form).status_code == 422
    silent = exporter.post(NEW, data={**form, "other_35": "y", "what_35": ""})
    assert (silent.status_code, errors(silent)) == (422, ["This field is required."])
    answered = {**form, "other_35": "y", "what_35": "the plan’s share"}
    preview = exporter.post(NEW, data=answered)
    assert preview.status_code == 200
    assert re.search(r'name="other_35" hidden>\s*y<', preview.text), "it is carried to the freezing"
    assert "the plan’s share" in exporter.post(f"{NEW}/edit", data=answered).text
    frozen = exporter.get(exporter.post(f"{NEW}/freeze", data=answered).location)
    assert "the plan’s share" in frozen.text
    assert 'value="the plan’s share"' in exporter.get(NEW).text, "remembered for the next letter"


def test_the_fields_of_the_letter_are_filled_in_for_the_moment_that_is_chosen(exporter, signed):
    crowd(1)
    fold_all()
    form = {**FORM, "letter_en": exporter.get(NEW).text.partition('id="letter_en"')[2].partition("<")[0]}
    assert "{people}" in form["letter_en"]
    preview = exporter.post(NEW, data={**form, "letter_en": "{people}.", "checkpoint": str(signed)})
    assert '<p class="delivery-letter__paragraph">6 people.</p>' in preview.text
    edited = exporter.post(f"{NEW}/edit", data={**form, "letter_en": "{people}.", "checkpoint": str(signed)})
    assert "{people}." in edited.text


def test_what_was_the_newest_when_the_form_was_opened_can_still_be_frozen(exporter, signed):
    crowd(1)
    fold_all()
    page = exporter.post(NEW, data={**FORM, "checkpoint": str(signed)})
    assert page.status_code == 200
    assert "6 people" in page.text


def test_long_letters_in_korean_get_through(exporter, signed):
    long = {"letter_ko": "가나다라 " * 4000, "letter_en": "a word " * 2800, "checkpoint": str(signed)}
    page = exporter.post(NEW, data={**FORM, **long}, content_type="multipart/form-data")
    assert page.status_code == 200
