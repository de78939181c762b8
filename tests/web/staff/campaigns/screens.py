"""The forms of the screens on which editors write a campaign."""

import io
import re

from tests.support.pictures import png

PDF = b"%PDF-1.7\n%%EOF\n"


def picture():
    return (io.BytesIO(png(size=(64, 36))), "logo.png")


def photograph():
    return (io.BytesIO(png(size=(800, 450))), "photo.png")


def seen(page, action=""):
    """The mark that a form of a page carries back: the one sent to that address, or the first."""
    return re.search(rf'{action}.*?name="seen" value="(\w*)"', page.text, re.DOTALL)[1]


def partner_form(**changes):
    return {"role": "partner", "name_ko": "동반자", "name_en": "A Partner", **changes}


def send(editor, path, data):
    return editor.post(f"/staff/campaigns/air/{path}", data=data, content_type="multipart/form-data")


def event_form(**changes):
    return {
        "title_ko": "기후 토크",
        "title_en": "Climate Talk",
        "place_ko": "서울",
        "place_en": "Seoul",
        "start_day": "2027-06-05",
        "start_time": "14:00",
        "end_time": "16:00",
        **changes,
    }


def sister_form(**changes):
    return {
        "name_ko": "자매",
        "name_en": "A Sister",
        "place_ko": "제네바",
        "place_en": "Geneva",
        "sentence_ko": "같은 하늘 아래",
        "sentence_en": "Under the same sky",
        "url": "https://example.org/sister",
        **changes,
    }


def demand_form(**changes):
    return {
        "words_ko": "계획을 공개해 주십시오.",
        "words_en": "Publish a plan.",
        "asked_on": "2026-09-07",
        **changes,
    }
