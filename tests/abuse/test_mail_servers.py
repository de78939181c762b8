"""Which mail domains have a scanner for a mail server, and whose it is: looked up once, beside the sending, and never in its way."""

import time

import dns.exception
import dns.resolver
import pytest
from sqlalchemy import literal, select

from pledge.abuse import mail_servers
from pledge.abuse.mail_servers import (
    MailHosts,
    is_institution,
    is_scanner,
    look_up_next,
    mail_hosts,
    note,
    server_owner,
)
from pledge.abuse.models import MailHost
from pledge.core.db import fetch, load
from tests.support.factories import answer_requests, sign_form, signature
from tests.support.mails import delivered
from tests.support.name_server import NameServer

HASH = b"h" * 32


@pytest.fixture
def names(monkeypatch):
    server = NameServer()
    monkeypatch.setattr(dns.resolver, "default_resolver", server.resolver())
    yield server
    server.close()


def stored():
    """Whether the mail of a domain is scanned, as signing asks."""
    hashes = {bytes(row.domain_hash) for row in load(select(MailHost))}
    return {hashed: bool(fetch(select(mail_servers.scans(literal(hashed)))).scalar()) for hashed in hashes}


def only(name):
    return MailHosts([(10, name)])


@pytest.mark.parametrize(
    "host",
    [
        "ministry-go-kr.mail.protection.outlook.com.",
        "MX1.COMPANY.IPHMX.COM.",
    ],
)
def test_the_mail_servers_of_known_scanners_are_recognised(host):
    assert is_scanner(MailHosts([(10, "mail.company.example"), (20, host)]))


@pytest.mark.parametrize(
    "host",
    [
        "mx1.naver.com",
        "gmail-smtp-in.l.google.com",
        "aspmx.l.google.com",
        "outlook-com.olc.protection.outlook.com",  # free mailboxes
        "mx.notmimecast.com",
        "mimecast.com.example.org",
        ".",
    ],
)
def test_other_mail_servers_are_not(host):
    assert not is_scanner(only(host))


def test_where_the_mail_of_a_host_goes_is_asked_for(names):
    names.records["ministry.example", "MX"] = ["20 b.example.", "10 a.mail.protection.outlook.com."]
    names.records["a.mail.protection.outlook.com", "A"] = ["192.0.2.7"]
    names.records["other.example", "A"] = ["192.0.2.1"]
    names.records["other.example", "AAAA"] = ["2001:db8::1"]
    names.records["silent.example", "MX"] = ["0 ."]
    assert mail_hosts("ministry.example") == MailHosts(
        [(10, "a.mail.protection.outlook.com."), (20, "b.example.")]
    )
    assert mail_hosts("other.example") == MailHosts(addresses=["192.0.2.1", "2001:db8::1"])
    assert mail_hosts("silent.example") == MailHosts([(0, ".")])
    assert mail_hosts("nowhere.example") == MailHosts(addresses=[])


def test_a_first_mail_server_that_has_no_address_gets_no_mail_and_is_nobodys(names):
    names.records["robot.example", "MX"] = ["0 dead.victim.co.kr.", "10 mx.robots.co.kr."]
    names.records["mx.robots.co.kr", "A"] = ["192.0.2.1"]
    assert server_owner("robot.example", mail_hosts("robot.example")) == "robots.co.kr"


@pytest.mark.parametrize(
    ("exchangers", "addresses", "owner"),
    [
        ([(10, "MX.Robots.co.kr.")], [], "robots.co.kr"),
        ([(90, "aspmx.l.google.com."), (10, "mx.robots.co.kr.")], [], "robots.co.kr"),
        ([(90, "mx.victim.co.kr."), (10, "mx.zz-robots.com.")], [], "zz-robots.com"),
        ([(10, "mx1.robots.co.kr."), (10, "mx2.robots.co.kr.")], [], "robots.co.kr"),
        # Each gets half of the mail, so a stranger may have been named.
        ([(10, "mx.robots.co.kr."), (10, "mx.victim.co.kr.")], [], None),
        ([(10, "aspmx.l.google.com."), (20, "mx.robots.co.kr.")], [], None),
        ([(10, "own.mail.protection.outlook.com.")], [], None),
        ([(10, "mail.company.kr.")], [], None),
        ([(0, ".")], [], None),
        ([], ["198.51.100.7", "198.51.100.9", "2001:db8:1:2::7"], "198.51.100.0/24"),
        ([], ["198.51.100.7", "203.0.113.9"], None),
        ([], ["2001:db8:1:2::7"], "2001:db8:1::/48"),
        ([], [], None),
    ],
)
def test_a_mail_server_is_of_the_owner_of_the_first_one_or_of_the_network_it_is_in(
    exchangers, addresses, owner
):
    assert server_owner("info.company.kr", MailHosts(exchangers, addresses)) == owner


@pytest.mark.parametrize(
    "host", ["snu.ac.kr", "cs.snu.ac.kr", "moe.go.kr", "seoul.hs.kr", "whitehouse.gov", "mit.edu", "ox.ac.uk"]
)
def test_names_that_a_registry_gives_to_institutions_are_known(host):
    assert is_institution(host)


@pytest.mark.parametrize(
    "host",
    ["company.co.kr", "group.or.kr", "lab.re.kr", "fake-ac.kr", "snu.ac.kr.example.com", "school.edu.pl"],
)
def test_names_that_anybody_may_buy_are_no_institutions(host):
    assert not is_institution(host)


def test_a_domain_is_looked_up_once_however_many_mails_go_there(app, names):
    names.records["ministry.example", "MX"] = ["10 a.mail.protection.outlook.com."]
    for _ in range(3):
        note(HASH, "ministry.example")
    assert look_up_next()
    assert not look_up_next()
    note(HASH, "ministry.example")
    assert look_up_next()
    assert names.asked == [("ministry.example", "MX")]
    assert stored() == {HASH: True}


def test_a_scanner_at_one_host_of_a_domain_is_known_whichever_host_was_looked_up_first(app):
    """Faculties of a university share its domain, and not its mail server."""
    for host, server in (("cs.univ.ac.kr", "mx.cs.univ.ac.kr"), ("univ.ac.kr", "mx.univ.iphmx.com")):
        note(HASH, host)
        assert look_up_next(lambda _host, server=server: only(server))
    note(HASH, "art.univ.ac.kr")
    assert look_up_next(lambda _host: only("mx.art.univ.ac.kr"))
    assert stored() == {HASH: True}


def test_another_process_need_not_look_it_up_again_for_a_month(app, frozen_clock):
    def resolve(domain):
        asked.append(domain)
        return only("mx.company.example")

    asked = []
    for days in (0, 29, 1):
        frozen_clock.move(days=days)
        mail_servers.waiting.clear()
        note(HASH, "company.example")
        assert look_up_next(resolve)
    assert asked == ["company.example"] * 2
    assert stored() == {HASH: False}


def test_without_an_answer_nobody_is_asked_and_the_next_mail_tries_again(app):
    def away(domain):
        raise dns.exception.Timeout

    note(HASH, "company.example")
    assert look_up_next(away)
    assert not look_up_next(away)
    assert stored() == {HASH: False}
    note(HASH, "company.example")
    assert look_up_next(lambda domain: only("mx.company.iphmx.com"))
    assert stored() == {HASH: True}


def test_an_institution_is_known_by_its_name_where_no_answer_comes(app):
    note(HASH, "cs.univ.ac.kr")
    assert look_up_next(mail_servers.no_answer)
    assert [row.is_institution for row in load(select(MailHost))] == [True]


def test_what_was_known_of_a_host_holds_while_no_answer_comes(app, frozen_clock):
    note(HASH, "company.example")
    look_up_next(lambda domain: only("mx.company.iphmx.com"))
    frozen_clock.move(days=31)
    note(HASH, "company.example")
    assert look_up_next(mail_servers.no_answer)
    assert stored() == {HASH: True}


def test_a_name_server_that_never_answers_is_not_asked_for_ever(monkeypatch):
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["192.0.2.1"]  # nobody is there (RFC 5737)
    monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
    monkeypatch.setattr(mail_servers, "DNS_SECONDS", 0.2)
    began = time.monotonic()
    with pytest.raises((dns.exception.DNSException, OSError)):
        mail_hosts("company.example")
    assert time.monotonic() - began < 30  # not the minutes of a resolver that goes on asking


def test_sending_a_mail_to_confirm_notes_its_domain_without_asking_for_it(client, monkeypatch):
    monkeypatch.setattr(mail_servers, "mail_hosts", lambda domain: pytest.fail("asked while sending"))
    signature()  # makes the campaign
    for email in ("kim@ministry.example.org", "kim@naver.com"):
        assert client.post("/en/c/blue-skies/sign", data=sign_form(email=email)).status_code == 303
    answer_requests()
    mail_servers.waiting.clear()  # a worker that was killed here has lost nothing
    assert len(delivered()) == 2
    looked_up = []

    def resolve(domain):
        looked_up.append(domain)
        return MailHosts()

    while look_up_next(resolve):
        pass
    assert looked_up == ["ministry.example.org"], "large providers are known"


def test_what_nobody_writes_to_any_more_is_deleted(app, frozen_clock):
    note(HASH, "company.example")
    look_up_next(lambda domain: MailHosts())
    frozen_clock.move(days=89)
    assert mail_servers.sweep() == 0
    frozen_clock.move(days=2)
    assert mail_servers.sweep() == 1
    assert stored() == {}
