"""Passwords of staff: how they are kept, and which are refused."""

import threading
from types import SimpleNamespace

import pytest
from argon2 import extract_parameters

from config import Config
from pledge.accounts import passwords
from pledge.accounts.passwords import BadPassword, PasswordFault
from pledge.core.concurrency import Busy

SITE = Config(
    site_name=(("", "Blue Skies Pledge"), ("ko", "푸른 하늘 서약")), base_url="https://sign.cleanair.example"
)


def test_a_password_is_kept_as_argon2id_with_the_documented_cost():
    kept = passwords.hashed("three green herons waited")
    assert kept.startswith("$argon2id$")
    made = extract_parameters(kept)
    assert (made.time_cost, made.memory_cost, made.parallelism) == (3, 64 * 1024, 1)
    assert passwords.matches("three green herons waited", kept)
    assert not passwords.matches("three green herons waited ", kept)


@pytest.mark.parametrize("kept", [None, "", "$argon2id$unknown", "plain"])
def test_nothing_matches_a_hash_that_is_none(kept):
    assert not passwords.matches("a password that nobody has", kept)


def test_hangul_matches_however_the_keyboard_composed_it():
    assert passwords.matches("푸른 하늘 아래서 걷는다", passwords.hashed("푸른 하늘 아래서 걷는다"))


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("short", PasswordFault.SHORT),
        ("elevenchars", PasswordFault.SHORT),
        ("x" * 6 + "y" * 123, PasswordFault.LONG),
        ("password1234", PasswordFault.COMMON),
        ("Password2026!!", PasswordFault.COMMON),
        ("1234567890123", PasswordFault.COMMON),
        ("qwertyuiopas", PasswordFault.COMMON),
        ("abababababab", PasswordFault.COMMON),
        ("sunshinesunshine", PasswordFault.COMMON),
        ("!!!letmein!!!2026", PasswordFault.COMMON),
        ("iloveyouforever", PasswordFault.COMMON),
        ("IloveYOUforever", PasswordFault.COMMON),
        ("correcthorsebatterystaple", PasswordFault.COMMON),
        ("dkssudgktpdy", PasswordFault.COMMON),  # "annyeonghaseyo", typed on a Korean keyboard
        ("BlueSkies2026!!", PasswordFault.COMMON),
        ("Pledge! Pledge! 1", PasswordFault.COMMON),
        ("푸른 하늘 서약 2050", PasswordFault.COMMON),
        ("sign.cleanair.example", PasswordFault.COMMON),
        ("staffadmin1234xyz", PasswordFault.COMMON),
        ("gildong.hong@example.org", PasswordFault.OWN_ADDRESS),
        ("Gildong.Hong2026", PasswordFault.OWN_ADDRESS),
    ],
)
def test_what_a_stranger_tries_first_is_refused(password, fault):
    with pytest.raises(BadPassword) as refused:
        passwords.check(password, "gildong.hong@example.org", SITE)
    assert refused.value.fault is fault


@pytest.mark.parametrize(
    "password",
    [
        "three green herons",
        "푸른 하늘 아래서 걷는다",
        "aaaaaaaaaaab0cd",
        "correct horse battery",
        "a pledge of four herons",
        "482957103846",
        "x9!kQ2#vB7&m",
        "x" * 60 + "abcdefg" * 9,
    ],
)
def test_length_is_all_that_is_asked_for(password):
    passwords.check(password, "gildong.hong@example.org", SITE)


def test_only_one_password_is_checked_at_a_time_and_a_seventh_is_refused_at_once(monkeypatch):
    """Each costs a tenth of a second of a core and 64 MiB: two dozen senders of wrong ones took the site down."""
    kept = passwords.hashed("three green herons waited")
    go_on, refused, checking, most = threading.Event(), threading.Event(), [], []

    def verify(*_):
        checking.append(kept)
        most.append(len(checking))
        go_on.wait(60)
        checking.pop()

    def check():
        try:
            passwords.matches("wrong", kept)
        except Busy:
            refused.set()

    monkeypatch.setattr(passwords, "_HASHER", SimpleNamespace(verify=verify))
    threads = [threading.Thread(target=check) for _ in range(7)]
    for thread in threads:
        thread.start()
    try:
        assert refused.wait(30), "while the six others are not done"
    finally:
        go_on.set()
        for thread in threads:
            thread.join()
    assert most == [1] * 6
    monkeypatch.undo()
    assert passwords.matches("three green herons waited", kept)
