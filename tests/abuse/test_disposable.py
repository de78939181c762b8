"""Throwaway mail domains."""

import pytest

from pledge.abuse.disposable import is_disposable
from pledge.mail.providers import LARGE_PROVIDERS


@pytest.mark.parametrize(
    "domain", ["mailinator.com", "a.b.mailinator.com", "guerrillamail.com", "yopmail.com", "10minutemail.com"]
)
def test_a_throwaway_domain_and_what_is_below_it_is_known(domain):
    assert is_disposable(domain)


@pytest.mark.parametrize(
    "domain", ["", "com", "naver.com", "seoulmailinator.com", "mailinator.com.kr", "moe.go.kr", "example.org"]
)
def test_others_are_none(domain):
    assert not is_disposable(domain)


def test_no_large_provider_is_one():
    assert not [domain for domain in LARGE_PROVIDERS if is_disposable(domain)]
