"""Texts to share, thanks and the short address, as editors write them."""

import re

import pytest

from pledge.campaigns import sharing
from tests.support import factories
from tests.support.rows import again
from tests.web.staff.campaigns.screens import seen, send

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.sqlite_only]

PATH = "settings/sharing"


def form_of(editor, **changes):
    return {"seen": seen(editor.get("/staff/campaigns/air/settings"), PATH), **changes}


def preview_texts(page, lang):
    """What the preview says in each channel in a language."""
    return dict(re.findall(rf'<dt[^>]*>([^<]*)</dt><dd[^>]* lang="{lang}">([^<]*)</dd>', page.text))


def test_texts_are_previewed_for_each_channel_then_saved(editor):
    of = factories.campaign("air")
    typed = form_of(editor, short_name="sky", share_all_ko="모두 함께", share_band_ko="밴드에서 함께")
    preview = send(editor, PATH, {**typed, "preview": "y"})
    assert "Nothing is saved yet." in preview.text
    assert preview_texts(preview, "ko") == {"Text to share": "모두 함께", "BAND": "밴드에서 함께"}
    assert preview_texts(preview, "en")["Text to share"].startswith("“Blue Skies”"), "where none is written"
    assert sharing.stored_words(again(of))["short_name"] == ""
    assert send(editor, PATH, typed).status_code == 303
    assert "Nothing is saved yet." not in editor.get("/staff/campaigns/air/settings").text
    assert sharing.stored_words(again(of))["share_band"] == {"ko": "밴드에서 함께"}


def test_a_fault_is_told_at_its_field_and_nothing_typed_is_lost(editor):
    factories.campaign("air")
    sent = send(editor, PATH, form_of(editor, short_name="하늘", thanks_ko="고맙습니다"))
    assert sent.status_code == 422
    assert 'href="#short_name"' in sent.text
    assert "고맙습니다" in sent.text


def test_the_second_editor_sees_what_the_first_has_written(editor):
    factories.campaign("air")
    mine, theirs = form_of(editor, short_name="sea"), form_of(editor, short_name="sky")
    assert send(editor, PATH, theirs).status_code == 303
    refused = send(editor, PATH, mine)
    assert refused.status_code == 409
    assert re.search(r'class="stored__text"[^>]*>sky<', refused.text)
