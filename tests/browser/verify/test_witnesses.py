"""Cosignatures of witnesses, as the page from elsewhere reads them (C2SP tlog-cosignature, tlog-policy)."""

import time
from base64 import b64encode
from functools import partial
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import expect

from tests.browser.verify.test_anywhere import count
from tests.browser.verify.test_receipts import fork
from tests.support import packs
from tests.support.factories import SLUG

NOW = int(time.time())


class Witness:
    def __init__(self, name):
        self.name = name
        self.key = Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())
        self.data = b"\x04" + self.key.public_key().public_bytes_raw()
        self.id = sha256(f"{name}\n".encode() + self.data).digest()[:4]

    @property
    def line(self):
        return f"witness {self.name} {self.name}+{self.id.hex()}+{b64encode(self.data).decode()}"

    def cosigns(self, note, at=NOW):
        text = note.rpartition("\n\n")[0] + "\n"
        signature = self.key.sign(f"cosignature/v1\ntime {at}\n{text}".encode())
        data = b64encode(self.id + at.to_bytes(8, "big") + signature).decode()
        return f"\N{EM DASH} {self.name} {data}\n"


A, B, C = (Witness(name) for name in ("uni.example", "press.example", "embassy.example"))
POLICY = "\n".join(
    [
        "# ours",
        *(who.line for who in (A, B, C)),
        "group g 2 uni.example press.example embassy.example",
        "quorum g",
        "",
    ]
)


@pytest.fixture
def seen(anywhere, honest):
    """What the page says of a log of which the site serves this policy and this cosigned note."""

    def ask(note, policy=POLICY):
        for name, text in (("witnesses", policy), ("witnessed", note)):
            anywhere.context.route(f"**/log/{SLUG}/{name}", partial(answer, text))
        return count(anywhere, honest)

    return ask


def answer(text, route):
    cors = {"Access-Control-Allow-Origin": "*"}
    route.fulfill(status=404 if text is None else 200, body=text or "", headers=cors)


def test_two_of_three_who_have_seen_it_are_named(seen, log):
    verdict = seen(log.note() + A.cosigns(log.note(), NOW - 60) + C.cosigns(log.note()))
    expect(verdict).to_contain_text(
        f"uni.example and embassy.example saw and cosigned the first {len(log.lines)} lines"
    )
    expect(verdict).to_contain_text("Right")


def test_without_a_policy_or_a_state_nobody_has_seen_it(seen):
    expect(seen(None, policy=None)).to_contain_text("seen by nobody but the organiser")
    verdict = seen(None)
    expect(verdict).to_contain_text("seen by nobody but the organiser")
    expect(verdict).to_contain_text("names other witnesses than when this browser counted before")
    expect(verdict).to_contain_text("Not everything could be checked")


@pytest.mark.parametrize(
    "lines",
    [
        A.cosigns,
        lambda note: A.cosigns(note) + A.cosigns(note),
        lambda note: A.cosigns(note) + Witness("stranger.example").cosigns(note),
        lambda note: A.cosigns(note) + B.cosigns(note, NOW + 3600),
        lambda note: A.cosigns(note) + B.cosigns(packs.made_up("++").note()),
    ],
    ids=["one of two", "one twice", "a stranger", "in the future", "of another state"],
)
def test_a_state_that_too_few_have_seen_or_not_like_this_is_refused(seen, log, lines):
    expect(seen(log.note() + lines(log.note()))).to_contain_text("FAILED witness")


def test_a_state_that_is_no_beginning_of_todays_log_is_refused(seen, log):
    other = fork(log).note()
    expect(seen(other + A.cosigns(other) + B.cosigns(other))).to_contain_text("FAILED witness")


@pytest.mark.parametrize(
    "change", [("quorum g", "quorum h"), ("quorum g", ""), ("group g 2", "group uni.example 2")]
)
def test_a_policy_that_is_not_one_is_refused(seen, log, change):
    note = log.note() + A.cosigns(log.note()) + B.cosigns(log.note())
    expect(seen(note, POLICY.replace(*change))).to_contain_text("FAILED witness")
