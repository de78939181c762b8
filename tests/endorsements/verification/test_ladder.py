"""The third step of the ladder: found where only the owner can put it, and nowhere else asked."""

import ssl
import time

import dns.resolver
import pytest

from pledge.core.networks import is_public
from pledge.endorsements.verification import ladder
from pledge.endorsements.verification.ladder import check_site, site_proof
from tests.support.name_server import NameServer
from tests.support.websites import Website

pytestmark = pytest.mark.sqlite_only

HOST = "www.hanbit.co.kr"
SITE = f"https://{HOST}/about"
PROOF = "pledge-site-0123456789abcdef"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


@pytest.fixture
def names(monkeypatch):
    server = NameServer()
    monkeypatch.setattr(dns.resolver, "default_resolver", server.resolver())
    yield server
    server.close()


@pytest.fixture
def asking(make_app, names):
    """An application that looks at websites, its name server on this machine."""
    with make_app(site_checks=True).app_context():
        yield names


@pytest.fixture
def website(asking, monkeypatch, tmp_path):
    """The website of HOST, on this machine, which counts as public for once."""
    site = Website(tmp_path, HOST)
    asking.records[HOST, "A"] = ["127.0.0.1"]
    monkeypatch.setattr(ladder, "is_public", lambda address: True)
    monkeypatch.setattr(ladder, "PORT", site.port)
    monkeypatch.setattr(ladder, "_tls", lambda: ssl.create_default_context(cafile=site.certificate))
    yield site
    site.close()


def plain(text):
    return OK + f"Content-Length: {len(text)}\r\n\r\n{text}".encode()


# --- The proof ---


def test_every_organisation_has_its_own_proof_and_it_stays(app):
    assert site_proof(5) == site_proof(5) != site_proof(6)
    assert site_proof(5).startswith("pledge-site-")
    assert len(site_proof(5)) == 44


# --- DNS ---


def test_the_proof_is_found_in_the_dns_of_the_domain(asking):
    asking.records["_pledge.hanbit.co.kr", "TXT"] = ['"something else"', f'"{PROOF}"']
    assert check_site(SITE, PROOF)
    assert asking.asked == [("_pledge.hanbit.co.kr", "TXT")]


def test_a_long_record_comes_in_pieces(asking):
    asking.records["_pledge.hanbit.co.kr", "TXT"] = [f'"{PROOF[:10]}" "{PROOF[10:]}"']
    assert check_site(SITE, PROOF)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("_pledge.hanbit.co.kr", "pledge-site-of-another"),
        ("_pledge.hanbit.co.kr", PROOF + "0"),
        ("_pledge.hanbit.co.kr", PROOF[:-1]),
        ("hanbit.co.kr", PROOF),
        ("_pledge.co.kr", PROOF),
        ("_pledge.other.co.kr", PROOF),
    ],
)
def test_another_record_proves_nothing(asking, name, text):
    asking.records[name, "TXT"] = [f'"{text}"']
    assert not check_site(SITE, PROOF)


# --- The file ---


@pytest.mark.parametrize(
    "answer",
    [
        plain(PROOF),
        plain(f"{PROOF}\r\n"),
        plain(f"# our pledge\n{PROOF}\n"),
        OK + b"Transfer-Encoding: chunked\r\n\r\n2c\r\n" + PROOF.ljust(44).encode() + b"\r\n0\r\n\r\n",
        OK + b"\r\n" + PROOF.encode(),
    ],
    ids=["alone", "line end", "among others", "chunked", "until closed"],
)
def test_the_proof_is_found_in_the_file_on_the_website(website, answer):
    website.answer_with(answer)
    assert check_site(SITE, PROOF)
    (request,) = website.requests
    assert request.startswith(b"GET /.well-known/pledge.txt HTTP/1.1\r\nHost: www.hanbit.co.kr\r\n")


@pytest.mark.parametrize(
    "answer",
    [
        plain("pledge-site-of-another"),
        plain(f"see {PROOF}"),
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 28\r\n\r\n" + PROOF.encode(),
        b"HTTP/1.1 302 Found\r\nLocation: https://www.hanbit.co.kr/elsewhere\r\nContent-Length: 28\r\n\r\n" + PROOF.encode(),
        plain("x\n" * 2000 + PROOF),
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000,
    ],
    ids=["another", "inside a line", "not found", "redirect", "far down", "nothing", "no web server", "bad length", "bad chunk", "headers without end"],
)  # fmt: skip
def test_anything_else_proves_nothing_and_breaks_nothing(website, answer):
    website.answer_with(answer)
    assert not check_site(SITE, PROOF)
    assert len(website.requests) == 1


def test_a_server_that_never_closes_is_heard_all_the_same(website, monkeypatch):
    monkeypatch.setattr(ladder, "_SECONDS", 2.0)

    def hold(connection):
        connection.sendall(plain(PROOF))
        connection.recv(1)

    website.answer = hold
    assert check_site(SITE, PROOF)


def test_a_server_that_drips_is_left_in_time(website, monkeypatch):
    monkeypatch.setattr(ladder, "_SECONDS", 1.0)

    def drip(connection):
        for byte in plain("x" * 1000):
            connection.sendall(bytes([byte]))
            time.sleep(0.1)

    website.answer = drip
    began = time.perf_counter()
    assert not check_site(SITE, PROOF)
    assert time.perf_counter() - began < 30  # of a hundred


def test_a_certificate_of_somebody_else_proves_nothing(website, asking):
    asking.records["www.other.co.kr", "A"] = ["127.0.0.1"]
    website.answer_with(plain(PROOF))
    assert not check_site("https://www.other.co.kr", PROOF)
    assert website.requests == []


def test_a_certificate_that_nobody_vouches_for_proves_nothing(website, monkeypatch):
    monkeypatch.setattr(ladder, "_tls", ssl.create_default_context)
    website.answer_with(plain(PROOF))
    assert not check_site(SITE, PROOF)


# --- Who is never asked ---


def test_the_address_that_was_checked_is_the_one_that_is_asked(website, asking):
    """A second look-up could answer with another address (DNS rebinding); there is none."""
    website.answer_with(plain(PROOF))
    check_site(SITE, PROOF)
    assert asking.asked.count((HOST, "A")) == 1


def test_a_name_that_leads_into_a_network_is_not_asked(website, asking, monkeypatch):
    monkeypatch.setattr(ladder, "is_public", is_public)
    asking.records[HOST, "AAAA"] = ["::1", "::ffff:127.0.0.1"]
    website.answer_with(plain(PROOF))
    assert not check_site(SITE, PROOF)
    assert website.requests == []


@pytest.mark.parametrize(
    "address",
    ("0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.8.8.8 169.254.169.254 172.16.0.1 192.0.0.8 192.0.2.1 192.168.1.1 198.18.0.1 "
     "224.0.0.1 240.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 "
     "100::1 2001::1 2001:db8::1 2002:7f00:1:: fc00::1 fd12:3456::1 fe80::1 fec0::1 ff02::1").split(),
)  # fmt: skip
def test_an_address_inside_a_network_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "211.249.220.24", "2001:4860:4860::8888", "::ffff:8.8.8.8"])
def test_an_address_on_the_open_internet_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "site", ["", "http://127.0.0.1", "http://localhost", "ftp://hanbit.co.kr", "https://a:b@c.kr"]
)
def test_what_is_no_public_website_is_not_looked_up(asking, site):
    assert not check_site(site, PROOF)
    assert asking.asked == []


def test_a_name_server_that_is_silent_costs_seconds_only(asking, monkeypatch):
    silent = dns.resolver.Resolver(configure=False)
    silent.nameservers = ["192.0.2.1"]
    monkeypatch.setattr(dns.resolver, "default_resolver", silent)
    monkeypatch.setattr(ladder, "_DNS_SECONDS", 0.2)
    assert not check_site(SITE, PROOF)


def test_nothing_is_asked_unless_the_operator_wants_it(app, names):
    names.records["_pledge.hanbit.co.kr", "TXT"] = [f'"{PROOF}"']
    assert not check_site(SITE, PROOF)
    assert names.asked == []
