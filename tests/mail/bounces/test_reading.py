"""Bounces and complaints in the forms that mail servers send, and forms that nobody should send."""

import time

import pytest

from pledge.mail.bounces import reading
from pledge.mail.bounces.reading import BounceReport
from pledge.mail.models import Returned
from tests.mail.bounces.reports import CORPUS, path_of, report

EXPECTED = {
    "postfix-unknown-user": (Returned.NO_MAILBOX, "5.1.1"),
    "postfix-no-such-domain": (Returned.REFUSED, "5.4.4"),
    "postfix-delayed": (Returned.DELAYED, "4.4.1"),
    "exchange-online-unknown-user": (Returned.NO_MAILBOX, "5.1.10"),
    "exchange-policy": (Returned.POLICY, "5.7.1"),
    "gmail-unknown-user": (Returned.NO_MAILBOX, "5.1.1"),
    "gmail-full": (Returned.FULL, "5.2.2"),
    "naver-unknown-user": (Returned.NO_MAILBOX, "5.1.1"),
    "kakao-policy": (Returned.POLICY, "5.7.1"),
    "qmail-unknown-user": (Returned.NO_MAILBOX, "5.1.1"),
    "exim-unknown-user": (Returned.NO_MAILBOX, "5.1.1"),
    "exim-words-only": (Returned.POLICY, "5.7.1"),
    "arf-abuse": (Returned.COMPLAINT, None),
    "arf-yahoo": (Returned.COMPLAINT, None),
    "arf-not-spam": None,
    "out-of-office": None,
    "delivered": None,
}


@pytest.mark.sqlite_only
@pytest.mark.parametrize("name", sorted(path.stem for path in CORPUS.glob("*.eml")))
def test_a_report_of_each_server_is_understood(site, name):
    result = reading.read(report(name, mail_id=42))
    expected = EXPECTED[name]
    if expected is None:
        assert result is None
    else:
        assert isinstance(result, BounceReport)
        assert (result.mail.id, result.returned, result.status) == (42, *expected)


@pytest.mark.sqlite_only
@pytest.mark.parametrize("name", ["postfix-unknown-user", "qmail-unknown-user", "arf-abuse"])
def test_a_forged_report_says_nothing(site, name):
    assert reading.read(report(name, path="bounce@pledge.example")) is None
    assert reading.read(report(name, path="bounce+" + "a" * 52 + "@pledge.example")) is None


def nested(depth):
    opening = "".join(
        f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth)
    )
    return opening + "Content-Type: text/plain\r\n\r\nx"


HOSTILE = {
    "nested five thousand times": nested(5000),
    "messages in messages": "Content-Type: message/rfc822\r\n\r\n" * 5000,
    "an unknown charset": "Content-Type: text/plain; charset=no-such-charset\r\n\r\n550 5.1.1",
    "a charset that is none": 'Content-Type: text/plain; charset="\udcff\x00"\r\n\r\n550 5.1.1',
    "broken base64": "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n=====",
    "no header": "\r\n\r\nx",
    "a report without parts": "Content-Type: multipart/report; report-type=delivery-status\r\n\r\nx",
    "a report whose boundary is empty": 'Content-Type: multipart/report; boundary=""\r\n\r\nx',
    "a status that is no status": (
        "Content-Type: message/delivery-status\r\n\r\nX: y\r\n\r\nAction: exploded\r\nStatus: 5.99999.1\r\n"
    ),
    "a status line of a megabyte": "Content-Type: message/delivery-status\r\n\r\nAction: failed\r\nStatus: "
    + "5." * 500_000,
    "header lines without end": "X: y\r\n" * 200_000,
    "encoded words without end": "Subject: " + "=?utf-8?b?w6k=?= " * 50_000 + "\r\n\r\n",
    "surrogates": "X-Failed-Recipients: \udc80\udcff\r\n\r\n",
}


@pytest.mark.sqlite_only
@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_message_ends_nothing(site, what):
    content = f"To: {path_of()}\r\n{HOSTILE[what]}".encode("utf-8", "surrogateescape")
    result = reading.read(content)
    assert result is None or result.returned is not Returned.COMPLAINT


STATUS = "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
MANY = {
    "multiparts in multiparts": nested(4000),
    "a multipart in each line": nested(40) + "\r\n" + "x\r\n" * 80_000,
    "six thousand recipients": STATUS + "Action: relayed\r\n\r\n" * 6000,
    "parts without end": 'Content-Type: multipart/digest; boundary="b"\r\n\r\n' + "--b\r\n\r\n\r\n" * 12_000,
}


@pytest.mark.sqlite_only
@pytest.mark.parametrize("what", MANY)
def test_a_message_with_more_parts_or_recipients_than_a_report_has_costs_nothing_much(site, what):
    content = f"To: {path_of()}\r\n{MANY[what]}".encode()
    began = time.process_time()
    assert reading.read(content) is None
    assert time.process_time() - began < 0.5


@pytest.mark.sqlite_only
def test_of_ten_megabytes_the_beginning_is_read(site):
    head = report("postfix-unknown-user")
    assert reading.read(head + b"x" * 10_000_000) == reading.read(head)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("550 5.1.1 unknown", "5.1.1"),
        ("550-5.1.1 unknown", "5.1.1"),
        ("(#5.1.1)", "5.1.1"),
        ("host 5.1.1.7 said no", None),
        ("Exim 14.94.2", None),
        ("2.1.5 fine", None),
        ("5.1.10", "5.1.10"),
        ("see 15.1.1", None),
        ("", None),
    ],
)
def test_a_status_code_is_no_address_and_no_version(text, status):
    assert reading.status_code(text) == status


@pytest.mark.parametrize(
    ("status", "permanent", "returned"),
    [
        ("5.1.1", True, "no_mailbox"),
        ("5.1.8", True, "refused"),
        ("5.1.0", True, "refused"),
        ("5.2.1", True, "refused"),
        ("5.4.4", True, "refused"),
        ("5.2.2", True, "full"),
        ("5.4.1", True, "refused"),
        ("5.7.1", True, "policy"),
        ("5.7.26", True, "policy"),
        ("5.0.0", True, "refused"),
        ("4.2.2", False, "delayed"),
        ("4.7.1", True, "delayed"),
        (None, True, "refused"),
        (None, False, "delayed"),
    ],
)
def test_a_code_has_a_meaning(status, permanent, returned):
    assert reading.status_meaning(status, permanent=permanent) == returned
