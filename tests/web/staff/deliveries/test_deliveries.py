"""The screens of a delivery that is frozen: download, hand over, record the answer, correct, tell the signers."""

import io
import re
from hashlib import sha256
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select, text

from pledge.core import clock
from pledge.core.db import transaction
from pledge.core.languages import Texts
from pledge.deliveries import queries
from pledge.files import storage
from pledge.jobs.models import Job
from pledge.web.caching import cache
from tests.support import deliveries, staff
from tests.support.audit import actions
from tests.support.factories import BORA
from tests.support.pictures import PDF
from tests.web.staff.deliveries.screens import errors, typed

# --- One delivery ---


@pytest.fixture
def address(signed):
    return f"/staff/deliveries/{deliveries.frozen()}"


def test_the_pack_is_handed_out_as_it_is_and_each_download_is_recorded(exporter, address):
    answer = exporter.post(f"{address}/download")
    assert answer.status_code == 200
    assert answer.data == deliveries.PACK
    assert answer.headers["Content-Length"] == str(len(deliveries.PACK))
    assert re.fullmatch(
        r'attachment; filename="blue-skies-pack-\d{8}-\d{6}KST-\d+-\d+\.zip"',
        answer.headers["Content-Disposition"],
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.mimetype == "application/zip"
    exporter.post(f"{address}/download")
    assert actions().count("delivery.download") == 2


def test_recipient_and_letter_are_in_the_languages_of_the_site_in_its_order(exporter, address):
    page = exporter.get(address).text
    assert f"{deliveries.RECIPIENT['ko']} / {deliveries.RECIPIENT['en']}" in page
    assert re.findall(r'<div class="delivery-letter" lang="(\w+)"', page) == ["ko", "en"]


def test_a_fault_of_ours_is_told_inside_the_staff_area(exporter, address):
    with transaction() as session:
        session.execute(text("UPDATE deliveries SET document = '{}'"))
    page = exporter.get(address)
    assert page.status_code == 500
    assert "Something went wrong on our side" in page.text
    assert 'href="/staff/deliveries"' in page.text


def test_a_storage_that_is_away_is_told_and_not_recorded_as_a_download(exporter, address, monkeypatch):
    def away(*_):
        raise storage.StorageAway("x")

    monkeypatch.setattr(storage.Folder, "open", away)
    answer = exporter.post(f"{address}/download")
    assert answer.status_code == 503
    assert "file storage is not responding" in answer.text
    assert "delivery.download" not in actions()


def test_there_is_nothing_to_download_before_it_is_made(exporter, signed):
    address = f"/staff/deliveries/{deliveries.frozen(pack=False)}"
    assert exporter.post(f"{address}/download").status_code == 409


def test_the_progress_of_the_worker_is_shown_and_survives_a_reload(exporter, signed):
    number = deliveries.frozen(pack=False)
    with transaction() as session:
        job = session.scalar(select(Job).where(Job.subject_id == number))
        job.state, job.done, job.total = "running", 5, 10
    for _ in range(2):
        page = exporter.get(f"/staff/deliveries/{number}")
        assert '<progress class="job-progress" max="100" value="49"' in page.text
    assert "49%" in exporter.get("/staff/deliveries").text


def test_a_pack_that_could_not_be_made_can_be_tried_again(exporter, signed):
    number = deliveries.frozen(pack=False)
    with transaction() as session:
        job = session.scalar(select(Job).where(Job.subject_id == number))
        job.state, job.error, job.attempts = "failed", "ZeroDivisionError", 5
    page = exporter.get(f"/staff/deliveries/{number}")
    assert "could not be made (ZeroDivisionError)" in page.text
    assert exporter.post(f"/staff/deliveries/{number}/retry").status_code == 303
    assert exporter.post(f"/staff/deliveries/{number}/retry").status_code == 409
    deliveries.make_packs()
    assert "Download the pack" in exporter.get(f"/staff/deliveries/{number}").text
    assert "delivery.retry" in actions()


def test_who_records_a_hand_over_before_the_pack_is_there_is_told_and_loses_nothing(exporter, signed):
    number = deliveries.frozen(pack=False)
    page = exporter.post(
        f"/staff/deliveries/{number}/hand-over",
        data={"handed_over_at": typed(clock.now()), "channel": "post", "receipt_number": "KEPT"},
    )
    assert page.status_code == 409
    assert "The pack is not made yet" in page.text
    assert deliveries.row(number).state == "frozen"


@pytest.mark.sqlite_only
def test_a_mistake_in_the_register_is_told_and_nothing_is_lost(exporter, address):
    fields = {"handed_over_at": "2020-01-01T00:00", "channel": "x", "receipt_number": "KEPT"}
    page = exporter.post(f"{address}/hand-over", data=fields)
    assert page.status_code == 422
    assert any("Enter a time after the step before it (" in error for error in errors(page))
    assert "KEPT" in page.text
    assert queries.find(int(address.rpartition("/")[2])).state == "frozen"


def test_a_correction_of_a_delivery_needs_a_reason(exporter, signed):
    address = f"/staff/deliveries/{deliveries.answered()}"
    now = typed(clock.now())
    fields = {"handed_over_at": now, "channel": "post", "receipt_number": "NEW"}
    assert exporter.post(f"{address}/hand-over", data=fields).status_code == 422
    assert exporter.post(f"{address}/hand-over", data={**fields, "reason": "a slip"}).status_code == 303
    answer = {"answered_at": now, "original": "ko", "answer_ko": "새 답", "answer_en": "KEPT"}
    refused = exporter.post(f"{address}/answer", data=answer)
    assert refused.status_code == 422
    assert "KEPT" in refused.text
    assert exporter.post(f"{address}/answer", data={**answer, "answer_reason": "a slip"}).status_code == 303
    page = exporter.get(address)
    assert "새 답" in page.text
    assert "NEW" in page.text


def test_an_answer_with_its_document_is_entered_published_and_shown_to_everybody(exporter, signed, app):
    number = deliveries.handed_over()
    address, document = f"/staff/deliveries/{number}", PDF + b"\n%%EOF\n"
    fields = {"answered_at": typed(clock.now()), "original": "ko", "answer_ko": "", "answer_en": ""}
    kept = exporter.post(
        f"{address}/answer",
        data={**fields, "document": (io.BytesIO(document), "공문.pdf", "application/pdf")},
    )
    assert (kept.status_code, errors(kept)) == (422, ["This field is required."])
    ticket = re.search(r'name="document_kept" value="([^"]+)"', kept.text)[1]
    fields |= {"answer_ko": "검토하겠습니다.", "document_kept": ticket}
    assert exporter.post(f"{address}/answer", data=fields).status_code == 303
    public = app.test_client()
    assert "검토하겠습니다." not in public.get("/en/c/blue-skies").text
    assert exporter.post(f"{address}/publish-answer", data={"seen": "x"}).status_code == 409
    stamp = deliveries.row(number).open_answer.stamp
    own = exporter.post(f"{address}/publish-answer", data={"seen": stamp})
    assert own.status_code == 403
    assert "another person has to publish it" in own.text
    second = staff.client(app, "exporter")
    assert second.post(f"{address}/publish-answer", data={"seen": stamp}).status_code == 303
    cache.clear()
    digest = sha256(document).hexdigest()
    page = public.get("/en/c/blue-skies").text
    assert '<p class="timeline__answer" lang="ko">검토하겠습니다.</p>' in page
    assert digest in page
    assert "translation by the secretariat" not in page
    (delivery,) = public.get("/api/v1/campaigns/blue-skies/activity").json["deliveries"]
    assert (delivery["answer_original"], delivery["answer_document_sha256"]) == ("ko", digest)
    sent = public.get(urlsplit(delivery["answer_document"]).path)
    assert (sent.data, sent.mimetype) == (document, "application/pdf")
    assert sent.headers["Content-Disposition"].startswith("attachment;")


def test_a_second_person_sends_an_answer_back_with_a_reason(exporter, signed, app):
    number = deliveries.handed_over()
    stamp = deliveries.proposed(number, "검토하겠습니다.", "We will.", by=BORA)
    address = f"/staff/deliveries/{number}/send-back-answer"
    assert exporter.post(address, data={"seen": stamp, "why": " "}).status_code == 422
    assert exporter.post(address, data={"seen": stamp, "why": "one word differs"}).status_code == 303
    page = exporter.get(f"/staff/deliveries/{number}").text
    assert "one word differs" in page
    assert "Publish the answer" not in page


def test_a_translation_of_an_answer_is_shown_as_one_of_the_secretariat(app, client, signed):
    deliveries.answered(ko="검토하겠습니다.", en="We will look into it.")
    page = client.get("/en/c/blue-skies").text
    assert "We will look into it." in page
    assert "This is a translation by the secretariat." in page
    assert '<p class="timeline__answer" lang="ko">검토하겠습니다.</p>' in page
    assert "사무국 번역" not in client.get("/ko/c/blue-skies").text


def test_a_discarded_delivery_stays_in_the_list_without_its_pack(exporter, address):
    assert exporter.post(f"{address}/discard", data={"why": "put off"}).status_code == 303
    assert "Discarded" in exporter.get("/staff/deliveries").text
    page = exporter.get(address)
    assert "it was deleted when the delivery was discarded" in page.text
    assert exporter.post(f"{address}/download").status_code == 409
    late = exporter.post(
        f"{address}/hand-over", data={"handed_over_at": typed(clock.now()), "channel": "post"}
    )
    assert late.status_code == 409
    assert "not possible in the current state" in late.text


@pytest.mark.parametrize("number", ["0", "4294967296", "77", "x"])
def test_a_number_that_is_none_is_not_found(exporter, app, number):
    assert exporter.get(f"/staff/deliveries/{number}").status_code == 404
    assert exporter.post(f"/staff/deliveries/{number}/download").status_code == 404


def test_the_list_reads_all_packs_at_once(exporter, signed, statements):
    for number in range(3):
        deliveries.frozen(occasion=Texts(ko=f"행사 {number}", en=f"Occasion {number}"))
    with statements() as seen:
        page = exporter.get("/staff/deliveries")
    assert page.status_code == 200
    assert sum("FROM delivery_jobs" in statement for statement in seen) == 2, "list and menu"
