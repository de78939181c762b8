"""The watch over sign-ups: what staff see, what they can do about a cluster, and who may."""

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from pledge.abuse import mail_servers
from pledge.abuse.mail_servers import MailHosts
from pledge.abuse.models import AlertKind, ListedOrigin
from pledge.accounts import staff_alerts
from pledge.audit.models import AuditEntry
from pledge.core import clock as time
from pledge.core.db import db, transaction
from pledge.mail.addresses import parse
from pledge.signatures import origins
from pledge.signatures.invalidation.models import Invalidation
from pledge.signatures.invalidation.services import AUDITED
from tests.support import factories
from tests.support.factories import SLUG, crowd
from tests.support.invalidations import work
from tests.support.pages import hidden_fields


@pytest.fixture
def hashed(app):
    """The hash of the robots' mail domain."""
    return origins.domain_hash(SLUG, "robots.example")


@pytest.fixture
def wave(app, frozen_clock, hashed):
    """Forty people at Naver, and robots at a domain of their own: twenty counted, six held, four waiting, three to be held."""
    campaign = factories.campaign()
    crowd(40, domain="naver.com", at=frozen_clock.now() - timedelta(minutes=30))
    at = frozen_clock.now() - timedelta(minutes=10)
    facts = {"domain_hash": hashed, "at": at}
    crowd(20, domain="robots.example", **facts)
    for _ in range(6):
        factories.signature(email=None, state="held", hold_reason="speed", **facts)
    for _ in range(4):
        factories.signature(state="pending", **facts)
    for _ in range(3):
        factories.signature(state="pending", hold_reason="speed", **facts)
    return campaign


def address(hashed, act="", sort="domain"):
    return f"/staff/watch/{SLUG}/{sort}/{hashed.hex()}{act}"


def acting(person, hashed, act, *, sort="domain", **changes):
    """Send the form of a cluster's page as it was shown."""
    since = time.iso_utc(time.now() - timedelta(hours=1))
    data = {"since": since, "reason": "automated", "why": "built alike", **changes}
    return person.post(address(hashed, f"/{act}", sort), data=data)


def test_the_page_lists_where_somebody_is_held_and_never_who_signed(staff_client, wave, hashed):
    page = staff_client("moderator", lang="en").get("/staff/watch")
    assert "73 sign-ups in the last 7 days" in page.text
    assert address(hashed) in page.text
    assert "E-mails answered too soon: 9" in page.text
    for personal in ("robots.example", "홍길동", "@example.org"):
        assert personal not in page.text


def test_a_quiet_week_says_so(staff_client, app, frozen_clock):
    factories.campaign()
    crowd(3, at=frozen_clock.now() - timedelta(minutes=5))
    page = staff_client("moderator", lang="en").get("/staff/watch").text
    assert "Nothing looks made by a program, and nothing is on hold." in page


def test_a_cluster_says_how_many_it_is_and_offers_what_can_be_done(staff_client, wave, hashed):
    page = staff_client("moderator", lang="en").get(address(hashed))
    for words in (
        "33 sign-ups",
        "Hold 4 that are not confirmed yet",
        "Count all 9",
        "Take 26 out of the count",
    ):
        assert words in page.text


def test_the_page_of_a_company_says_what_speaks_for_it_and_with_whom_it_is_added_up(
    staff_client, wave, hashed
):
    page = staff_client("moderator", lang="en").get(address(hashed)).text
    assert "On weekdays, 8:00 to 19:00 (Korea)" in page
    assert "One of" not in page
    for name in ("robots.example", "others.example"):
        mail_servers.note(origins.domain_hash(SLUG, name), name, SLUG)
        mail_servers.look_up_next(lambda _host: MailHosts([(10, "mx.robots.co.kr.")]))
    others = origins.domain_hash(SLUG, "others.example")
    crowd(10, domain="others.example", domain_hash=others)
    page = staff_client("moderator", lang="en").get(address(hashed)).text
    assert "One of 2 domains with one mail server, 30 confirmations together in 7 days." in page
    assert f'href="{address(others)}"' in page


def test_beyond_the_first_twenty_clusters_the_others_are_links(staff_client, wave, monkeypatch):
    for number in range(21):
        name = f"company{number}.kr"
        held = {"state": "held", "hold_reason": "size", "email": f"a{number}@{name}"}
        factories.signature(domain_hash=origins.domain_hash(SLUG, name), **held)
    page = staff_client("moderator", lang="en").get("/staff/watch").text
    cards, _, links = page.partition("<details")
    assert cards.count("watch-card__title") == 20
    assert "2 more" in links
    assert links.count(f"/staff/watch/{SLUG}/domain/") >= 2


@pytest.mark.parametrize(("act", "matched"), [("hold", 4), ("release", 9)])
def test_an_act_is_counted_and_waits_for_a_decision(staff_client, wave, hashed, act, matched):
    sent = acting(staff_client("moderator"), hashed, act)
    assert sent.status_code == 303
    row = db.session.scalars(select(Invalidation)).one()
    assert sent.location.endswith(f"/staff/invalidations/{row.id}")
    assert (row.act, row.state, row.matched, row.reason) == (act, "proposed", matched, None)
    assert (row.campaign_id, bytes(row.domain_hash), row.note) == (wave.id, hashed, "built alike")
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.subject == f"invalidation:{row.id}")).one()
    assert entry.action == f"{AUDITED[act]}.propose"
    assert (entry.reason, json.loads(entry.details)["matched"]) == ("built alike", matched)


def test_taking_out_is_proposed_and_who_is_not_confirmed_yet_is_held_at_once(staff_client, wave, hashed):
    sent = acting(staff_client("moderator"), hashed, "invalidate", reason="disposable")
    taken, held = db.session.scalars(select(Invalidation).order_by(Invalidation.id))
    assert sent.location.endswith(f"/staff/invalidations/{taken.id}")
    assert (taken.act, taken.state, taken.matched, taken.reason) == (
        "invalidate",
        "proposed",
        26,
        "disposable",
    )
    assert (held.act, held.state, held.matched, held.note) == ("hold", "applying", 4, "built alike")


def test_an_act_is_about_what_is_shown_the_last_week_and_what_is_held_longer(
    moderator, wave, hashed, frozen_clock
):

    def taken_out():
        since = re.search(r'name="since" value="([^"]+)"', moderator.get(address(hashed)).text)[1]
        page = acting(moderator, hashed, "invalidate", since=since).location
        matched = db.session.get(Invalidation, int(page.rpartition("/")[2])).matched
        moderator.post(f"{page}/discard", data={"why": "only counted"})
        work()  # who waited is held meanwhile
        return matched

    long_ago = {"domain_hash": hashed, "at": frozen_clock.now() - timedelta(days=9)}
    crowd(50, domain="robots.example", **long_ago)
    assert taken_out() == 26
    factories.signature(email=None, state="held", hold_reason="speed", **long_ago)
    assert taken_out() == 77


def test_an_act_without_a_reason_or_without_anything_to_do_changes_nothing(moderator, wave, hashed):
    assert "Give a reason" in acting(moderator, hashed, "hold", why=" ").text
    later = time.iso_utc(time.now())
    answer = acting(moderator, hashed, "hold", since=later)
    assert answer.status_code == 422
    assert "None of the sign-ups here can be dealt with" in answer.text
    assert acting(moderator, hashed, "hold", since="yesterday").status_code == 400
    assert acting(moderator, hashed, "erase").status_code == 404
    assert db.session.scalars(select(Invalidation)).all() == []


def test_who_comes_second_sees_the_open_decision_in_place_of_the_buttons(staff_client, wave, hashed):
    first = staff_client("moderator", name="Han Byeol")
    proposal = acting(first, hashed, "invalidate").location
    colleague = staff_client("moderator", lang="ko")
    page = colleague.get(address(hashed)).text
    named = f'<a href="{proposal}">무효 처리 제{proposal.rpartition("/")[2]}호</a>'
    assert f"결정 대기: {named}(Han Byeol, 방금)" in page
    assert [act for act in ("hold", "release", "invalidate") if address(hashed, f"/{act}") in page] == []
    assert address(hashed, "/list/allow") not in page
    refused = acting(colleague, hashed, "release", why="a school")
    assert (refused.status_code, named in refused.text) == (409, True)
    assert put_on_list(colleague, hashed, "allow").status_code == 409
    assert db.session.scalars(select(ListedOrigin)).all() == []


def test_who_presses_twice_is_on_the_page_of_their_own_proposal(moderator, wave, hashed):
    once, twice = (acting(moderator, hashed, "invalidate").location for _ in range(2))
    assert once == twice


def test_the_list_after_a_decision_is_as_new_as_the_decision(moderator, wave, hashed):
    assert "E-mails answered too soon: 9" in moderator.get("/staff/watch").text
    moderator.post(f"{acting(moderator, hashed, 'release').location}/approve")
    work()
    assert "E-mails answered too soon: 9" not in moderator.get("/staff/watch").text


def put_on_list(moderator, hashed, effect, why="a wave"):
    return moderator.post(address(hashed, f"/list/{effect}"), data={"list_why": why})


def test_what_comes_from_there_is_held_until_somebody_ends_it(moderator, wave, hashed):
    assert put_on_list(moderator, hashed, "hold").status_code == 303
    row = db.session.scalars(select(ListedOrigin)).one()
    assert (row.kind, bytes(row.hash), row.effect) == ("domain", hashed, "hold")
    moderator.post("/staff/account/name", data={"name": "Park Hana"})
    assert "It is held (Park Hana: a wave)." in moderator.get(address(hashed)).text
    assert "a wave" in moderator.get("/staff/watch").text
    assert moderator.post(f"/staff/watch/listed/{row.id}/lift").status_code == 303
    page = moderator.get(address(hashed)).text
    assert "It is held" not in page
    undo = page.partition('<div class="notice notice--done')[2].partition("</form>")[0]
    assert f'action="{address(hashed, "/list/hold")}"' in undo
    moderator.post(address(hashed, "/list/hold"), data=hidden_fields(undo))
    assert db.session.scalars(select(ListedOrigin.note).where(ListedOrigin.lifted_at.is_(None))).all() == [
        "a wave"
    ]
    assert ">Undo<" not in moderator.get(address(hashed)).text
    assert moderator.post(f"/staff/watch/listed/{row.id}/lift").status_code == 404


def test_one_press_allows_a_domain_and_releases_its_held_signatures(moderator, wave, hashed):
    page = moderator.get(address(hashed)).text
    button = page[: page.index("Allow this domain and count 9")].rpartition("<button")[2]
    assert 'class="button button--quiet"' in button
    assert put_on_list(moderator, hashed, "allow", "a school").location == address(hashed)
    assert db.session.scalars(select(ListedOrigin.effect)).one() == "allow"
    act = db.session.scalars(select(Invalidation)).one()
    assert (act.act, act.state, act.matched, act.note) == ("release", "applying", 9, "a school")


def test_more_than_one_person_may_release_wait_for_a_second_one(staff_client, wave, hashed, monkeypatch):
    monkeypatch.setattr("pledge.signatures.invalidation.services.MAX_WITHOUT_SECOND_PERSON", 5)
    moderator = staff_client("moderator", lang="en")
    sent = put_on_list(moderator, hashed, "allow")
    act = db.session.scalars(select(Invalidation)).one()
    assert (act.state, sent.location) == ("proposed", f"/staff/invalidations/{act.id}")
    assert "Once it is approved, what comes from there is allowed." in moderator.get(sent.location).text
    assert "It is allowed" not in moderator.get(address(hashed)).text


@pytest.mark.parametrize(
    ("typed", "sort"),
    [
        ("@robots.example", "domain"),
        ("203.0.113.7", "network"),
        ("2001:db8:1:2::9", "network"),
        (" Hong@robots.example ", "address"),
    ],
)
def test_what_is_looked_for_is_found_recorded_and_in_no_address(staff_client, wave, typed, sort):
    sent = staff_client("moderator").post("/staff/watch", data={"campaign": SLUG, "sought": typed})
    assert sent.status_code == 303
    assert re.fullmatch(f"/staff/watch/{SLUG}/{sort}/[0-9a-f]{{64}}", sent.location)
    (entry,) = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "watch.look_up")).all()
    assert (entry.subject, json.loads(entry.details)) == (f"campaign:{wave.id}", {"of": sort})


def test_an_address_is_held_and_allowed_like_a_domain(moderator, wave):
    mailbox = origins.listed_address_hash(SLUG, parse("hong@robots.example"))
    page = address(mailbox, sort="address")
    assert "If you allow the address" in moderator.get(page).text
    for effect in ("hold", "allow"):
        assert moderator.post(f"{page}/list/{effect}", data={"list_why": "they wrote"}).location == page
    assert "It is allowed" in moderator.get(page).text
    assert f'href="{page}"' in moderator.get("/staff/watch").text
    assert acting(moderator, mailbox, "release", sort="address").status_code == 404


def test_what_comes_from_a_large_mail_provider_cannot_be_held(staff_client, wave):
    words = "cannot be held, neither those here nor later ones"
    person, naver = staff_client("moderator", lang="en"), origins.domain_hash(SLUG, "naver.com")
    factories.signature(state="pending", domain_hash=naver)
    page = person.get(address(naver))
    assert words in page.text
    assert "/hold" not in page.text
    assert acting(person, naver, "hold").status_code == 422
    assert db.session.scalars(select(Invalidation)).all() == []
    sent = put_on_list(person, naver, "hold")
    assert sent.status_code == 422
    assert words in sent.text
    assert db.session.scalars(select(ListedOrigin)).all() == []


def test_what_is_neither_a_network_nor_a_domain_is_not_looked_for(moderator, wave):
    answer = moderator.post("/staff/watch", data={"campaign": SLUG, "sought": "somebody"})
    assert answer.status_code == 422
    assert "Enter an IP address" in answer.text
    assert moderator.post("/staff/watch", data={"campaign": "none", "sought": "a.example"}).status_code == 404


@pytest.mark.parametrize("value", ["00", "g" * 64, "0" * 63])
def test_an_address_that_names_no_cluster_is_not_found(staff_client, wave, value):
    person = staff_client("moderator")
    assert person.get(f"/staff/watch/{SLUG}/domain/{value}").status_code == 404
    assert person.get(f"/staff/watch/none/domain/{'0' * 64}").status_code == 404


def test_the_alerts_of_the_last_days_are_listed(staff_client, app):
    factories.campaign()
    with transaction() as session:
        staff_alerts.alert(session, AlertKind.SIGN_UPS_HELD, sign_ups=40)
    assert (
        "Signatures on hold wait for a decision"
        in staff_client("moderator", lang="en").get("/staff/watch").text
    )
