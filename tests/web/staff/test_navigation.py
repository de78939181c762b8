"""The doors of the staff area: each person sees theirs, and the current one is marked on every page below it."""

import re

import pytest

from pledge.accounts.roles import Permission
from pledge.web.staff.auth.access import needed_permission
from pledge.web.staff.navigation import DOORS
from tests.support.factories import SLUG, the_campaign

#: Pages of a person's own account and of signing in, which lie behind no door.
OWN = {"account", "enrol", "invitation", "language", "sign-in", "sign-out", "verify"}


def marked(page):
    """The labels of the doors and pages that are marked as current."""
    return re.findall(r'staff-header__line"[^>]*aria-current="[^"]+">([^<]*)<', page)


def test_there_are_seven_doors_and_whoever_may_do_everything_sees_all(staff_client):
    page = staff_client("admin", lang="en").get("/staff/").text
    assert len(DOORS) == 7
    assert re.findall(r'staff-header__line"[^>]*>([^<]*)<', page) == [
        "Inbox",
        "Numbers",
        "Campaigns",
        "Organisations",
        "Signatures",
        "Deliveries",
        "Administration",
    ]


@pytest.mark.sqlite_only
def test_every_permission_opens_a_page_and_every_page_of_the_area_lies_behind_one_door(app):
    pages = [page for door in DOORS for page in door.pages]
    with app.test_request_context():
        assert {needed_permission(page.endpoint) for page in pages} == set(Permission) - {Permission.READ_ALL}
        paths = [path for page in pages for path in page.paths if path is not None]
    segments = {
        rule.rule.split("/")[2] for rule in app.url_map.iter_rules() if rule.rule.startswith("/staff/")
    }
    assert segments - OWN == set(paths)
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize(
    ("path", "labels"),
    [
        ("/staff/", ["Inbox"]),
        ("/staff/numbers", ["Numbers"]),
        (f"/staff/campaigns/{SLUG}", ["Campaigns"]),
        ("/staff/signatures/1", ["Signatures", "Look up"]),
        ("/staff/deliveries/1", ["Deliveries"]),
        ("/staff/demands/1", ["Campaigns"]),
        ("/staff/audit", ["Administration", "Audit log"]),
        ("/staff/account", []),
    ],
)
def test_the_door_of_a_page_below_it_is_marked(staff_client, path, labels):
    the_campaign()
    assert marked(staff_client("admin", lang="en").get(path).text) == labels


def test_whoever_may_not_open_a_page_does_not_see_its_door(staff_client):
    page = staff_client("editor", lang="en").get("/staff/").text
    assert re.findall(r'staff-header__line"[^>]*>([^<]*)<', page) == [
        "Inbox",
        "Numbers",
        "Campaigns",
        "Signatures",
    ]
