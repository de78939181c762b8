"""The form over HTTP: what is answered, in which language, and what nobody can learn from it."""

import io
import re

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from werkzeug.datastructures import FileStorage

from pledge.campaigns.opening import SigningPaused
from pledge.core.db import NotDurable, db, fetch
from pledge.core.languages import Texts
from pledge.endorsements import services as endorsements
from pledge.mail.models import OutboxMail
from pledge.signatures import services as signatures
from pledge.signatures import statements
from pledge.signatures.models import Signature
from pledge.statistics.referrals import organization_code
from pledge.switches import services as switches
from tests.support.factories import (
    EDITOR,
    campaign,
    confirm_token,
    endorse_form,
    endorsement,
    manage_token,
    other_recipient,
    press_key,
    sign_form,
    signature,
    the_campaign,
)
from tests.support.pages import multipart
from tests.support.rows import number_of

SIGN = {"ko": "/ko/c/blue-skies/sign", "en": "/en/c/blue-skies/sign"}


@pytest.fixture(autouse=True)
def _open_campaign(app):
    campaign()


def test_a_good_form_is_answered_303_to_the_page_that_says_check_your_mail(client):
    reply = client.post(SIGN["ko"], data=sign_form())
    assert reply.status_code == 303
    assert reply.headers["Location"].startswith("/ko/c/blue-skies/check/")
    page = client.get(reply.headers["Location"])
    assert page.status_code == 200
    assert "메일" in page.text


def test_only_the_fields_of_the_contract_and_the_pledge_that_was_shown_are_needed(client):
    form = sign_form()
    contract = {"name", "email", "country", "region", "age_ok", "consent_privacy"}
    assert form.keys() == {*contract, "pledge_version"}
    assert client.post(SIGN["ko"], data=form).status_code == 303
    assert number_of(Signature) == 1


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "이름"),
        ("name", "=1+1", "첫 글자"),
        ("name", "010-1234-5678", "네 자리"),
        ("email", "hong@", "이메일"),
        ("country", "XX", "국가"),
        ("country", None, "국가"),
        ("consent_privacy", None, "동의"),
        ("age_ok", None, "14세"),
        ("pledge_version", None, "서약"),
        ("pledge_version", "x", "서약"),
        ("pledge_version", "7", "서약"),
        ("consent_version", "x", "동의"),
        ("consent_version", "7", "동의"),
    ],
)
def test_a_fault_is_named_and_nothing_typed_is_lost_or_stored(client, field, value, words):
    form = sign_form(**{"name": "김하늘", "email": "sky@naver.com", "updates": "y", field: value})
    page = client.post(SIGN["ko"], data=form)
    assert page.status_code == 422
    assert words in page.text
    if field not in ("pledge_version", "consent_version"):
        assert f'href="#{field}"' in page.text, "the summary links to the field"
        assert f'id="{field}"' in page.text
    if field != "name":
        assert "김하늘" in page.text
    if field != "email":
        assert "sky@naver.com" in page.text
    assert page.text.count("checked") >= 1
    assert number_of(Signature) == number_of(OutboxMail) == 0


@pytest.mark.parametrize("path", [SIGN["en"], "/embed/blue-skies/sign?lang=en&form=1"])
def test_a_form_that_comes_back_with_another_consent_asks_for_it_again(client, path):
    typed = sign_form(name="", consent_version="1")
    ticked = r'name="consent_privacy"[^>]* checked'
    assert re.search(ticked, client.post(path, data=typed).text)
    other_recipient()
    page = client.post(path, data=typed).text
    assert 'name="consent_version" value="2"' in page
    assert not re.search(ticked, page)


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("sent", "ticked"),
    [
        ("y", True),
        *(
            (other, False)
            for other in ("Y", " y", "on", "true", "1", "yes", "0", "null", "no", "아니요", " ")
        ),
        (["y", "0"], False),
        (["y", "y"], False),
    ],
)
def test_a_box_is_ticked_by_one_y_alone(client, sent, ticked):
    page = client.post(SIGN["en"], data=sign_form(age_ok=sent, consent_privacy=sent))
    assert ('href="#age_ok"' not in page.text, 'href="#consent_privacy"' not in page.text) == (ticked, ticked)
    client.post(SIGN["en"], data=sign_form(public_name=sent, updates=sent))
    row = db.session.scalars(select(Signature).order_by(Signature.submitted_at.desc())).first()
    assert (row.public_name, row.updates) == (ticked, ticked)


@pytest.mark.sqlite_only
@pytest.mark.parametrize("field", ["name", "email", "country", "age_ok", "pledge_version"])
def test_a_file_in_place_of_text_is_no_text(client, field):
    form = sign_form(**{field: FileStorage(io.BytesIO(b"hello"), "hello.txt")})
    page = client.post(SIGN["en"], **multipart(form))
    assert page.status_code == 422


@pytest.mark.parametrize("is_paused", [False, True])
@pytest.mark.parametrize(("path", "form"), [("sign", sign_form), ("endorse", endorse_form)])
def test_a_campaign_that_closed_while_the_form_was_open_says_so(client, frozen_clock, path, form, is_paused):
    campaign("closing", closes_at=frozen_clock.now().replace(year=2000))
    switches.turn(EDITOR, "signing", is_paused, "attack")
    page = client.post(f"/en/c/closing/{path}", data=form())
    assert page.status_code == 409
    assert "Retry-After" not in page.headers, "it does not open again"
    assert number_of(Signature) == 0


@pytest.mark.parametrize(
    ("path", "form", "module", "use_case"),
    [("sign", sign_form, signatures, "sign"), ("endorse", endorse_form, endorsements, "apply")],
)
def test_a_pause_that_ends_while_a_form_is_sent_is_not_called_another_text(
    client, monkeypatch, path, form, module, use_case
):
    def paused(_sent):
        raise SigningPaused

    monkeypatch.setattr(module, use_case, paused)
    page = client.post(f"/en/c/blue-skies/{path}", data=form())
    assert page.status_code == 503
    assert int(page.headers["Retry-After"]) > 0
    assert "text was changed" not in page.text


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６７"])
def test_what_is_no_code_is_told_apart_from_a_wrong_one(client, code):
    place = client.post(SIGN["en"], data=sign_form()).headers["Location"]
    page = client.post(place, data={"code": code})
    assert page.status_code == 422
    assert "six digits" in page.text


@pytest.mark.parametrize("error", [OperationalError("INSERT", {}, Exception("hong@naver.com")), NotDurable()])
@pytest.mark.parametrize(
    ("what", "path"), [("sign", SIGN["ko"]), ("confirm", "/ko/confirm/{token}")], ids=["sign", "confirm"]
)
def test_a_database_that_is_away_is_answered_503_and_nothing_is_tried_twice(
    client, monkeypatch, error, what, path
):
    token = confirm_token(signature(state="pending"))
    tried = []

    def fail(*values, **_):
        tried.append(values)
        raise error

    monkeypatch.setattr(statements, what, fail)
    answer = client.post(path.format(token=token), data=sign_form() if what == "sign" else None)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    assert len(tried) == 1


def test_the_form_says_who_may_sign_in_its_language(client):
    campaign("town", who_may_sign=Texts(en="Who lives in the town"))
    assert "Who lives in the town" in client.get("/en/c/town/sign").text
    assert "Who lives in the town" not in client.get("/ko/c/town/sign").text


def test_the_form_asks_for_no_region_and_keeps_one_that_was_sent_with_it(client):
    assert 'name="region"' not in client.get(SIGN["en"]).text
    again = client.post(SIGN["en"], data=sign_form(name="", region="KR-26"))
    assert again.status_code == 422
    assert '<input type="hidden" name="region" value="KR-26">' in again.text
    wrong = client.post(SIGN["en"], data=sign_form(region="KR-99"))
    assert wrong.status_code == 422
    assert "Choose a province or city from the list." in wrong.text
    assert "KR-99" not in wrong.text


def test_neither_an_old_key_nor_a_link_sets_a_region(client, frozen_clock):
    person = signature(region=None)
    old = press_key(person)
    frozen_clock.move(days=2)
    for token in (old, confirm_token(person)):
        assert client.post(f"/en/confirm/{token}/region", data={"region": "KR-26"}).status_code == 410


# --- Whose link led here ---


@pytest.fixture
def code():
    return f"p{the_campaign().partners[1].id}"


def stored_codes():
    return fetch(select(Signature.via)).scalars().all()


def test_the_page_of_the_form_is_one_copy_whatever_code_its_address_has(client, code):
    pages = {client.get(f"{SIGN['en']}?via={via}").text for via in (code, "p987654321", "made-up")}
    assert pages == {client.get(SIGN["en"]).text}
    assert f'name="via" value="{code}"' not in pages.pop()


def test_a_signature_in_the_widget_keeps_the_code_that_its_form_carries(client, code):
    assert client.post("/embed/blue-skies/sign?lang=en", data=sign_form(via=code)).status_code == 303
    assert stored_codes() == [code]


def test_the_link_of_a_duplicate_organisation_counts_for_the_one_that_stays(client, code):
    stays = endorsement()
    duplicate = endorsement(state="merged", merged_into_id=stays.id)
    client.post(SIGN["en"], data=sign_form(via=organization_code(duplicate.id)))
    assert stored_codes() == [organization_code(stays.id)]


@pytest.mark.parametrize("unknown", ["p987654321", "o1", "someone", '"><script>', "x" * 3000, None])
def test_an_unknown_code_is_ignored_without_a_word(client, code, unknown):
    known, ignored = (client.post(SIGN["en"], data=sign_form(via=via)) for via in (code, unknown))
    assert (ignored.status_code, ignored.data) == (known.status_code, known.data)
    assert sorted(stored_codes(), key=str) == [None, code]


def test_people_see_it_in_what_is_stored_about_them(client, code):
    person = signature(via=code)
    assert client.get(f"/en/me/{manage_token(person)}/download").json["via"] == code
