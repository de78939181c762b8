"""The screens of invalidation: counted first, a second person above fifty, a fresh second factor, and undone."""

import pytest

from pledge.signatures.invalidation.models import Invalidation
from pledge.signatures.origins import domain_hash, network_hash
from tests.support.factories import crowd, signatures, the_campaign
from tests.support.invalidations import row, states, work
from tests.support.rows import number_of
from tests.support.staff import address_and_number

FORM = {
    "campaign": "blue-skies",
    "domain": "robots.example",
    "reason": "automated",
    "why": "five hundred in a minute",
}

SINCE_2001 = {"domain": "", "signed_from": "2001-01-01T00:00"}


@pytest.fixture
def second(staff_client):
    return staff_client("moderator", lang="ko")


def propose(client, **changes):
    address, _number = address_and_number(client.post("/staff/invalidations/new", data={**FORM, **changes}))
    return address


def _number(address):
    return int(address.rpartition("/")[2])


def test_the_whole_way_counted_approved_applied_and_undone(moderator, second):
    crowd(60, domain="robots.example", name="로봇")
    address = propose(moderator)
    page = moderator.get(address)
    assert ">60<" in page.text
    assert "robots.example" not in page.text
    robots = domain_hash("blue-skies", "robots.example").hex()
    assert f'<a href="/staff/watch/blue-skies/domain/{robots}"><code>#{robots[:8]}</code></a>' in page.text
    assert "로**" in page.text
    assert "로봇" not in page.text
    assert "another member of staff has to approve" in page.text

    refused = moderator.post(f"{address}/approve")
    assert refused.status_code == 403
    assert set(states()) == {"confirmed"}

    assert second.post(f"{address}/approve").status_code == 303
    work()
    assert set(states()) == {"invalidated"}
    page = moderator.get(address).text
    assert "60 of 60" in page
    assert 'tag tag--done">Applied<' in page, "what was approved and done is no alarm"
    assert moderator.get("/staff/watch").text.count(address) == 1

    assert moderator.post(f"{address}/undo", data={"why": ""}).status_code == 422
    assert moderator.post(f"{address}/undo", data={"why": "a school"}).status_code == 303
    work()
    assert set(states()) == {"confirmed"}
    assert "Undone" in moderator.get(address).text


def test_whoever_decides_later_is_told_how_it_stands(moderator, second):
    crowd(3, domain="robots.example")
    address = propose(moderator)
    second.post(f"{address}/discard", data={"why": "a school"})
    late = moderator.post(f"{address}/approve")
    assert late.status_code == 409
    assert "Somebody else decided in the meantime" in late.text
    assert "a school" in late.text
    assert set(states()) == {"confirmed"}


def test_who_proposed_what_was_refused_marks_it_as_read(moderator, second):
    crowd(60, domain="robots.example")
    address = propose(moderator)
    second.post(f"{address}/discard", data={"why": "a school"})
    inbox = moderator.get("/staff/").text
    assert "Sent back · Invalidation to approve · 60 signatures" in inbox
    assert "a school" in inbox
    assert f"{address}/acknowledge" not in second.get(address).text
    assert second.post(f"{address}/acknowledge").status_code == 409
    assert moderator.post(f"{address}/acknowledge").status_code == 303
    assert "Sent back" not in moderator.get("/staff/").text


def test_a_second_press_of_one_s_own_is_not_a_colleague_s(moderator, second):
    crowd(3, domain="robots.example")
    address = propose(moderator)
    for _ in range(2):
        assert moderator.post(f"{address}/approve").status_code == 303
    assert "You have already done this." in moderator.get(address).text
    assert second.post(f"{address}/approve").status_code == 409
    assert moderator.post(f"{address}/discard", data={"why": "a school"}).status_code == 409


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"domain": ""}, "Give at least one condition"),
        ({"domain": "people.example"}, "No signature that this is about meets"),
        ({"campaign": ""}, "Choose the campaign too"),
        ({"domain": "x@robots.example"}, "Enter the part after the @"),
        ({"network": "#abc"}, "Enter an IPv4 or IPv6 address"),
        ({"campaign": "unknown"}, "Choose a campaign from the list"),
        ({"reason": "politics"}, "Choose a reason from the list"),
        ({"why": "x" * 1001}, "This is too long"),
        ({"faster_than": "99999"}, "Enter a number of seconds"),
        ({"signed_from": "yesterday"}, "Enter a day and a time"),
        ({"signed_from": "2026-11-24T12:00", "signed_until": "2026-11-24T12:00"}, "It ends before it begins"),
    ],
    ids=str,
)
def test_a_mistake_is_told_at_its_field_and_nothing_is_lost(moderator, changes, message):
    crowd(1, domain="robots.example")
    page = moderator.post("/staff/invalidations/new", data={**FORM, **changes})
    assert page.status_code == 422
    assert message in page.text
    if "why" not in changes:
        assert FORM["why"] in page.text
    assert number_of(Invalidation) == 0


def test_a_set_that_waits_for_a_decision_is_refused_with_the_number_of_that(moderator, second):
    crowd(3, domain="robots.example")
    number = _number(propose(moderator))
    refused = moderator.post("/staff/invalidations/new", data={**FORM, "domain": "", **SINCE_2001})
    assert refused.status_code == 422
    assert f"no. {number}" in refused.text.partition('id="network-error"')[2][:300]
    assert number_of(Invalidation) == 1


def test_every_field_becomes_the_condition(moderator, frozen_clock):
    the_campaign()
    signed = frozen_clock.now().replace(year=2026, month=11, day=24, hour=3, minute=30)
    facts = {
        "domain": "robots.example",
        "network_hash": network_hash("blue-skies", "2001:db8:1:2::/64"),
        "at": signed,
    }
    crowd(2, **facts)
    address = propose(
        moderator,
        campaign="blue-skies",
        network="2001:db8:1:2:3::4",
        signed_from="2026-11-24T12:00",
        signed_until="2026-11-24T13:00",
        faster_than="600",
    )
    proposal = row(_number(address))
    assert (proposal.matched, proposal.faster_than) == (2, 600)
    assert proposal.campaign_id == the_campaign().id
    assert (proposal.signed_from.hour, proposal.signed_until.hour) == (3, 4), "typed in Seoul's time"
    assert bytes(proposal.network_hash) == facts["network_hash"]
    page = moderator.get(address)
    assert "2001:db8" not in page.text
    assert f"#{facts['network_hash'].hex()[:8]}" in page.text


def test_a_network_or_domain_that_the_watch_shows_fills_the_form_by_its_hash(moderator, frozen_clock):
    hot = network_hash("blue-skies", "203.0.113.7")
    crowd(3, domain="robots.example", network_hash=hot, at=frozen_clock.now())
    for name, value in (("network", hot), ("domain", domain_hash("blue-skies", "robots.example"))):
        form = moderator.get(f"/staff/watch?{name}={value.hex()}")
        assert f'value="#{value.hex()}"' in form.text
        address = propose(moderator, **{"domain": "", name: f"#{value.hex()}"})
        assert row(_number(address)).matched == 3
        moderator.post(f"{address}/discard", data={"why": "only counted"})


def test_an_invalidation_that_does_not_exist_is_not_found(moderator):
    assert moderator.get("/staff/invalidations/77").status_code == 404
    assert moderator.post("/staff/invalidations/77/discard", data={"why": "x"}).status_code == 404


def test_held_signatures_are_released_from_the_same_form_without_a_public_reason(moderator):
    signatures(3, state="held")
    address = propose(moderator, act="release", **SINCE_2001, reason="")
    page = moderator.get(address)
    assert f"Release no. {row(_number(address)).id}" in page.text
    assert "3 signatures will be counted" in page.text
    moderator.post(f"{address}/approve")
    work()
    assert set(states()) == {"confirmed"}
    page = moderator.get(address)
    assert "Released" in page.text
    assert "Undo" not in page.text
    assert f"Release no. {row(_number(address)).id}" in moderator.get("/staff/watch").text


def test_a_release_says_how_many_of_which_pattern_why_they_are_held_and_what_was_done_with_their_like(
    moderator,
):
    crowd(20, domain="robots.example")
    held = {"state": "held", "domain_hash": domain_hash("blue-skies", "robots.example")}
    before = propose(moderator)
    moderator.post(f"{before}/approve")
    work()
    signatures(3, **held, hold_reason="speed"), signatures(1, **held, hold_reason="signals")
    page = moderator.get(propose(moderator, act="release", reason="")).text
    robots = held["domain_hash"].hex()
    assert "4 signatures will be counted" in page
    assert f"<code>#{robots[:8]}</code>" in page
    assert "E-mails answered too soon: 3" in page
    assert "The form looked like a program’s: 1" in page
    message = f'<a href="{before}">Invalidation no. {row(_number(before)).id}</a>: Taken out 20'
    assert message in page
    assert message in moderator.get(f"/staff/watch/blue-skies/domain/{robots}").text
