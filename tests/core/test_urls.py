"""Links that leave the site begin with its own address."""

import pytest

from pledge.core import urls

pytestmark = pytest.mark.sqlite_only


def test_a_link_begins_with_the_base_url_whatever_host_and_language_a_request_names(make_app):
    site = make_app(base_url="https://sky.example")
    request = site.test_request_context("/ko/", base_url="http://other.example:8080")
    for context in (site.app_context(), request):
        with context:
            assert urls.campaign_link("en", "abc") == "https://sky.example/en/c/abc"
            assert urls.public_url("staff.inbox") == "https://sky.example/staff/"
