"""The screen of the video and the letter of a campaign."""

import io
import re

from pledge.campaigns import media, staff_queries
from tests.support import factories
from tests.support.factories import EDITOR
from tests.web.staff.campaigns.screens import PDF, picture, seen, send


def test_a_video_s_form_tells_all_its_mistakes_at_once(app, editor):
    factories.campaign("air")
    sent = editor.post(
        "/staff/campaigns/air/media/video",
        data={"video": "https://example.org/film", "still": (io.BytesIO(b"nonsense"), "logo.png")},
        content_type="multipart/form-data",
    )
    assert sent.status_code == 422
    assert set(re.findall(r'id="([a-z_]+)-error"', sent.text)) == {"video", "still"}


def test_a_video_and_its_picture_are_saved(app, editor, client):
    factories.campaign("air")
    page = editor.get("/staff/campaigns/air/media")
    sent = send(
        editor,
        "media/video",
        {"video": "https://youtu.be/dQw4w9WgXcQ", "still": picture(), "seen": seen(page)},
    )
    assert sent.status_code == 303
    assert f"/files/{staff_queries.desk('air').video.still}/" in client.get("/en/c/air").text


def test_another_address_than_youtube_or_vimeo_is_told(app, editor):
    factories.campaign("air")
    page = editor.get("/staff/campaigns/air/media")
    sent = send(editor, "media/video", {"video": "https://example.org/v", "seen": seen(page)})
    assert sent.status_code == 422
    assert 'href="#video"' in sent.text
    assert 'value="https://example.org/v"' in sent.text


def test_a_letter_is_stored_offered_and_taken_away(app, editor, client):
    factories.campaign("air")
    held = media.letters_stamp(staff_queries.desk("air").letters)
    sent = send(
        editor,
        "media/letters",
        {"letter_ko": (io.BytesIO(PDF), "letter.pdf", "application/pdf"), "seen": held},
    )
    assert sent.status_code == 303
    assert "The campaign’s letter (PDF, in Korean)" in client.get("/en/c/air").text
    address = re.search(r'href="(/files/[^"]+\.pdf)"', client.get("/ko/c/air").text)[1]
    client.checked = False
    assert client.get(address).data == PDF
    held = media.letters_stamp(staff_queries.desk("air").letters)
    assert send(editor, "media/letters", {"drop_ko": "y", "seen": held}).status_code == 303
    assert staff_queries.desk("air").letters == {"ko": "", "en": ""}


def test_what_is_no_pdf_is_told(app, editor):
    factories.campaign("air")
    held = media.letters_stamp(staff_queries.desk("air").letters)
    sent = send(
        editor,
        "media/letters",
        {"letter_en": (io.BytesIO(b"MZ"), "letter.pdf", "application/pdf"), "seen": held},
    )
    assert sent.status_code == 422
    assert 'href="#letter_en"' in sent.text


def test_media_that_somebody_else_changed_meanwhile_are_told(app, editor):
    factories.campaign("air")
    page = editor.get("/staff/campaigns/air/media")
    media.set_video(EDITOR, "air", media.video_stamp(None), "https://vimeo.com/123456789")
    sent = send(editor, "media/video", {"video": "https://youtu.be/dQw4w9WgXcQ", "seen": seen(page)})
    assert sent.status_code == 409
    assert 'value="https://youtu.be/dQw4w9WgXcQ"' in sent.text
    assert "https://vimeo.com/123456789" in sent.text


def test_a_letter_to_read_is_written_shown_as_a_page_and_taken_away(app, editor, client):
    factories.campaign("air")
    letter = {"text_ko": "## 여러분께\n\n하늘을 위해.", "text_en": "## To you\n\nFor the **sky**."}
    held = media.letter_text_stamp(staff_queries.desk("air").letter_text)
    assert send(editor, "media/letter-text", {**letter, "seen": held}).status_code == 303
    assert 'href="/en/c/air/letter"' in client.get("/en/c/air").text
    assert "<strong>sky</strong>" in client.get("/en/c/air/letter").text
    assert "여러분께" in client.get("/ko/c/air/letter").text
    held = media.letter_text_stamp(staff_queries.desk("air").letter_text)
    assert send(editor, "media/letter-text", {"text_ko": "", "text_en": "", "seen": held}).status_code == 303
    assert not staff_queries.desk("air").letter_text


def test_a_campaign_without_a_letter_has_no_page_of_it(app, client):
    factories.campaign("air")
    assert "letter" not in client.get("/en/c/air").text
    assert client.get("/en/c/air/letter").status_code == 404


def test_a_letter_to_read_is_needed_in_every_language_or_in_none(app, editor):
    factories.campaign("air")
    held = media.letter_text_stamp(staff_queries.desk("air").letter_text)
    sent = send(editor, "media/letter-text", {"text_ko": "", "text_en": "To you", "seen": held})
    assert sent.status_code == 422
    assert 'href="#text_ko"' in sent.text
    assert "To you" in sent.text


def test_a_letter_to_read_that_somebody_else_changed_meanwhile_is_told(app, editor):
    factories.campaign("air")
    held = media.letter_text_stamp(staff_queries.desk("air").letter_text)
    media.set_letter_text(EDITOR, "air", held, {"ko": "먼저", "en": "First"})
    sent = send(editor, "media/letter-text", {"text_ko": "나중", "text_en": "Later", "seen": held})
    assert sent.status_code == 409
    assert "First" in sent.text
    assert "Later" in sent.text
