"""SMTP against a real server, with and without TLS."""

import socket
import ssl

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from pledge.mail.transports import (
    BadSmtpUrl,
    Server,
    ServerUnavailable,
    SmtpTransport,
    TemporaryFailure,
)
from tests.support.nginx import make_certificate
from tests.support.run import free_port
from tests.support.smtp import SmtpServer, _Handler
from tests.support.waiting import TEST_TIMEOUT

MAIL = b"Subject: x\r\n\r\nfirst\r\n.\r\n..second\r\nlast\r\n"


def fault(transport, to="hong@example.org"):
    """The kind and the code of the failure to send it."""
    with pytest.raises(TemporaryFailure) as caught:
        transport.send(to, MAIL)
    return type(caught.value), caught.value.code


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://127.0.0.1:2525", ("127.0.0.1", 2525, "smtp", None, "")),
        ("smtp://mail.example.org", ("mail.example.org", 25, "smtp", None, "")),
        ("smtps://me:p%40ss@mail.example.org", ("mail.example.org", 465, "smtps", "me", "p@ss")),
        ("smtp+starttls://me:x@mail.example.org", ("mail.example.org", 587, "smtp+starttls", "me", "x")),
        ("smtp://me:x@mail.example.org:25?starttls=1", ("mail.example.org", 25, "smtp+starttls", "me", "x")),
        ("smtp://me:x@localhost", ("localhost", 25, "smtp", "me", "x")),
    ],
)
def test_an_address_of_a_server_is_understood(url, expected):
    server = Server.parse(url)
    assert (server.host, server.port, server.scheme, server.user, server.password) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.org",
        "http://me:secret@x",
        "smtp://",
        "smtp://me:secret@x:99999",
        "smtp://me:secret@mail.example.org",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_quoting_it(url):
    with pytest.raises(BadSmtpUrl) as refusal:
        Server.parse(url)

    assert "secret" not in str(refusal.value)


def test_a_refused_sender_is_our_fault_and_never_the_recipients(smtp, transport):
    smtp.behave(at_sender="555 5.5.4 sender not wanted")

    assert fault(transport) == (ServerUnavailable, "5xx 555")


@pytest.mark.parametrize(
    ("plain", "wanted", "code"),
    [
        ("smtp:", "smtp+starttls:", "unsupported"),
        ("smtp:", "smtps:", "tls"),
        ("//", "//me:secret@", "unsupported"),
    ],
)
def test_a_server_that_has_no_tls_or_login_as_asked_for_gets_no_mail(smtp, plain, wanted, code):
    url = smtp.url.replace(plain, wanted)
    transport = SmtpTransport(url, "a@example.org", "localhost", timeout=TEST_TIMEOUT)
    assert fault(transport) == (ServerUnavailable, code)
    assert smtp.received == []


def test_a_server_that_ends_an_open_connection_gets_the_mail_over_a_new_one(smtp, transport):
    transport.send("first@example.org", MAIL)
    smtp.behave(at_recipient="421 4.3.2 closing", times=1)
    transport.send("second@example.org", MAIL)

    assert smtp.recipients() == ["first@example.org", "second@example.org"]
    assert smtp.connections == 2


def test_a_kept_connection_that_ends_in_place_of_the_reply_makes_one_copy_at_once(smtp, transport):
    transport.send("first@example.org", MAIL)
    smtp.behave(drop_after_data=True, times=1)
    transport.send("second@example.org", MAIL)

    assert smtp.recipients() == ["first@example.org", "second@example.org", "second@example.org"]


def test_a_server_that_ends_every_connection_takes_no_mail_now(smtp, transport):
    smtp.behave(at_recipient="421 4.3.2 closing")

    assert fault(transport) == (ServerUnavailable, "dropped")


def test_nobody_listening_is_told_from_a_server_that_says_nothing():
    unused = SmtpTransport(
        f"smtp://127.0.0.1:{free_port()}", "a@example.org", "localhost", timeout=TEST_TIMEOUT
    )
    assert fault(unused) == (ServerUnavailable, "unreachable")

    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        transport = SmtpTransport(f"smtp://127.0.0.1:{port}", "a@example.org", "localhost", timeout=0.3)
        assert fault(transport) == (ServerUnavailable, "timeout")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"), "localhost")


@pytest.fixture
def server(certificate):
    """An SMTP server that wants STARTTLS and the login `me`, `p@ss`."""
    server = SmtpServer()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)

    def check(_server, _session, _envelope, _mechanism, login):
        return AuthResult(success=(login.login, login.password) == (b"me", b"p@ss"), handled=False)

    controller = Controller(
        _Handler(server),
        hostname="127.0.0.1",
        port=server.port,
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=check,
    )
    controller.start()
    yield server
    controller.stop()


def transport_to(server, login="me:p%40ss"):
    url = f"smtp+starttls://{login}@localhost:{server.port}"
    return SmtpTransport(url, "no-reply@example.org", "localhost", timeout=TEST_TIMEOUT)


def test_a_trusted_server_gets_the_mail_after_tls_and_login(server, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    transport = transport_to(server)
    transport.send("hong@example.org", MAIL)
    transport.close()

    assert server.recipients() == ["hong@example.org"]


def test_a_certificate_that_nobody_vouches_for_is_refused(server):
    assert fault(transport_to(server)) == (ServerUnavailable, "tls")
    assert server.received == []


def test_a_wrong_password_is_our_fault_and_no_letter_dies_of_it(server, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))

    assert fault(transport_to(server, "me:wrong")) == (ServerUnavailable, "5xx 535")


def test_without_tls_a_server_that_wants_it_is_our_fault(server):
    transport = SmtpTransport(
        f"smtp://127.0.0.1:{server.port}", "no-reply@example.org", "localhost", timeout=TEST_TIMEOUT
    )

    assert fault(transport)[0] is ServerUnavailable
