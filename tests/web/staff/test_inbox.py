"""The inbox: what waits, and who sees a way on."""

import re

import pytest

from pledge.audit.models import Actor
from pledge.paper import services
from pledge.signatures.invalidation import services as invalidations
from pledge.signatures.invalidation.models import Condition, InvalidationReason
from pledge.signatures.origins import domain_hash
from pledge.switches import moderation
from tests.support import paper
from tests.support.factories import (
    crowd,
    endorsement,
    fold_all,
    plant_entry,
    signature,
    the_campaign,
)

ADMIN = Actor(1, "admin@pledge.example", "")


@pytest.mark.parametrize(("minutes", "said"), [(0, None), (75, "1 hour 15 minutes")])
def test_the_inbox_says_for_how_long_nobody_was_counted_and_what_to_look_at(
    staff_client, frozen_clock, minutes, said
):
    signature(at=frozen_clock.now())
    frozen_clock.move(minutes=minutes)
    page = staff_client("viewer", lang="en").get("/staff/").text
    assert ("Check that the worker is running." in page) == (said is not None)
    if said:
        assert f"<dd>{said} <span" in page


def test_the_inbox_names_proposals_that_wait_for_a_decision_and_leads_those_who_may_to_them(staff_client):
    crowd(3, domain="robots.example")
    condition = Condition(domain_hash=domain_hash("blue-skies", "robots.example"))
    number = invalidations.propose(ADMIN, condition, InvalidationReason.AUTOMATED, "a wave")
    moderator, viewer = (
        staff_client(role, lang="en").get("/staff/").text for role in ("moderator", "viewer")
    )
    assert f'<a href="/staff/invalidations/{number}">Invalidation no. {number}</a>' in moderator
    assert f"Invalidation no. {number}" in viewer
    assert f"/staff/invalidations/{number}" not in viewer
    invalidations.discard(ADMIN, number, "a school")
    assert "Invalidation no." not in staff_client("moderator", lang="en").get("/staff/").text


def test_the_inbox_says_of_a_batch_whose_numbers_differ_that_it_waits_to_be_corrected(staff_client):
    of = the_campaign()
    counted, disputed = paper.entered(of), paper.entered(of)
    assert not services.check(paper.CHECKER, of.slug, disputed, paper.stamp(of, disputed), 5)
    page = staff_client("editor", lang="en").get("/staff/").text
    assert page.count("the numbers differ: to correct") == 1
    assert f"/paper/{of.slug}/{counted}" in page
    assert page.partition("the numbers differ")[0].rpartition("/paper/")[2].startswith(f'{of.slug}/{disputed}"')


def test_what_waits_leads_those_who_may_to_it(staff_client):
    the_campaign()
    endorsement(state="review")
    moderation.turn(ADMIN, "signing", True, "attack")
    admin = staff_client("admin", lang="en").get("/staff/").text
    viewer = staff_client("viewer", lang="en").get("/staff/").text
    for address in ("/staff/organizations", "/staff/mail", "/staff/switches"):
        assert f'<dd><a href="{address}">' in re.sub(r"\s*\n\s*", "", admin), address
        assert f'href="{address}"' not in viewer
    assert "signing is paused" in admin
    assert "longest wait:" in viewer


def test_the_inbox_names_entries_that_nothing_stands_behind(staff_client):
    said = "Log entries set aside"
    signature()
    fold_all()
    client = staff_client("viewer", lang="en")
    assert said not in client.get("/staff/").text
    plant_entry()
    fold_all()
    page = client.get("/staff/").text
    assert said in page
    assert "blue-skies: 1" in page
    assert "flask ledger verify" in page
