"""What "domain" means wherever addresses are counted, limited or held."""

import pytest

from pledge.core.domains import mail_domain


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("robot.kr", "robot.kr"),
        ("s0.robot.kr", "robot.kr"),
        ("s1.s0.robot.co.kr", "robot.co.kr"),
        ("cs.snu.ac.kr", "snu.ac.kr"),
        # Whoever has duckdns.org gives names to anybody, and so do these: they cost nothing.
        ("a.duckdns.org", "duckdns.org"),
        ("x.eu.org", "eu.org"),
        ("shop.kr.com", "kr.com"),
        # No ending of the list: the last two labels.
        ("s0.robots.example", "robots.example"),
        ("ac.kr", "ac.kr"),
        ("localhost", "localhost"),
    ],
)
def test_a_mail_domain_is_what_a_registry_was_paid_for(host, domain):
    assert mail_domain(host) == domain
