"""The widget: framed by any site, as safe to sign in as our own page."""

import re

import pytest

from pledge.core.db import db
from pledge.signatures.models import Signature
from pledge.signatures.services import ticket_for
from pledge.web.caching import cache
from tests.support import demands
from tests.support.factories import campaign, code, fold_all, mailed, sign_form, signature, signatures
from tests.support.rows import again, number_of

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.sqlite_only]

WIDGET = "/embed/blue-skies"
SIGN = f"{WIDGET}/sign?lang=ko&form=1"


def test_any_site_may_frame_the_widget_and_what_follows_in_it_and_no_other_page(client):
    campaign()
    framed = [
        client.get(WIDGET),
        client.get(f"{WIDGET}?form=1"),
        client.post(SIGN, data={}),
        client.post(SIGN, data=sign_form(), headers={"Origin": "null"}),
        client.get(f"{WIDGET}/check/x"),
        client.post(f"{WIDGET}/check/x", data={"code": "000000"}),
        client.get(f"{WIDGET}/thanks"),
        client.get("/embed/unknown"),
    ]
    assert [answer.status_code for answer in framed] == [200, 200, 422, 403, 200, 422, 200, 404]
    for answer in framed:
        assert "frame-ancestors *" in answer.headers["Content-Security-Policy"]
        assert "X-Frame-Options" not in answer.headers
    for path in ("/ko/c/blue-skies", "/ko/c/blue-skies/sign", "/ko/", "/embed.js", "/embed/a/b/c", "/staff/"):
        answer = client.get(path)
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], path
        assert answer.headers["X-Frame-Options"] == "DENY", path


def test_the_widget_shows_the_count_and_the_way_to_the_page(client):
    campaign()
    signatures(3)
    fold_all()
    text = client.get(WIDGET).text
    assert "data-count>3<" in text
    assert "<form" not in text
    assert re.search(r'href="[^"]*/ko/c/blue-skies#sign" target="_blank"', text)


@pytest.mark.parametrize(
    ("lang", "line"),
    [
        ("ko", "요청 사항: 이행됨 1건 · 약속받음 1건 · 답변 없음 2건"),
        ("en", "Demands: 1 done · 1 promised · 2 unanswered"),
    ],
)
def test_the_widget_says_in_which_state_the_demands_are(client, lang, line):
    campaign()
    assert line[:4] not in client.get(f"{WIDGET}?lang={lang}").text
    done, promised, repeated, _silent = (demands.asked() for _ in range(4))
    demands.published(done, "done")
    demands.published(promised, "promised", until=demands.day(-200))
    demands.published(repeated, "answered", ago=2)
    demands.published(repeated, "asked_again")
    cache.clear()
    assert f'<p class="quiet">{line}</p>' in client.get(f"{WIDGET}?lang={lang}").text


def test_no_link_of_the_widget_opens_a_page_inside_the_frame_that_may_not_be_framed(client):
    campaign()
    stays = re.compile(r'target="_blank"|download="|href="(#|/embed/|mailto:)')
    for path in (f"{WIDGET}?form=1", WIDGET, f"{WIDGET}/check/x", f"{WIDGET}/thanks"):
        links = re.findall(r"<a [^>]*>", client.get(path).text)
        assert links
        assert [link for link in links if not stays.search(link)] == [], path


def test_the_query_chooses_language_form_and_accent_and_nothing_else(client):
    campaign()
    english = client.get(f"{WIDGET}?lang=en&form=1&accent=leaf&utm_source=x").text
    assert '<html lang="en"' in english
    assert "widget--leaf" in english
    assert "/embed/blue-skies/sign?lang=en&amp;form=1&amp;accent=leaf" in english
    odd = client.get(f"{WIDGET}?lang=xx&form=yes&accent=red", headers={"Accept-Language": "en"}).text
    assert '<html lang="ko"' in odd
    assert "widget--sky" in odd
    assert 'data-theme="light"' in odd
    assert "<form" not in odd


def test_signing_in_the_widget_stores_what_signing_on_the_page_does(client):
    campaign()
    answer = client.post(
        SIGN, data=sign_form(), headers={"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
    )
    assert answer.status_code == 303
    assert number_of(Signature) == 1
    assert answer.headers["Location"].startswith(f"{WIDGET}/check/")
    assert client.get(answer.headers["Location"]).status_code == 200


def test_the_code_is_typed_in_the_widget_which_keeps_its_look(client):
    campaign()
    person = signature(state="pending")
    mailed(person)
    place = f"{WIDGET}/check/{ticket_for('blue-skies', person.id)}?lang=en&accent=plum&theme=dark"
    wrong = client.post(place, data={"code": "000000"})
    assert wrong.status_code == 422
    assert "widget--plum" in wrong.text
    assert "css/dark.css" in wrong.text
    done = client.post(place, data={"code": code(person)})
    assert done.headers["Location"] == f"{WIDGET}/thanks?lang=en&accent=plum&theme=dark"
    assert again(person).state == "confirmed"
    assert "data-signed" in client.get(done.headers["Location"]).text


def test_a_right_code_that_is_too_late_leads_to_the_page_outside(client):
    of = campaign()
    person = signature(of, state="pending")
    mailed(person)
    of.state = "closed"
    db.session.commit()
    answer = client.post(f"{WIDGET}/check/{ticket_for('blue-skies', person.id)}", data={"code": code(person)})
    assert answer.status_code == 409
    assert 'href="/ko/c/blue-skies" target="_blank"' in answer.text


def test_what_was_typed_stays_when_something_is_wrong(client):
    campaign()
    form = sign_form(age_ok=None)
    answer = client.post(f"{WIDGET}/sign?lang=en&accent=plum", data=form)
    assert answer.status_code == 422
    assert "widget--plum" in answer.text
    assert f'value="{form["email"]}"' in answer.text
    assert "You must be 14 or older" in answer.text


@pytest.mark.parametrize("headers", [{"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_page_that_hides_its_origin_gets_a_sentence_and_the_way_to_the_page(client, headers):
    campaign()
    answer = client.post(f"{WIDGET}/sign?lang=en", data=sign_form(), headers=headers)
    assert answer.status_code == 403
    assert "Please sign on the campaign’s own page." in answer.text
    assert 'href="/en/c/blue-skies"' in answer.text
    assert number_of(Signature) == 0


def test_the_script_is_open_to_any_site_and_may_be_kept_for_an_hour(client):
    answer = client.get("/embed.js")
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "max-age=3600" in answer.headers["Cache-Control"]
    assert client.get("/embed.js", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
