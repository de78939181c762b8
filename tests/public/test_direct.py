"""The road before Flask: the same answers, the same rules, and everything unusual left to the views."""

import io

import pytest
from flask import request, request_started
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.test import EnvironBuilder

from pledge import guards
from pledge.db import NotDurable
from pledge.public import direct
from pledge.signatures import services, statements
from pledge.signatures.models import Signature, SignatureState
from tests.support.factories import campaign, confirm_token, sign_form, signature

SIGN = "/ko/c/blue-skies/sign"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
#: A question mark is enough to be left to Flask: the form of our pages has none.
ASIDE = "?by=flask"


@pytest.fixture
def asked_flask(app):
    """The endpoints of the requests that went through Flask, in order."""
    seen = []

    def note(_app, **_more):
        seen.append(request.endpoint)

    with request_started.connected_to(note, app):
        yield seen


def said(answer):
    """What of an answer has to be the same on both roads."""
    return answer.status, sorted(pair for pair in answer.headers if pair[0] != "X-Request-Id"), answer.data


def state_of(row):
    from pledge.db import db

    db.session.expire_all()
    return db.session.get(Signature, row.id).state


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_a_right_form_is_answered_without_flask_and_byte_for_byte_as_by_it(client, asked_flask, lang):
    campaign()
    form = sign_form()
    first = client.post(f"/{lang}/c/blue-skies/sign", data=form)
    assert asked_flask == []
    again = client.post(f"/{lang}/c/blue-skies/sign{ASIDE}", data=form)
    assert asked_flask == ["public.sign_post"]
    assert first.status_code == 303
    assert said(first) == said(again)
    assert len(first.headers["X-Request-Id"]) == len(again.headers["X-Request-Id"])


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_a_good_link_is_answered_without_flask_and_byte_for_byte_as_by_it(client, asked_flask, lang):
    one = signature(state="pending")
    path = f"/{lang}/confirm/{confirm_token(one)}"
    first = client.post(path, headers=FORM)
    assert asked_flask == []
    assert state_of(one) == SignatureState.CONFIRMED
    again = client.post(path, headers=FORM)  # nothing left to move: Flask looks what that means
    assert asked_flask == ["public.confirm_post"]
    assert first.status_code == 303
    assert said(first) == said(again)


def test_its_addresses_are_those_of_the_views(app):
    views = app.url_map.bind("localhost")
    slug = views.match("/ko/c/blue-skies/sign", method="POST")
    token = views.match("/en/confirm/abc.DEF-_9", method="POST")
    assert direct._road("/ko/c/blue-skies/sign")[::2] == (slug[0], slug[1]["lang"])
    assert direct._road("/ko/c/blue-skies/sign")[3] == slug[1]["slug"]
    assert direct._road("/en/confirm/abc.DEF-_9")[::2] == (token[0], token[1]["lang"])
    assert direct._road("/en/confirm/abc.DEF-_9")[3] == token[1]["token"]


UNUSUAL = {
    "a mistake in the form": ({"data": sign_form(name="=x")}, 422),
    "a campaign that there is not": ({"path": "/ko/c/nothing/sign", "data": sign_form()}, 404),
    "another site": ({"data": sign_form(), "headers": {"Origin": "https://evil.example"}}, 403),
    "another site by its mark": ({"data": sign_form(), "headers": {"Sec-Fetch-Site": "cross-site"}}, 403),
    "a form with a file's encoding": ({"data": sign_form(), "content_type": "multipart/form-data"}, 303),
    "no form at all": ({"data": "{}", "content_type": "application/json"}, 415),
    "text that is not UTF-8": ({"data": b"name=%ED%A0%80", "headers": FORM}, 400),
    "bytes that are not encoded": ({"data": "name=홍".encode(), "headers": FORM}, 422),
    "a NUL": ({"data": b"name=a%00b", "headers": FORM}, 400),
    "too much": ({"data": b"name=" + b"a" * 70_000, "headers": FORM}, 413),
    "a link that leads nowhere": ({"path": "/ko/confirm/damaged", "headers": FORM}, 410),
    "a code instead of a press": ({"path": "/ko/confirm/damaged", "data": {"code": "123456"}}, 410),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_what_is_unusual_is_left_to_flask(client, asked_flask, name):
    campaign()
    given_, status = UNUSUAL[name]
    answer = client.post(given_.get("path", SIGN), **{key: given_[key] for key in given_ if key != "path"})
    assert answer.status_code == status
    assert len(asked_flask) == 1


def test_an_old_link_and_one_used_before_are_left_to_flask(client, clock, asked_flask):
    waiting, done = signature(state="pending"), signature()
    old = confirm_token(waiting)
    assert client.post(f"/ko/confirm/{confirm_token(done)}", headers=FORM).status_code == 303
    clock.move(days=8)
    assert client.post(f"/ko/confirm/{old}", headers=FORM).status_code == 410
    assert asked_flask == ["public.confirm_post"] * 2
    assert state_of(waiting) == SignatureState.PENDING


def test_a_request_that_is_handed_on_is_counted_once(make_app):
    app = make_app(limit_sign="3 per hour")
    with app.app_context():
        campaign(state="closed")
    client = app.test_client()
    answers = [client.post(SIGN, data=sign_form()).status_code for _ in range(4)]
    assert answers == [409, 409, 409, 429]


def test_both_roads_count_in_one_place(make_app):
    app = make_app(limit_sign="3 per hour")
    with app.app_context():
        campaign()
    client = app.test_client()
    paths = [SIGN, SIGN + ASIDE, SIGN, SIGN, SIGN + ASIDE]
    answers = [client.post(path, data=sign_form()) for path in paths]
    assert [answer.status_code for answer in answers] == [303, 303, 303, 429, 429]
    assert int(answers[3].headers["Retry-After"]) > 0


@pytest.mark.parametrize("error", [OperationalError("INSERT", {}, Exception("hong@naver.com")), NotDurable()])
@pytest.mark.parametrize(
    ("what", "path"), [("sign", SIGN), ("confirm", "/ko/confirm/{token}")], ids=["sign", "confirm"]
)
def test_an_error_becomes_its_page_and_nothing_is_tried_twice(client, monkeypatch, error, what, path):
    token = confirm_token(signature(state="pending"))
    tried = []

    def fail(values):
        tried.append(values)
        raise error

    monkeypatch.setattr(statements, what, fail)
    answer = client.post(path.format(token=token), data=sign_form() if what == "sign" else None, headers=FORM)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    assert len(tried) == 1


def test_a_mistake_of_ours_becomes_the_page_that_says_so(client, monkeypatch):
    campaign()

    def fail(_submission):
        raise ZeroDivisionError

    monkeypatch.setattr(services, "sign", fail)
    assert client.post(SIGN, data=sign_form()).status_code == 500


#: What a body may hold: whole characters, halves of them, encoded or not.
PIECES = st.sampled_from(
    [
        *(b"name", b"=", b"&", b"a", b"+", b"%", b";", b" ", b"\0", b"\xff", b"\xed\x99\x8d"),
        *(b"%ED%99%8D", b"%ED", b"%A0", b"%00", b"%C0%80", b"%EF%BF%BD", b"%zz"),
    ]
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Origin": st.sampled_from(
            ["http://localhost", "https://localhost", "http://localhost:80", "http://evil", "null", "//[", ""]
        ),
        "Sec-Fetch-Site": st.sampled_from(["same-origin", "none", "same-site", "cross-site", "x", ""]),
        "Content-Length": st.sampled_from(["0", "3", "-1", "٣", "x", "99999", ""]),
        "Content-Type": st.sampled_from(
            [*FORM.values(), "text/plain", "multipart/form-data; boundary=x", ""]
        ),
    },
)


@pytest.mark.sqlite_only
def test_a_form_that_it_reads_is_one_that_flask_lets_pass_and_reads_the_same(app):
    @given(st.lists(PIECES, max_size=12).map(b"".join), HEADERS)
    def held_against_flask(body, headers):
        sent = {**FORM, "Content-Length": str(len(body)), **headers}
        environ = EnvironBuilder(
            SIGN, method="POST", headers=sent, input_stream=io.BytesIO(body)
        ).get_environ()
        read = guards.ordinary_form(environ)
        assert environ["wsgi.input"].read() == body
        environ["wsgi.input"] = io.BytesIO(body)
        with app.request_context(environ):
            try:
                guards.check()
            except HTTPException:
                assert read is None
            else:
                assert read is None or read == request.form.to_dict()

    held_against_flask()
