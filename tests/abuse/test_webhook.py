"""The webhook for alerts: signed, tried again until it is taken, and never to an address inside a network."""

import hashlib
import hmac
import json
import re
import socket
import ssl

import pytest
from sqlalchemy import select

from pledge.abuse import webhook
from pledge.abuse.models import Alert, AlertKind, CallState
from pledge.accounts import staff_alerts
from pledge.core.db import load, transaction
from tests.support.at_once import at_once
from tests.support.websites import Website

HOST = "hooks.example.com"
KEY = "0123456789abcdefghijklmnopqrstuvwxyz"
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


def looked_up(monkeypatch, *addresses):
    """Let every name lead to these addresses."""
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)


@pytest.fixture
def receiver(tmp_path):
    site = Website(tmp_path, HOST)
    site.answer_with(OK)
    yield site
    site.close()


@pytest.fixture
def hooked(make_app, receiver, frozen_clock, monkeypatch):
    """A site whose webhook is the receiver, on this machine, as if that were a public address."""
    monkeypatch.setattr(webhook, "public_address", lambda host, port: "127.0.0.1")
    monkeypatch.setattr(webhook, "_tls", lambda: ssl.create_default_context(cafile=receiver.certificate))
    app = make_app(alert_webhook=f"https://{HOST}:{receiver.port}/in?team=7", alert_webhook_key=KEY)
    with app.app_context():
        yield app


def record_alert():
    with transaction() as session:
        assert staff_alerts.alert(session, AlertKind.SIGN_UPS_HELD, sign_ups=1234)


def row():
    return load(select(Alert).order_by(Alert.id.desc()))[0]


def test_an_alert_is_sent_once_and_signed(hooked, receiver, frozen_clock):
    record_alert()
    assert webhook.advance()
    assert not webhook.advance()
    (request,) = receiver.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /in?team=7 HTTP/1.1")
    assert f"host: {HOST}:{receiver.port}".encode() in head.lower()
    at, given = re.search(rb"Pledge-Signature: t=(\d+),v1=([0-9a-f]{64})", head).groups()
    assert int(at) == int(frozen_clock.now().timestamp())
    assert given.decode() == hmac.new(KEY.encode(), at + b"." + body, hashlib.sha256).hexdigest()
    content = json.loads(body)
    assert (content["kind"], content["facts"]) == ("sign_ups_held", {"sign_ups": 1234})
    assert "1,234" in content["details"]
    assert row().call_state == CallState.SENT


@pytest.mark.parametrize(
    "status", ["301 Moved\r\nLocation: https://elsewhere.example.org/", "400 No", "500 Oops"]
)
def test_what_is_not_taken_is_tried_again_later_and_later_for_a_day(hooked, receiver, frozen_clock, status):
    receiver.answer_with(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
    record_alert()
    assert webhook.advance()
    assert len(receiver.requests) == 1, "a redirect is not followed"
    assert row().call_state == CallState.QUEUED
    assert row().call_error == f"HTTP {status[:3]}"
    assert not webhook.advance()
    for seconds in (30, 60, 120):
        frozen_clock.move(seconds=seconds - 1)
        assert not webhook.advance()
        frozen_clock.move(seconds=1)
        assert webhook.advance()
    frozen_clock.move(days=1)
    assert webhook.advance()
    assert row().call_state == CallState.DEAD
    frozen_clock.move(days=1)
    assert not webhook.advance()
    receiver.answer_with(OK)
    record_alert()
    assert webhook.advance()
    assert row().call_state == CallState.SENT, "the next alert is sent all the same"


def test_a_receiver_that_hangs_up_or_has_the_certificate_of_somebody_else_gets_it_later(
    hooked, receiver, monkeypatch
):
    receiver.answer_with(b"")
    record_alert()
    assert webhook.advance()
    assert (row().call_state, row().call_error) == (CallState.QUEUED, "ProtocolError")
    monkeypatch.setattr(webhook, "_tls", ssl.create_default_context)
    with pytest.raises(webhook.CallFailed, match="SSLError"):
        webhook.post(hooked.extensions["pledge.config"], b"{}")


def test_two_workers_do_not_send_it_twice(hooked, receiver):
    record_alert()
    at_once(hooked, *[webhook.advance] * 2)
    assert len(receiver.requests) == 1


@pytest.mark.sqlite_only
@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:10.0.0.1", "fe80::1%eth0"])
def test_a_name_that_leads_into_a_network_is_not_called(monkeypatch, address):
    looked_up(monkeypatch, address)
    with pytest.raises(webhook.CallFailed, match="not a public address"):
        webhook.public_address(HOST, 443)
    looked_up(monkeypatch, "93.184.215.14", address)
    with pytest.raises(webhook.CallFailed, match="not a public address"):
        webhook.public_address(HOST, 443)


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "localhost"])
def test_another_way_to_write_an_address_inside_a_network_does_not_help(host):
    with pytest.raises(webhook.CallFailed):
        webhook.public_address(host, 443)


def test_the_address_that_was_checked_is_the_one_that_is_called(monkeypatch):
    looked_up(monkeypatch, "93.184.215.14", "2606:2800:21f:cb07::1")
    assert webhook.public_address(HOST, 443) == "93.184.215.14"
