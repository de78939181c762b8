"""The screens of paper signatures: one editor enters a batch, another counts it again without seeing the first number."""

import io
import re

import pytest

from pledge.paper import services
from pledge.paper.models import PaperState
from pledge.web.caching import cache
from tests.support import paper
from tests.support.factories import SLUG, campaign, the_campaign
from tests.support.paper import row
from tests.support.pictures import PDF
from tests.support.staff import address_and_number
from tests.web.staff.campaigns.screens import seen

PAPER = f"/staff/paper/{SLUG}"
FORM = {
    "place_ko": "부산 기후 토크",
    "place_en": "Climate Talk, Busan",
    "collected_on": "2026-11-20",
    "sheets": "9",
    "signatures": "1,287",
}


@pytest.fixture(autouse=True)
def blue(app):
    return campaign()


def scan():
    return (io.BytesIO(PDF), "sheets.pdf", "application/pdf")


def entered(editor, **changed):
    """The address of a batch, and its number."""
    return address_and_number(editor.post(f"{PAPER}/new", data={**FORM, "scan": scan(), **changed}))


def test_one_editor_enters_a_batch_and_another_counts_it_again_without_seeing_the_number(editor, second):
    address, number = entered(editor)
    assert "1,287" in editor.get(address).text
    assert "1,287" not in editor.get(PAPER).text
    assert "another person has to count it again" in editor.get(address).text
    page = second.get(address)
    assert "1,287" not in page.text
    assert "1,287" not in second.get(PAPER).text
    assert "/edit" not in page.text
    refused = second.post(f"{address}/edit", data={**FORM, "signatures": "1", "seen": "another"})
    assert (refused.status_code, "1,287" in refused.text) == (409, False)
    fields = {"seen": seen(page), "checked": "1287"}
    assert editor.post(f"{address}/check", data=fields).status_code == 403
    blind = second.post(f"{address}/check", data=fields)
    assert (blind.status_code, "Download the scan first" in blind.text) == (422, True)
    assert "1,287" not in blind.text
    assert second.post(f"{address}/scan").status_code == 200
    assert second.post(f"{address}/check", data=fields).status_code == 303
    assert row(number).state == PaperState.AGREED
    assert "1,287" in second.get(address).text


def test_two_numbers_that_differ_are_both_shown_and_the_batch_can_be_corrected(editor, second):
    address, number = entered(editor)
    second.post(f"{address}/scan")
    second.post(f"{address}/check", data={"seen": seen(second.get(address)), "checked": "1280"})
    page = editor.get(address).text
    assert "The first person counted 1,287, the second 1,280." in page
    sent = editor.post(
        f"{address}/edit", data={**FORM, "signatures": "1280", "seen": seen(editor.get(address))}
    )
    assert sent.status_code == 303
    assert (row(number).state, row(number).signatures) == (PaperState.COUNTED, 1280)


def test_what_is_wrong_stands_beside_its_field_and_the_scan_need_not_be_chosen_again(editor):
    page = editor.post(f"{PAPER}/new", data={**FORM, "scan": (io.BytesIO(b"GIF89a"), "a.gif")})
    assert "This is not a PDF, JPEG or PNG file." in page.text
    page = editor.post(f"{PAPER}/new", data={})
    wrong = {"place_ko", "collected_on", "sheets", "signatures", "scan"}
    assert set(re.findall(r'id="([a-z_]+)-error"', page.text)) == wrong, "all at once"
    page = editor.post(f"{PAPER}/new", data={**FORM, "sheets": "many", "collected_on": "", "scan": scan()})
    assert page.status_code == 422
    kept = re.search(r'name="scan_kept" value="([^"]+)"', page.text)[1]
    assert editor.post(f"{PAPER}/new", data={**FORM, "scan_kept": kept}).status_code == 303


def test_what_was_typed_into_a_batch_that_was_agreed_meanwhile_is_not_lost(editor, second):
    address, _ = entered(editor)
    stamp = seen(editor.get(address))
    second.post(f"{address}/scan")
    second.post(f"{address}/check", data={"seen": seen(second.get(address)), "checked": "1287"})
    late = editor.post(f"{address}/edit", data={**FORM, "place_en": "Typed meanwhile", "seen": stamp})
    assert late.status_code == 409
    assert re.search('id="place_en"[^>]* value="Typed meanwhile"', late.text)


def test_a_second_number_that_no_batch_can_have_is_asked_for_again(editor, second):
    address, number = entered(editor)
    for wrong in ("about 100", "0", "9999999999"):
        page = second.post(f"{address}/check", data={"seen": seen(second.get(address)), "checked": wrong})
        assert (page.status_code, "Enter a whole number from 1 on, in digits." in page.text) == (422, True)
    assert row(number).state == PaperState.COUNTED


def test_the_scan_is_downloaded_as_it_was_sent_and_is_not_among_the_public_files(editor, client):
    address, number = entered(editor)
    answer = editor.post(f"{address}/scan")
    assert answer.data == PDF
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{SLUG}-paper-{number}.pdf"'
    name = row(number).scan
    for part in ("document.pdf", "scan", "scan.pdf"):
        assert client.get(f"/files/{name}/{part}").status_code == 404


def test_a_batch_that_waits_is_removed_with_a_reason(editor):
    address, _ = entered(editor)
    page = editor.get(f"{address}/remove")
    assert "Remove “" in page.text
    assert editor.post(f"{address}/remove", data={"seen": seen(page), "reason": "twice"}).status_code == 303
    assert editor.get(address).status_code == 404


def test_the_public_page_shows_paper_signatures_apart_and_adds_them_to_nothing(editor, client):
    page = f"/en/c/{SLUG}/progress"
    assert 'id="paper"' not in client.get(page).text
    number = paper.counted(signatures=1287)
    cache.clear()
    text = client.get(page).text
    assert 'id="paper"' in text
    assert "1,287" in text
    assert row(number).scan_sha256.hex() in text
    assert client.get(f"/api/v1/campaigns/{SLUG}/count").json["people"] == 0


def test_programs_read_the_batches_and_their_entries(editor, client):
    answer = client.get(f"/api/v1/campaigns/{SLUG}/paper").json
    assert (answer["signatures"], answer["batches"]) == (0, [])
    number = paper.counted(signatures=128)
    cache.clear()
    answer = client.get(f"/api/v1/campaigns/{SLUG}/paper").json
    assert answer["signatures"] == 128
    assert answer["batches"] == [
        {
            "number": number,
            "entry": 0,
            "place": {"ko": "부산 기후 토크", "en": "Climate Talk, Busan"},
            "collected": "2026-11-20",
            "sheets": 9,
            "signatures": 128,
            "scan_sha256": row(number).scan_sha256.hex(),
        }
    ]
    count = client.get(f"/api/v1/campaigns/{SLUG}/count").json
    assert (count["people"], count["paper"], count["checkpoint"]) == (0, 128, 1)


def test_the_scans_of_a_finished_campaign_are_deleted_and_the_numbers_stay(editor):
    number = paper.agreed()
    assert services.erase_scans([]) == 0
    assert services.erase_scans([the_campaign().id]) == 1
    batch = row(number)
    assert (batch.scan, batch.state, len(batch.scan_sha256)) == ("", PaperState.AGREED, 32)
    assert "The scan was deleted" in editor.get(f"{PAPER}/{number}").text
    assert editor.post(f"{PAPER}/{number}/scan").status_code == 409
