"""The screen of the video and the letter of a campaign."""

import io
import re

import pytest

from pledge.campaigns import media, staff_queries
from pledge.campaigns.media import VideoFields
from pledge.campaigns.rules import stamp
from pledge.campaigns.video import campaign_video
from pledge.core import tokens
from pledge.core.tokens import Purpose
from pledge.files import services as files
from tests.support import factories
from tests.support.factories import EDITOR
from tests.support.videos import CAPTIONS, mp4
from tests.web.staff.campaigns.screens import PDF, photograph, picture, seen, send


@pytest.fixture(autouse=True)
def air(app):
    return factories.campaign("air")


def stored():
    return staff_queries.desk("air")


def test_a_video_s_form_tells_all_its_mistakes_at_once(editor):
    sent = editor.post(
        "/staff/campaigns/air/page/video",
        data={"video": "https://example.org/film", "still": (io.BytesIO(b"nonsense"), "logo.png")},
        content_type="multipart/form-data",
    )
    assert sent.status_code == 422
    assert set(re.findall(r'id="([a-z_]+)-error"', sent.text)) == {"video", "still"}


def test_a_video_and_its_picture_are_saved(editor, client):
    page = editor.get("/staff/campaigns/air")
    sent = send(
        editor,
        "page/video",
        {"video": "https://youtu.be/dQw4w9WgXcQ", "still": picture(), "seen": seen(page, "page/video")},
    )
    assert sent.status_code == 303
    assert f"/files/{campaign_video(staff_queries.desk('air')).still}/" in client.get("/en/c/air").text


VIDEO_CAPTIONS = {"captions_ko": CAPTIONS, "captions_en": CAPTIONS}


def video_form(**changes):
    return {"seen": media.video_stamp(campaign_video(stored())), **changes}


def test_a_video_of_our_own_is_saved_shown_with_captions_and_taken_away(editor, client):
    form = video_form(own=(io.BytesIO(mp4()), "film.mp4"), still=photograph(), **VIDEO_CAPTIONS)
    assert send(editor, "page/video", form).status_code == 303
    video, page = campaign_video(stored()), client.get("/en/c/air")
    assert f'src="/files/{video.file}/video.mp4" type="video/mp4"' in page.text
    assert 'preload="none"' in page.text
    assert f'src="/files/{video.still}/640.webp"' in page.text
    assert 'src="/en/c/air/captions.vtt" srclang="en" label="English">' in page.text
    assert 'data-captions="en"' in page.text
    assert 'src="/ko/c/air/captions.vtt" srclang="ko" label="한국어">' in page.text
    assert "<p>One sky &amp; all</p>" in page.text, "its words can be read"
    assert "media-src 'self'" in page.headers["Content-Security-Policy"]
    assert client.get("/en/c/air/captions.vtt").text == CAPTIONS
    client.checked = False
    assert client.get(f"/files/{video.file}/video.mp4", buffered=True).data == mp4()
    assert send(editor, "page/video", video_form(drop_own="y", **VIDEO_CAPTIONS)).status_code == 303
    assert campaign_video(stored()) is None


def test_the_captions_of_a_draft_are_read_by_the_link_of_its_preview(app, client):
    factories.draft("sea")
    fields = VideoFields(file=factories.stored_video(), captions={"ko": CAPTIONS})
    media.set_video(EDITOR, "sea", media.video_stamp(None), fields)
    token = tokens.mint(Purpose.PREVIEW, [staff_queries.desk("sea").id])
    page = client.get(f"/en/c/sea/preview/{token}").text
    address = re.search(r'<track kind="captions" src="([^"]+)"', page)[1]
    track = client.get(address)
    assert (track.status_code, track.mimetype, track.text) == (200, "text/vtt", CAPTIONS)
    assert track.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert client.get("/en/c/sea/preview/nonsense/captions.vtt").status_code == 410
    assert client.get(f"/en/c/sea/preview/{token}/captions.vtt").status_code == 404


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"MZ", "This is not an MP4 or WebM video."),
        (mp4(media=30_000), "The video is larger than 30 MB."),
    ],
)
def test_why_a_video_is_refused_is_told_beside_its_field(editor, monkeypatch, data, message):
    monkeypatch.setattr(files, "MEGABYTE", 1000)
    sent = send(editor, "page/video", video_form(own=(io.BytesIO(data), "film.mp4"), **VIDEO_CAPTIONS))
    assert sent.status_code == 422
    assert message in sent.text
    assert 'href="#own"' in sent.text
    assert "One &lt;b&gt;sky" in sent.text, "what was entered is kept"


def test_a_video_is_not_chosen_again_when_its_captions_are_wrong(editor):
    form = video_form(own=(io.BytesIO(mp4()), "film.mp4"), captions_en="no captions")
    sent = send(editor, "page/video", form)
    assert sent.status_code == 422
    assert 'href="#captions_en"' in sent.text
    kept = re.search(r'name="own_kept" value="([^"]+)"', sent.text)[1]
    assert send(editor, "page/video", video_form(own_kept=kept, **VIDEO_CAPTIONS)).status_code == 303
    assert campaign_video(stored()).captions == {"ko": CAPTIONS, "en": CAPTIONS}


def test_a_letter_is_stored_offered_and_taken_away(editor, client):
    held = stamp({"letter": stored().letter})
    sent = send(
        editor,
        "page/letters",
        {"letter_ko": (io.BytesIO(PDF), "letter.pdf", "application/pdf"), "seen": held},
    )
    assert sent.status_code == 303
    assert "The campaign’s letter (PDF, in Korean)" in client.get("/en/c/air").text
    address = re.search(r'href="(/files/[^"]+\.pdf)"', client.get("/ko/c/air").text)[1]
    client.checked = False
    assert client.get(address).data == PDF
    held = stamp({"letter": stored().letter})
    assert send(editor, "page/letters", {"drop_ko": "y", "seen": held}).status_code == 303
    assert stored().letter == {}


def test_media_that_somebody_else_changed_meanwhile_are_told(editor):
    page = editor.get("/staff/campaigns/air")
    media.set_video(EDITOR, "air", media.video_stamp(None), VideoFields("https://vimeo.com/123456789"))
    sent = send(
        editor, "page/video", {"video": "https://youtu.be/dQw4w9WgXcQ", "seen": seen(page, "page/video")}
    )
    assert sent.status_code == 409
    assert 'value="https://youtu.be/dQw4w9WgXcQ"' in sent.text
    assert "https://vimeo.com/123456789" in sent.text


def test_a_letter_to_read_is_written_shown_as_a_page_and_taken_away(editor, client):
    letter = {"text_ko": "## 여러분께\n\n하늘을 위해.", "text_en": "## To you\n\nFor the **sky**."}
    held = stamp({"text": stored().letter_text})
    assert send(editor, "page/letter-text", {**letter, "seen": held}).status_code == 303
    assert 'href="/en/c/air/letter"' in client.get("/en/c/air").text
    assert "<strong>sky</strong>" in client.get("/en/c/air/letter").text
    assert "여러분께" in client.get("/ko/c/air/letter").text
    assert 'href="/staff/campaigns/air/preview/ko/letter"' in editor.get("/staff/campaigns/air").text
    shown = editor.get("/staff/campaigns/air/preview/ko/letter")
    assert "여러분께" in client.get(shown.location).text
    held = stamp({"text": stored().letter_text})
    assert send(editor, "page/letter-text", {"text_ko": "", "text_en": "", "seen": held}).status_code == 303
    assert not stored().letter_text


@pytest.mark.parametrize(
    ("korean", "english", "field", "message"),
    [
        ("", "To you", "text_ko", "Another language has this"),
        ("여러분께", "> " * 100 + "a", "text_en", "No PDF can be made of this text."),
        ("여러분께", f"[x](https://{'a' * 9000})", "text_en", "No PDF can be made of this text."),
    ],
)
def test_what_is_wrong_with_a_letter_to_read_is_told_beside_its_field(
    editor, korean, english, field, message
):
    held = stamp({"text": stored().letter_text})
    sent = send(editor, "page/letter-text", {"text_ko": korean, "text_en": english, "seen": held})
    assert sent.status_code == 422
    assert f'href="#{field}"' in sent.text
    assert message in sent.text
    assert not stored().letter_text


WORDS = {"photo_alt_ko": "맑은 하늘 아래 서울", "photo_alt_en": "Seoul under a clear sky"}


def photo_form(**changes):
    return {"photo_focus": "center", "seen": stamp(stored().part(media.PHOTO)), **changes}


def test_a_photograph_is_saved_shown_and_taken_away(editor, client):
    form = photo_form(**WORDS, photo_focus="left-top", photo=photograph())
    assert send(editor, "page/photo", form).status_code == 303
    page, name = client.get("/en/c/air").text, stored().photo
    assert 'alt="Seoul under a clear sky"' in page
    assert "photo__picture--left-top" in page
    assert 'alt="맑은 하늘 아래 서울"' in client.get("/ko/c/air").text
    client.checked = False
    for size in (640, 1080, 1600):
        assert f"/files/{name}/{size}.webp" in page
        assert client.get(f"/files/{name}/{size}.webp").status_code == 200
    assert send(editor, "page/photo", photo_form(drop_photo="y")).status_code == 303
    assert stored().photo == ""


def test_a_photograph_needs_words_in_every_language(editor):
    sent = send(editor, "page/photo", photo_form(**{**WORDS, "photo_alt_en": ""}, photo=photograph()))
    assert sent.status_code == 422
    assert 'href="#photo_alt_en"' in sent.text
    assert stored().photo == ""
    kept = re.search(r'name="photo_kept" value="([^"]+)"', sent.text)[1]
    assert send(editor, "page/photo", photo_form(**WORDS, photo_kept=kept)).status_code == 303
    assert stored().photo, "nobody has to choose it twice"


QUOTATION = {
    "quotation_ko": "하늘은 하나입니다.",
    "quotation_en": "There is one sky.",
    "quotation_name_ko": "한가람",
    "quotation_name_en": "Han Garam",
    "quotation_alt_ko": "웃는 얼굴",
    "quotation_alt_en": "A smiling face",
}


def test_a_quotation_with_its_portrait_is_saved_and_shown(editor, client):
    seen = stamp(stored().part(media.QUOTATION))
    form = {**QUOTATION, "quotation_portrait": picture(), "seen": seen}
    assert send(editor, "page/quotation", form).status_code == 303
    page = client.get("/en/c/air").text
    assert "There is one sky." in page
    assert 'alt="A smiling face"' in page
    assert "하늘은 하나입니다." in client.get("/ko/c/air").text
    shown = editor.get("/staff/campaigns/air").text
    assert 'value="Han Garam"' in shown
    assert 'id="drop_portrait"' in shown
