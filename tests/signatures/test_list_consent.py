"""Agreeing that one's name stands in a list for a government: apart from all else, to these very words, and back at any time."""

import re

import pytest
from sqlalchemy import select

from pledge.campaigns import list_terms as terms
from pledge.campaigns.list_terms import TermsNotOffered
from pledge.core.db import db
from pledge.signatures import own
from pledge.signatures.models import Signature
from pledge.signatures.queries import own_signature
from pledge.web.caching import cache
from tests.support.factories import (
    EDITOR,
    SEOUL,
    SLUG,
    TERMS,
    campaign,
    confirm_token,
    list_terms,
    manage_token,
    sign_form,
    signature,
    the_campaign,
)

SIGN = {lang: f"/{lang}/c/{SLUG}/sign" for lang in ("ko", "en")}
BOX = re.compile(r'<input[^>]*name="list_consent"[^>]*>')


@pytest.fixture(autouse=True)
def _campaign(app):
    campaign()


def agreed():
    """What the newest submission holds."""
    db.session.rollback()
    return db.session.scalars(select(Signature.list_terms_id).order_by(Signature.submitted_at.desc())).first()


def fresh(app, client, path):
    cache.clear()
    return client.get(path).text


# --- The sign form ---


def test_a_campaign_that_never_asked_or_asks_no_more_shows_the_same_form_to_the_byte(
    frozen_clock, app, client
):
    before = [fresh(app, client, path) for path in (*SIGN.values(), f"/ko/c/{SLUG}")]
    assert not any("list_" in page for page in before)
    list_terms()
    assert "list_consent" in fresh(app, client, SIGN["ko"])
    terms.end(EDITOR, SLUG, 1)
    after = [fresh(app, client, path) for path in (*SIGN.values(), f"/ko/c/{SLUG}")]
    assert after == before


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("path", ["sign", ""])
def test_the_question_says_who_why_what_how_long_by_which_law_and_that_one_may_refuse(
    app, client, lang, path
):
    list_terms()
    page = fresh(app, client, f"/{lang}/c/{SLUG}/{path}".rstrip("/"))
    for part in ("recipient", "law", "purpose", "keeping"):
        assert TERMS[f"{part}_{lang}"] in page
    assert ("이메일 주소는 제공하지 않습니다" if lang == "ko" else "Not your e-mail address") in page
    assert ("동의를 거부하실 권리가 있습니다" if lang == "ko" else "You may refuse") in page
    (box,) = BOX.findall(page)
    assert "checked" not in box
    assert "required" not in box
    assert '<input type="hidden" name="list_terms" value="1">' in page


def test_the_required_consent_no_longer_says_that_names_are_never_handed_over(client):
    never = "Names and addresses are not handed over."
    assert never in client.get(SIGN["en"]).text
    list_terms()
    cache.clear()
    page = client.get(SIGN["en"]).text
    assert never not in page
    assert "only if you agree to that separately below" in page


def test_who_ticks_the_box_has_agreed_to_these_terms_and_who_does_not_signs_all_the_same(client):
    asked = list_terms()
    assert client.post(SIGN["ko"], data=sign_form(list_terms="1", list_consent="y")).status_code == 303
    assert client.post(SIGN["ko"], data=sign_form(list_terms="1")).status_code == 303
    db.session.rollback()
    assert sorted(db.session.scalars(select(Signature.list_terms_id)), key=str) == [asked.id, None]


@pytest.mark.parametrize(
    "sent",
    [
        {"list_consent": "y"},
        {"list_consent": "y", "list_terms": ""},
        {"list_consent": "y", "list_terms": "1"},
        {"list_consent": "y", "list_terms": "3"},
        {"list_consent": "", "list_terms": "2"},
        {"list_terms": "2"},
    ],
    ids=str,
)
def test_agreeing_to_terms_that_are_not_asked_for_is_no_consent(client, sent):
    list_terms()
    list_terms(law_en="Another law")
    assert client.post(SIGN["ko"], data=sign_form(**sent)).status_code == 303
    assert agreed() is None


def test_the_terms_of_another_campaign_are_none_here(client):
    list_terms(campaign("other"))
    assert client.post(SIGN["ko"], data=sign_form(list_consent="y", list_terms="1")).status_code == 303
    assert agreed() is None


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_a_damaged_version_is_told_and_nothing_is_stored(client, lang):
    list_terms()
    page = client.post(SIGN[lang], data=sign_form(list_consent="y", list_terms="x", name="김하늘"))
    assert page.status_code == 422
    assert ("다시 읽어 주세요" if lang == "ko" else "Please read it again") in page.text
    assert "김하늘" in page.text
    assert db.session.scalars(select(Signature.id)).all() == []


def test_a_mistake_elsewhere_keeps_the_tick_unless_the_terms_have_changed_meanwhile(client):
    list_terms()
    sent = sign_form(list_consent="y", list_terms="1", name="")
    assert "checked" in BOX.findall(client.post(SIGN["ko"], data=sent).text)[0]
    list_terms(law_en="Another law")
    page = client.post(SIGN["ko"], data=sent).text
    assert "checked" not in BOX.findall(page)[0]
    assert 'name="list_terms" value="2"' in page


def test_signing_anew_is_deciding_anew(client, clock):
    list_terms()
    client.post(SIGN["ko"], data=sign_form(email="hong@example.org", list_consent="y", list_terms="1"))
    assert agreed() is not None
    clock.move(hours=1)
    client.post(SIGN["ko"], data=sign_form(email="hong@example.org", list_terms="1"))
    assert agreed() is None


# --- The page to confirm ---


def test_the_page_to_confirm_says_whether_and_to_whom_the_name_is_given(client):
    asked = list_terms()
    yes = signature(state="pending", list_terms_id=asked.id)
    no = signature(state="pending")
    page = client.get(f"/en/confirm/{confirm_token(yes)}").text
    assert f"Given to {TERMS['recipient_en']}" in page
    assert TERMS["keeping_en"] in page
    page = client.get(f"/en/confirm/{confirm_token(no)}").text
    assert "Not handed over" in page
    assert TERMS["keeping_en"] not in page


def test_the_own_page_shows_the_terms_that_were_agreed_to_even_when_others_are_asked_for_now(client):
    asked = list_terms()
    person = signature(state="pending", list_terms_id=asked.id)
    list_terms(recipient_en="The Ministry of Environment")
    page = client.get(f"/en/confirm/{confirm_token(person)}").text
    assert TERMS["recipient_en"] in page
    assert "The Ministry of Environment" not in page


def test_without_terms_the_page_to_confirm_says_nothing_of_a_list(client):
    page = client.get(f"/en/confirm/{confirm_token(signature(state='pending'))}").text
    assert "List of names" not in page


# --- One's own page ---


def test_consent_to_a_list_can_be_taken_back_at_any_time(client):
    person = signature(list_terms_id=list_terms().id)
    me = f"/en/me/{manage_token(person)}"
    assert TERMS["recipient_en"] in client.get(me).text
    terms.end(EDITOR, SLUG, 1)
    assert "Withdraw this consent" in client.get(me).text, "also when nobody is asked any more"
    assert client.post(f"{me}/list/refuse").status_code == 303
    assert agreed() is None
    assert "Withdraw this consent" not in client.get(me).text
    assert client.post(f"{me}/list/refuse").status_code == 303, "twice is the same"


def test_consent_to_a_list_can_be_given_later(client):
    person, asked = signature(), list_terms()
    me = f"/ko/me/{manage_token(person)}"
    assert "checked" not in BOX.findall(client.get(me).text)[0]
    reply = client.post(f"{me}/list", data={"list_consent": "y", "list_terms": "1"})
    assert reply.status_code == 303
    assert agreed() == asked.id
    assert TERMS["recipient_ko"] in client.get(me).text
    assert BOX.findall(client.get(me).text) == [], "it is not asked twice"


def test_opening_the_page_or_its_addresses_changes_nothing(client):
    person = signature(list_terms_id=list_terms().id)
    me = f"/ko/me/{manage_token(person)}"
    for path in (me, f"{me}/list", f"{me}/list/refuse"):
        client.get(path)
    assert agreed() is not None


def test_who_presses_without_a_tick_is_told_and_keeps_what_was_agreed_before(client):
    first = list_terms()
    person = signature(list_terms_id=first.id)
    list_terms(law_en="Another law")
    page = client.post(f"/en/me/{manage_token(person)}/list", data={"list_terms": "2"})
    assert page.status_code == 422
    assert "Tick the box if you agree" in page.text
    assert agreed() == first.id


@pytest.mark.parametrize("version", ["1", "3", "x", "", None])
def test_what_was_shown_is_what_one_agrees_to(client, version):
    list_terms()
    person = signature()
    list_terms(law_en="Another law")
    sent = {"list_consent": "y"} | ({} if version is None else {"list_terms": version})
    page = client.post(f"/en/me/{manage_token(person)}/list", data=sent)
    assert page.status_code == 409
    assert "Please read what is asked now" in page.text
    assert "checked" not in BOX.findall(page.text)[0]
    assert agreed() is None


def test_agreeing_to_new_terms_ends_the_earlier_consent(client):
    person = signature(list_terms_id=list_terms().id)
    second = list_terms(law_en="Another law")
    page = client.get(f"/en/me/{manage_token(person)}").text
    assert "The terms have changed since" in page
    own.agree_to_list(manage_token(person), 2)
    assert agreed() == second.id


def test_changing_name_or_other_choices_leaves_it_alone():
    asked = list_terms()
    own.change(
        manage_token(signature(list_terms_id=asked.id)),
        name="홍길순",
        place=SEOUL,
        public_name=True,
        updates=True,
    )
    assert agreed() == asked.id


def test_a_withdrawn_signature_holds_no_consent_and_can_give_none(client):
    person = signature(list_terms_id=list_terms().id)
    own.withdraw(manage_token(person))
    assert agreed() is None
    with pytest.raises(TermsNotOffered):
        own.agree_to_list(manage_token(person), 1)
    assert "list_consent" not in client.get(f"/ko/me/{manage_token(person)}").text


def test_a_link_that_leads_nowhere_agrees_to_nothing(client):
    list_terms()
    for path in ("list", "list/refuse"):
        data = {"list_consent": "y", "list_terms": "1"}
        assert client.post(f"/ko/me/damaged/{path}", data=data).status_code == 410


def test_the_download_has_the_terms_in_full(client):
    person, other = signature(list_terms_id=list_terms().id), signature()
    facts = client.get(f"/en/me/{manage_token(person)}/download").get_json()
    assert facts["list_consent"] == {
        "version": 1,
        **{part: TERMS[f"{part}_en"] for part in ("recipient", "law", "purpose", "keeping")},
    }
    assert client.get(f"/en/me/{manage_token(other)}/download").get_json()["list_consent"] is None


def test_a_campaign_without_terms_says_nothing_on_one_s_own_page(client):
    assert "list" not in re.findall(r'id="([^"]+)"', client.get(f"/ko/me/{manage_token(signature())}").text)
    assert own_signature(manage_token(signature(the_campaign())), "ko").list_terms is None


def test_words_of_the_terms_are_text_wherever_they_are_shown(client):
    bad = "<script>alert(1)</script>"
    asked = list_terms(recipient_ko=bad, law_ko=bad, purpose_ko=bad, keeping_ko=bad)
    person = signature(list_terms_id=asked.id)
    waiting = signature(state="pending", list_terms_id=asked.id)
    for path in (SIGN["ko"], f"/ko/me/{manage_token(person)}", f"/ko/confirm/{confirm_token(waiting)}"):
        page = client.get(path).text
        assert bad not in page
        assert "&lt;script&gt;" in page
