"""The return path of a mail: nobody can make one, it says nothing, and it survives what mail servers do to it."""

import re

import pytest
from pydantic import SecretStr

from pledge.mail.bounces import return_path
from pledge.mail.bounces.return_path import SentMail
from tests.mail.bounces.reports import path_of

HASH = bytes(range(10))


def test_a_return_path_names_the_mail_and_its_mailbox_to_us_alone(site):
    path = return_path.address(123456, HASH)
    assert return_path.find(path.encode()) == SentMail(123456, HASH)
    assert re.fullmatch(r"bounce\+[a-z2-7]{52}@pledge\.example", path)
    assert len(path.partition("@")[0]) <= 64
    assert return_path.address(123457, HASH)[7:20] != path[7:20], "neighbours look nothing alike"


def test_letters_that_were_folded_on_the_way_are_understood(site):
    path = return_path.address(7, HASH)
    for folded in (path.upper(), path.title(), f"<{path}>", f"To: x\r\nX: {path},\r\n"):
        assert return_path.find(folded.encode()) == SentMail(7, HASH)


@pytest.mark.parametrize(
    "forge",
    [
        lambda path: path.replace("bounce+", "bounce+a"),
        lambda path: path[:20] + ("a" if path[20] != "a" else "b") + path[21:],
        lambda path: path.replace("pledge.example", "elsewhere.example"),
        lambda path: "bounce@pledge.example",
        lambda path: "bounce+" + "a" * 52 + "@pledge.example",
        lambda path: "bounce+" + "7" * 52 + "@pledge.example",
    ],
)
def test_a_return_path_that_we_have_not_made_is_nothing(site, forge):
    forged = forge(path_of())
    assert forged != path_of()
    assert return_path.find(forged.encode()) is None


def test_a_forged_one_does_not_hide_a_true_one(site):
    forged = "bounce+" + "a" * 52 + "@pledge.example"
    assert return_path.find(f"{forged} {path_of(5)}".encode()).id == 5


def test_a_key_that_was_replaced_still_opens_and_one_that_was_dropped_does_not(make_app):
    old, new = SecretStr("old" * 20), SecretStr("new" * 20)
    settings = {"bounce_address": "bounce@pledge.example"}
    with make_app(secret_keys=(old,), **settings).app_context():
        path = return_path.address(9, HASH).encode()
    with make_app(secret_keys=(new, old), **settings).app_context():
        assert return_path.find(path) == SentMail(9, HASH)
    with make_app(secret_keys=(new,), **settings).app_context():
        assert return_path.find(path) is None


def test_without_an_address_for_bounces_there_is_no_return_path(app):
    assert return_path.address(1, HASH) == ""
    assert return_path.find(b"bounce+x@pledge.example") is None
