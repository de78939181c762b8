"""TLS and login against a real server with a certificate of its own."""

import ssl
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pledge.core import clock
from pledge.mail.transports import ServerUnavailable, SmtpTransport
from tests.mail.sending import MAIL, fault
from tests.support.smtp import SmtpServer, _Handler
from tests.support.waiting import PATIENCE


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate for localhost, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(clock.now() - timedelta(days=1))
        .not_valid_after(clock.now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def server(certificate):
    """An SMTP server that wants STARTTLS and the login `me`, `p@ss`."""
    server = SmtpServer()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

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
    return SmtpTransport(url, "no-reply@example.org", "localhost", timeout=PATIENCE)


def test_a_trusted_server_gets_the_mail_after_tls_and_login(server, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    transport = transport_to(server)
    transport.send("hong@example.org", MAIL)
    transport.close()

    assert server.recipients() == ["hong@example.org"]


def test_a_certificate_that_nobody_vouches_for_is_refused(server):
    assert fault(transport_to(server)) == (ServerUnavailable, "tls")
    assert server.received == []


def test_a_wrong_password_is_our_fault_and_no_letter_dies_of_it(server, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    assert fault(transport_to(server, "me:wrong")) == (ServerUnavailable, "5xx 535")


def test_without_tls_a_server_that_wants_it_is_our_fault(server):
    transport = SmtpTransport(
        f"smtp://127.0.0.1:{server.port}", "no-reply@example.org", "localhost", timeout=PATIENCE
    )

    assert fault(transport)[0] is ServerUnavailable
