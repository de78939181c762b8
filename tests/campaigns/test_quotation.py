"""Somebody's words on a campaign's page: whole in every language, and a portrait that is kept while it is shown."""

import pytest

from pledge.campaigns import media, queries, staff_queries
from pledge.campaigns.rules import FieldFault, stamp
from tests.support.factories import EDITOR, campaign, stored_picture
from tests.support.refusals import faults_of
from tests.support.rows import is_kept

WORDS = {
    "quotation": {"ko": "하늘은 하나입니다.", "en": "There is one sky."},
    "quotation_name": {"ko": "한가람", "en": "Han Garam"},
    "quotation_role": {"ko": "교사", "en": "Teacher"},
    "quotation_alt": {},
}
ALT = {"ko": "웃는 얼굴", "en": "A smiling face"}
NONE: dict[str, dict[str, str]] = {name: {} for name in WORDS}


@pytest.fixture(autouse=True)
def _campaign(app):
    campaign("air")


def stored():
    return staff_queries.desk("air")


def set_quotation(words, **more):
    media.set_quotation(EDITOR, "air", stamp(stored().part(media.QUOTATION)), words, **more)


def test_a_quotation_is_shown_in_each_language_and_taken_away():
    set_quotation(WORDS)
    shown = queries.find("air", "ko").row
    assert (shown.quotation["ko"], shown.quotation_name["en"]) == ("하늘은 하나입니다.", "Han Garam")
    assert shown.quotation_role == WORDS["quotation_role"]
    set_quotation(NONE)
    assert not queries.find("air", "en").row.quotation


def test_text_and_name_are_needed_in_every_language_a_role_in_all_or_none():
    half = {
        **WORDS,
        "quotation": {"ko": "하늘은 하나입니다."},
        "quotation_name": {},
        "quotation_role": {"en": "Teacher"},
    }
    assert faults_of(set_quotation, half) == {
        "quotation_en": FieldFault.MISSING,
        "quotation_name_ko": FieldFault.MISSING,
        "quotation_name_en": FieldFault.MISSING,
        "quotation_role_ko": FieldFault.ONE_LANGUAGE,
    }
    set_quotation({**WORDS, "quotation_role": {}})
    assert stored().quotation_role == {}


def test_a_portrait_needs_words_and_a_quotation():
    name = stored_picture()
    assert faults_of(set_quotation, WORDS, new=name) == {
        "quotation_alt_ko": FieldFault.MISSING,
        "quotation_alt_en": FieldFault.MISSING,
    }
    assert faults_of(set_quotation, NONE, new=name)["quotation_ko"] == FieldFault.MISSING
    assert faults_of(set_quotation, {**WORDS, "quotation_alt": ALT}) == {
        "quotation_portrait": FieldFault.MISSING
    }


def test_a_portrait_is_kept_replaced_and_let_go_of():
    old, new = stored_picture(), stored_picture()
    set_quotation({**WORDS, "quotation_alt": ALT}, new=old)
    set_quotation({**WORDS, "quotation_alt": ALT}, new=new)
    assert (is_kept(old), is_kept(new)) == (False, True)
    assert queries.find("air", "en").row.quotation_alt["en"] == "A smiling face"
    set_quotation(WORDS, drop=True)
    assert (stored().quotation_portrait, is_kept(new)) == ("", False)
    last = stored_picture()
    set_quotation({**WORDS, "quotation_alt": ALT}, new=last)
    set_quotation(NONE)
    assert (stored().quotation_portrait, is_kept(last)) == ("", False)
