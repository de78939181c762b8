"""Addresses: mailed as typed, one person however spelled."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledge.mail import providers
from pledge.mail.addresses import BadAddress, parse
from pledge.mail.providers import PROVIDERS, counted_domain, exact, owned_domain, without_tag

LOCAL = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=20)
TAG = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=0, max_size=10)


@pytest.mark.parametrize(
    ("typed", "mailed"),
    [
        ("hong@naver.com", "hong@naver.com"),
        ("Hong.Gildong+sky@Gmail.com", "Hong.Gildong+sky@gmail.com"),
        ("  hong@daum.net ", "hong@daum.net"),
        ("hong@한국.kr", "hong@xn--3e0b707e.kr"),
        ("ａ".replace("ａ", "a") + "@ｎａｖｅｒ.com", "a@naver.com"),
        ("o'brien@example.ie", "o'brien@example.ie"),
    ],
)
def test_mail_goes_to_the_address_as_typed_with_its_domain_in_ascii(typed, mailed):
    assert parse(typed).mailed == mailed


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "",
            "hong",
            "@naver.com",
            "hong@",
            "a..b@naver.com",
            ".a@naver.com",
            "a b@naver.com",
            "a@localhost",
        ),
        *("a@b@c.kr", "a@naver.com\r\nBcc: x@y.kr", "a\n@naver.com", '"quoted"@naver.com', "a@[127.0.0.1]"),
        *("x" * 65 + "@naver.com", "a@" + "b" * 64 + ".kr", "a@" + "b." * 130 + "kr"),
        *("a\x00@naver.com", "\ud800@naver.com"),
    ],
)
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(BadAddress):
        parse(typed)


def test_a_local_part_outside_ascii_is_refused_with_its_own_reason():
    with pytest.raises(BadAddress) as refused:
        parse("홍길동@naver.com")
    assert refused.value.internationalized


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ("hong.gildong@gmail.com", "HongGildong+news@googlemail.com"),
        ("hong@hanmail.net", "HONG@daum.net"),
        ("hong+a@outlook.com", "hong+b@outlook.com"),
        ("Hong@example.org", "hong@EXAMPLE.org"),
        ("hong@한국.kr", "hong@xn--3e0b707e.kr"),
        ("hong@icloud.com", "Hong+x@me.com"),
        ("hong@proton.me", "hong+news@protonmail.com"),
    ],
)
def test_spellings_of_one_mailbox_are_one_person(first, other):
    assert parse(first).canonical == parse(other).canonical


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ("hong.gildong@naver.com", "honggildong@naver.com"),
        ("hong+a@naver.com", "hong+b@naver.com"),
        ("ho.ng@outlook.com", "hong@outlook.com"),
        ("hong@hotmail.com", "hong@outlook.com"),
        ("hong@hotmail.com", "hong@hotmail.co.kr"),
        ("ho.ng@icloud.com", "hong@icloud.com"),
        ("hong@zoho.com", "hong@zohomail.com"),
        ("hong+a@corp.example.com", "hong@corp.example.com"),
        ("hong@example.org", "hong@example.com"),
    ],
)
def test_mailboxes_that_a_provider_keeps_apart_are_two_people(first, other):
    assert parse(first).canonical != parse(other).canonical


@given(LOCAL, TAG, st.sampled_from(sorted(PROVIDERS)), st.data())
def test_one_name_is_one_person_under_all_domains_of_one_mailbox(local, tag, domain, data):
    provider = PROVIDERS[domain]
    twins = sorted(name for name, candidate in PROVIDERS.items() if candidate == provider)
    other = data.draw(st.sampled_from(twins))
    spelled = f"{local.upper()}+{tag}@{other}" if provider.ignores_plus else f"{local.upper()}@{other}"
    assert parse(spelled).canonical == parse(f"{local}@{domain}").canonical


@given(LOCAL, TAG, TAG, st.sampled_from([*sorted(PROVIDERS), "corp.example.com", "naver.com"]))
def test_a_tag_is_ignored_or_shares_its_slots_with_all_others(local, first, second, domain):
    plain = exact(f"{local}@{domain}")
    for tagged in (
        f"{local}+{first}@{domain}",
        f"{local}+{second}@{domain}",
        f"{local}+{first}+{second}@{domain}",
    ):
        assert plain in (without_tag(tagged), exact(tagged))
    assert without_tag(plain) is None


def test_every_provider_is_named_by_a_domain_that_can_be_mailed_to():
    for domain in PROVIDERS:
        assert parse(f"a@{domain}").mailed == f"a@{domain}"
    assert {provider.domain for provider in PROVIDERS.values()} <= set(PROVIDERS)


def test_no_domain_stands_twice_in_the_table_of_providers():
    table = tomllib.loads(Path(providers.__file__).with_name("providers.toml").read_text("utf-8"))
    domains = [domain for row in table["provider"] for domain in row["domains"].split()]
    assert sorted(domains) == sorted(PROVIDERS)


def test_a_provider_that_gives_one_person_any_number_of_addresses_is_limited_as_one_domain():
    hosts = (
        "naver.com",
        "outlook.fr",
        "i.softbank.jp",
        "mail.robots.co.kr",
        "duck.com",
        "paran.com",
        "x.eu.org",
    )
    domains = [None, None, None, "robots.co.kr", "duck.com", "paran.com", "eu.org"]
    assert [owned_domain(host) for host in hosts] == domains


def test_names_below_a_provider_s_domain_are_counted_together_and_apart_from_it():
    """Fastmail delivers all of *@name.fastmail.com to one mailbox."""
    assert owned_domain("one.fastmail.com") == owned_domain("two.fastmail.com") == "*.fastmail.com"
    assert counted_domain("fastmail.com") == "fastmail.com"


@given(LOCAL, LOCAL, st.sampled_from(sorted(PROVIDERS)))
def test_different_names_at_one_provider_stay_different_people(first, other, domain):
    assert (parse(f"{first}@{domain}").canonical == parse(f"{other}@{domain}").canonical) == (first == other)


@given(st.text(max_size=80))
def test_whatever_is_typed_gives_an_address_or_one_clear_refusal(text):
    try:
        address = parse(text)
    except BadAddress:
        return
    assert address.mailed.isascii()
    assert not any(character in address.mailed for character in "\r\n\0 ")
