"""Which mail domains have a scanner for a mail server: looked up once, beside the sending, and never in its way."""

import time

import dns.exception
import dns.resolver
import pytest
from sqlalchemy import select

from pledge.abuse import mail_servers
from pledge.abuse.mail_servers import is_scanner, look_up_next, mail_exchangers, note
from pledge.abuse.models import MailServer
from pledge.core.db import load
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
    return {bytes(row.domain_hash): row.scans for row in load(select(MailServer))}


@pytest.mark.parametrize(
    "host",
    [
        "ministry-go-kr.mail.protection.outlook.com.",
        "MX1.COMPANY.IPHMX.COM.",
    ],
)
def test_the_mail_servers_of_known_scanners_are_recognised(host):
    assert is_scanner(["mail.company.example", host])


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
    assert not is_scanner([host])


def test_the_mail_exchangers_of_a_domain_are_asked_for(names):
    names.records["ministry.example", "MX"] = ["10 a.mail.protection.outlook.com.", "20 b.example."]
    names.records["other.example", "A"] = ["192.0.2.1"]
    assert sorted(mail_exchangers("ministry.example")) == ["a.mail.protection.outlook.com.", "b.example."]
    assert mail_exchangers("other.example") == []
    assert mail_exchangers("nowhere.example") == []


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


def test_another_process_need_not_look_it_up_again_for_a_month(app, frozen_clock):
    def resolve(domain):
        asked.append(domain)
        return ["mx.company.example"]

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
    assert stored() == {}
    note(HASH, "company.example")
    assert look_up_next(lambda domain: ["mx.company.iphmx.com"])
    assert stored() == {HASH: True}


def test_a_name_server_that_never_answers_is_not_asked_for_ever(monkeypatch):
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["192.0.2.1"]  # nobody is there (RFC 5737)
    monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
    monkeypatch.setattr(mail_servers, "DNS_SECONDS", 0.2)
    began = time.monotonic()
    with pytest.raises((dns.exception.DNSException, OSError)):
        mail_exchangers("company.example")
    assert time.monotonic() - began < 30  # not the minutes of a resolver that goes on asking


def test_sending_a_mail_to_confirm_notes_its_domain_without_asking_for_it(client, monkeypatch):
    monkeypatch.setattr(mail_servers, "mail_exchangers", lambda domain: pytest.fail("asked while sending"))
    signature()  # makes the campaign
    for email in ("kim@ministry.example.org", "kim@naver.com"):
        assert client.post("/en/c/blue-skies/sign", data=sign_form(email=email)).status_code == 303
    answer_requests()
    mail_servers.waiting.clear()  # a worker that was killed here has lost nothing
    assert len(delivered()) == 2
    looked_up = []

    def resolve(domain):
        looked_up.append(domain)
        return []

    while look_up_next(resolve):
        pass
    assert looked_up == ["ministry.example.org"], "large providers are known"


def test_what_nobody_writes_to_any_more_is_deleted(app, frozen_clock):
    note(HASH, "company.example")
    look_up_next(lambda domain: [])
    frozen_clock.move(days=89)
    assert mail_servers.sweep() == 0
    frozen_clock.move(days=2)
    assert mail_servers.sweep() == 1
    assert stored() == {}
