"""The webhook for bounces: signed, in time, once; everything else changes nothing."""

import hashlib
import hmac
from base64 import b64encode

import pytest
from pydantic import SecretStr

from pledge.audit.models import COMMAND_LINE
from pledge.core import clock as time
from pledge.mail import suppression
from pledge.mail.bounces import return_path
from pledge.mail.models import MailSuppression
from tests.support.rows import number_of

KEY = "hook-key-of-forty-characters-0123456789ab"


@pytest.fixture
def site(make_app, frozen_clock):
    app = make_app(bounce_address="bounce@pledge.example", bounce_hook_key=SecretStr(KEY))
    with app.app_context():
        yield app


def complaint():
    path = return_path.address(1, suppression.key("hong@example.org"))
    return (
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: message/feedback-report\r\n\r\n"
        f"Feedback-Type: abuse\r\nOriginal-Mail-From: <{path}>\r\n\r\n--b--\r\n"
    ).encode()


def answer(site, body, *, key=KEY, event="evt_1", age=0, signed=None, **changes):
    stamp = str(int(time.now().timestamp()) - age)
    digest = hmac.digest(key.encode(), f"{event}.{stamp}.".encode() + (signed or body), hashlib.sha256)
    headers = {
        "Webhook-Id": event,
        "Webhook-Timestamp": stamp,
        "Webhook-Signature": f"v1,{b64encode(digest).decode()}",
        **changes.pop("headers", {}),
    }
    client = site.test_client()
    client.checked = False
    options = {"content_type": "message/rfc822", **changes}
    return client.post("/hooks/mail", data=body, headers=headers, **options)


def call(site, body, **changes):
    return answer(site, body, **changes).status_code


def test_a_signed_call_is_recorded_once(site):
    assert call(site, complaint()) == 204
    assert number_of(MailSuppression) == 1
    suppression.lift(COMMAND_LINE, "hong@example.org")
    assert call(site, complaint()) == 204, "a repeated call is answered alike"
    assert number_of(MailSuppression) == 0, "and does nothing"
    assert call(site, complaint(), event="evt_2") == 204
    assert number_of(MailSuppression) == 1


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"key": "another-key-of-forty-characters-01234567"}, 401),
        ({"age": 301}, 401),
        ({"age": -301}, 401),
        ({"signed": b"another body"}, 401),
        ({"event": ""}, 401),
        ({"event": "e" * 201}, 401),
        ({"headers": {"Webhook-Signature": ""}}, 401),
        ({"headers": {"Webhook-Signature": "v1,ä"}}, 401),
        ({"headers": {"Webhook-Timestamp": "now"}}, 401),
        ({"headers": {"Webhook-Timestamp": "9" * 400}}, 401),
        ({"content_type": "text/plain"}, 415),
        ({"headers": {"Origin": "https://evil.example"}}, 403),
    ],
)
def test_a_call_that_is_not_right_changes_nothing(site, change, status):
    assert call(site, complaint(), **change) == status
    assert number_of(MailSuppression) == 0


@pytest.mark.sqlite_only
def test_a_call_that_is_not_signed_is_told_how_to_sign(site):
    assert (
        answer(site, complaint(), signed=b"another body").headers["WWW-Authenticate"] == "Standard-Webhooks"
    )


@pytest.mark.sqlite_only
@pytest.mark.parametrize("age", [-299, 299])
def test_clocks_may_differ_by_five_minutes(site, age):
    assert call(site, complaint(), age=age) == 204
    assert number_of(MailSuppression) == 1


@pytest.mark.sqlite_only
def test_a_call_that_is_too_large_is_refused(site):
    assert call(site, b"x" * (256 * 1024 + 1)) == 413
    assert call(site, b"x" * (256 * 1024)) == 204


@pytest.mark.sqlite_only
def test_without_a_key_there_is_no_webhook(app):
    assert call(app, b"x") == 404
