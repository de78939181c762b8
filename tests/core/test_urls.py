"""Links that leave the site begin with its own address."""

import pytest

from pledge.core import urls

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def site(make_app):
    return make_app(base_url="https://sky.example")


def test_a_link_begins_with_the_base_url_where_there_is_no_request(site):
    with site.app_context():
        assert urls.campaign_link("en", "abc") == "https://sky.example/en/c/abc"
        assert urls.public_url("staff.inbox") == "https://sky.example/staff/"


def test_a_link_begins_with_the_base_url_whatever_host_and_language_a_request_names(site):
    with site.test_request_context("/ko/", base_url="http://other.example:8080"):
        assert urls.campaign_link("en", "abc") == "https://sky.example/en/c/abc"
