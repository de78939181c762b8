"""Whose mailbox is whose website, and which addresses of websites are taken."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledge.core.domains import SHARED_HOSTS, registrable
from pledge.endorsements.verification.domains import (
    BadWebsite,
    belongs_to,
    clean_website,
    host_of,
    is_free_mail,
)
from pledge.mail.providers import PROVIDERS

#: Endings that many owners share: those of our table, and some of the Public Suffix List.
ENDINGS = [
    *sorted(SHARED_HOSTS),
    *"co.kr or.kr go.kr seoul.kr gyeonggi.kr co.uk gov.uk com.br ac.jp uk.com github.io pages.dev myshopify.com".split(),
]
LABEL = st.from_regex(r"[a-z][a-z0-9]{2,12}", fullmatch=True)


@pytest.mark.parametrize(
    ("host", "owner"),
    [
        ("mail.posco.co.kr", "posco.co.kr"),
        ("co.kr", None),
        ("env.seoul.go.kr", "seoul.go.kr"),
        ("www.jongno.seoul.kr", "jongno.seoul.kr"),
        ("people.github.io", "people.github.io"),
        ("github.io", None),
        ("hanbit.tistory.com", "hanbit.tistory.com"),
        ("www.한국.한국".encode("idna").decode(), "한국.한국".encode("idna").decode()),
        ("localhost", None),
        ("company.unknown-ending", None),
    ],
)
def test_the_part_that_one_owner_registered(host, owner):
    assert registrable(host) == owner


@pytest.mark.parametrize(
    ("mail", "website"),
    [
        ("posco.co.kr", "https://www.posco.co.kr/ko/"),
        ("mail.posco.co.kr", "http://www.posco.co.kr"),
        ("posco.co.kr", "www.posco.co.kr"),
        ("POSCO.CO.KR", "https://Posco.co.kr"),
        ("env.seoul.go.kr", "https://news.seoul.go.kr/env"),
        ("ab.de", "https://www.ab.de"),
        ("mail.ab.de", "https://www.ab.de"),
        ("company.unknown-ending", "https://www.company.unknown-ending"),
        ("mail.sk.kr", "https://www.sk.kr"),
        ("한국.kr", "https://www.xn--3e0b707e.kr"),
        ("people.github.io", "https://people.github.io/pledge"),
    ],
)
def test_a_mailbox_belongs_to_the_website_of_its_owner(mail, website):
    assert belongs_to(mail, website)


@pytest.mark.parametrize(
    ("mail", "website"),
    [
        ("other.co.kr", "https://www.posco.co.kr"),
        ("co.kr", "https://www.posco.co.kr"),
        ("posco.com", "https://www.posco.co.kr"),
        ("notposco.co.kr", "https://posco.co.kr"),
        ("posco.co.kr.evil.example.org", "https://posco.co.kr"),
        ("a.go.kr", "https://b.go.kr"),
        ("a.seoul.kr", "https://b.seoul.kr"),
        ("a.gov.uk", "https://b.gov.uk"),
        ("a.gov.xx", "https://b.gov.xx"),
        ("a.or.th", "https://b.or.th"),
        ("mine.github.io", "https://people.github.io"),
        ("mine.tistory.com", "https://people.tistory.com"),
        ("tistory.com", "https://people.tistory.com"),
        ("naver.com", "https://www.naver.com"),
        ("naver.com", "https://blog.naver.com/people"),
        ("gmail.com", "https://gmail.com"),
        ("facebook.com", "https://www.facebook.com/people"),
        ("google.com", "https://sites.google.com/people"),
        ("", "https://posco.co.kr"),
        ("posco.co.kr", ""),
        ("127.0.0.1", "http://127.0.0.1"),
        ("localhost", "http://localhost"),
    ],
)
def test_a_stranger_does_not_climb(mail, website):
    assert not belongs_to(mail, website)


@given(LABEL, LABEL, st.sampled_from(ENDINGS))
def test_two_names_under_a_shared_ending_are_two_owners(first, other, ending):
    assert belongs_to(f"{first}.{ending}", f"https://{other}.{ending}") <= (first == other)


@given(LABEL, st.sampled_from(["co.kr", "or.kr", "com", "org", "go.kr", "co.uk"]), LABEL, LABEL)
def test_below_one_name_everything_has_one_owner(name, ending, first, other):
    if not is_free_mail(f"{name}.{ending}"):
        assert belongs_to(f"{first}.{name}.{ending}", f"https://{other}.{name}.{ending}/path")


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_two_texts_have_an_answer(mail, website):
    assert belongs_to(mail, website) in (True, False)


def test_nobody_climbs_by_a_mailbox_that_anybody_may_open():
    open_ones = {domain for domain, provider in PROVIDERS.items() if provider.is_open}
    assert {"naver.com", "daum.net", "outlook.fr", "yandex.kz", "duck.com"} <= open_ones
    assert PROVIDERS.keys() - open_ones == {"korea.kr"}
    for domain in open_ones:
        assert is_free_mail(domain), domain
        assert is_free_mail(domain.upper()), domain
        assert not belongs_to(domain, f"https://{domain}"), domain


@pytest.mark.parametrize(
    "domain", ["posco.co.kr", "seoul.go.kr", "navercorp.com", "kakaocorp.com", "example.org"]
)
def test_a_work_mailbox_is_no_free_mail(domain):
    assert not is_free_mail(domain)


# --- Addresses of websites ---


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("https://www.posco.co.kr/", "https://www.posco.co.kr"),
        ("www.posco.co.kr", "https://www.posco.co.kr"),
        ("posco.co.kr/ko/esg", "https://posco.co.kr/ko/esg"),
        ("HTTP://Example.ORG/Path?b=1&a=2#part", "http://example.org/Path?b=1&a=2"),
        ("  https://example.org  ", "https://example.org"),
        ("https://example.org:443/a", "https://example.org/a"),
        ("http://example.org:80", "http://example.org"),
        ("https://example.org.", "https://example.org"),
        (
            "https://한국.kr/경로?이름=값",
            "https://xn--3e0b707e.kr/%EA%B2%BD%EB%A1%9C?%EC%9D%B4%EB%A6%84=%EA%B0%92",
        ),
        ("https://ｗｗｗ．example。org", "https://www.example.org"),
        ("https://example.org/a%20b", "https://example.org/a%20b"),
        ("https://example.org/<script>\"'", "https://example.org/%3Cscript%3E%22%27"),
        ("https://example.org//evil.example", "https://example.org//evil.example"),
    ],
)
def test_an_address_of_a_website_is_cleaned(typed, clean):
    assert clean_website(typed) == clean


@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", "posco", "https://", "https:///path", "//example.org", "https://example", "http:example"),
        *("ftp://example.org", "file:///etc/passwd", "javascript:alert(1)", "data:text/html,x", "mailto:a@example.org"),
        *("JaVaScRiPt://example.org/%0aalert(1)", "java\nscript:alert(1)", "vbscript:x", "blob:https://example.org/1"),
        *("https://user@example.org", "https://user:secret@example.org", "https://@example.org", "https://example.org@evil.example"),
        *("http://127.0.0.1", "http://10.0.0.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]", "http://169.254.169.254/latest"),
        *("http://2130706433", "http://0x7f000001", "http://0x7f.0.0.1", "http://127.1", "http://0177.0.0.1", "http://１２７.0.0.1", "http://1.1.1.1."),
        *("http://localhost", "http://localhost.", "http://a.localhost", "http://printer.local", "http://db.internal", "http://a.home.arpa", "http://x.onion"),
        *("https://example.org:8080", "https://example.org:22", "https://example.org:0", "https://example.org:99999", "https://example.org:x"),
        *("https://exa mple.org", "https://example.org/a b", "https://example.org\\@evil.example", "https://exam\u0000ple.org", "https://example.org/\u202egpj"),
        *("https://-example.org", "https://example-.org", "https://exa_mple.org", "https://a..org", "https://.example.org", "https://" + "a" * 64 + ".org"),
        "https://example.org/" + "a" * 300,
        "https://example.org/" + "가" * 60,
        "https://" + "a." * 130 + "org",
    ],
)  # fmt: skip
def test_what_is_no_public_website_is_refused(typed):
    with pytest.raises(BadWebsite):
        clean_website(typed)


@given(
    st.one_of(
        st.text(max_size=80),
        st.text(max_size=60).map(lambda text: f"https://{text}"),
        st.from_regex(r"https?://[a-z0-9.:@\[\]/-]{1,40}", fullmatch=True),
    )
)
def test_whatever_comes_out_is_a_plain_public_address_and_stays_itself(text):  # fmt: skip
    try:
        clean = clean_website(text)
    except BadWebsite:
        return
    parts = urlsplit(clean)
    assert parts.scheme in ("http", "https")
    assert parts.username is parts.password is parts.port is None
    assert clean.isascii()
    assert len(clean) <= 300
    assert not set(clean) & set("<>\"' \\\r\n\t")
    assert "." in host_of(clean)
    assert clean_website(clean) == clean
