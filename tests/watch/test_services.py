"""The worker's watch: what waits in a cluster that gives itself away is held, and nobody beside it."""

from collections import defaultdict
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from pledge.abuse import alerts, mail_servers, origin_list
from pledge.abuse.models import AlertKind, OriginKind
from pledge.abuse.origin_list import Origin
from pledge.audit.models import AuditEntry
from pledge.audit.services import NoReason
from pledge.core import clock
from pledge.core.db import db, fetch, transaction
from pledge.ledger.models import Tally
from pledge.mail.addresses import parse
from pledge.signatures import moderation, services
from pledge.signatures.invalidation import applying
from pledge.signatures.invalidation import services as invalidations
from pledge.signatures.models import Signature
from pledge.signatures.origins import origin
from pledge.watch import clusters
from pledge.watch import services as watch
from pledge.watch.clusters import size_bar
from tests.support.audit import actions
from tests.support.factories import (
    ANNA,
    BORA,
    campaign,
    endorsement,
    next_number,
    signature,
    signatures,
    the_campaign,
)
from tests.support.rows import row
from tests.support.worker import run_step

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")

MINUTE = 60


def people(
    number, domain="robots.example", network="203.0.113.{}", *, ago=5 * MINUTE, answers=None, of=None, **facts
):
    """So many who signed `ago` seconds ago and answered after so many seconds; None: they wait."""
    of, at = of or the_campaign(), clock.now() - timedelta(seconds=ago)
    answered = {"state": "pending"}
    if answers is not None:
        answered = {"state": "confirmed", "confirmed_at": at + timedelta(seconds=answers)}
    signers = []
    for place in range(number):
        came_from = vars(origin(of.slug, parse(f"x@{domain}"), network.format(place)))
        address = f"x{next_number()}@{domain}"
        signers.append(signature(of, at=at, email=address, **{**came_from, **answered, **facts}))
    return signers


def held():
    query = select(Signature.hold_reason, func.count()).where(Signature.hold_reason.is_not(None))
    return dict(fetch(query.group_by(Signature.hold_reason)).all())


def robots(number=12, **facts):
    return people(number, network="203.{}.113.7", **{"answers": 8, **facts})


def test_what_waits_at_a_domain_that_answers_within_seconds_is_held():
    robots()
    late = people(3, network="198.{}.100.7", ago=10)
    assert watch.hold_suspicious() == 3
    assert held() == {"speed": 3}
    assert watch.hold_suspicious() == 0
    assert services.confirm(late[0].id)
    assert row(Signature, late[0].id).state == "held"


@pytest.mark.parametrize("reason", ["signals", "blocked"])
def test_what_its_form_has_put_on_hold_is_looked_at_too_as_another_form_may_set_it_free(reason):
    robots()
    people(2, network="198.{}.100.7", ago=10, hold_reason=reason)
    assert watch.hold_suspicious() == 2
    assert held() == {"speed": 2}
    assert watch.hold_suspicious() == 0


def test_what_staff_have_cleared_is_not_held_again():
    robots()
    first, second = people(2, network="198.{}.100.7", ago=10)
    assert watch.hold_suspicious() == 2
    moderation.clear(ANNA, first.id, "one of us")
    assert watch.hold_suspicious() == 0
    people(1, network="198.{}.101.7", ago=10)
    assert watch.hold_suspicious() == 1
    for person in (first, second):
        assert services.confirm(person.id)
    assert [row(Signature, signer.id).state for signer in (first, second)] == ["confirmed", "held"]


def numbers_in_alerts():
    """What the alerts say of how many are held, the oldest first."""
    newest = reversed(alerts.newest(timedelta(days=7)))
    return [alert.facts["sign_ups"] for alert in newest if alert.kind == AlertKind.SIGN_UPS_HELD]


@pytest.mark.parametrize("reason", ["signals", "blocked", "staff", "speed"])
def test_staff_are_alerted_to_what_is_held_whatever_held_it_and_not_before_it_is_confirmed(reason):
    person = people(1, hold_reason=reason)[0]
    watch.alert_held()
    assert numbers_in_alerts() == []
    services.confirm(person.id)
    watch.alert_held()
    assert numbers_in_alerts() == [1]


def test_of_new_ones_staff_are_told_at_most_once_an_hour_and_of_the_same_ones_once_a_day(frozen_clock):
    signature(state="held", at=clock.now())
    for minutes, added, expected in [
        (0, 0, [1]),
        (10, 3, [1]),
        (55, 0, [1, 4]),
        (120, 0, [1, 4]),
        (23 * 60, 0, [1, 4, 4]),
    ]:
        frozen_clock.move(minutes=minutes)
        signatures(added, state="held", at=clock.now())
        watch.alert_held()
        assert numbers_in_alerts() == expected


def test_the_worker_alerts_with_each_look(app):
    signature(state="held")
    run_step(app, "watch")
    assert numbers_in_alerts() == [1]


def test_staff_are_not_alerted_when_all_is_decided(frozen_clock):
    person = signature(state="held")
    watch.alert_held()
    moderation.release(ANNA, person.id, "a school")
    frozen_clock.move(days=2)
    watch.alert_held()
    assert numbers_in_alerts() == [1]


def test_people_at_another_domain_or_in_another_campaign_are_left_alone():
    robots()
    people(1, network="198.51.100.7", ago=10)
    people(2, domain="people.example", network="198.51.{}.7", ago=10)
    people(2, of=campaign("other"), network="198.51.{}.7", ago=10)
    assert watch.hold_suspicious() == 1


def test_the_domain_of_a_large_provider_gives_nobody_away():
    people(30, domain="naver.com", network="203.{}.113.7", answers=8)
    people(5, domain="naver.com", network="198.{}.100.7", ago=10)
    assert watch.hold_suspicious() == 0


def test_bulk_mailboxes_at_a_large_provider_are_given_away_by_their_network():
    people(30, domain="naver.com", network="203.0.113.7", answers=8)
    people(5, domain="naver.com", network="203.0.113.7", ago=10)
    people(5, domain="naver.com", network="198.51.100.7", ago=10)
    assert watch.hold_suspicious() == 5
    assert held() == {"speed": 5}


def shops(*, same_network=False, **facts):
    """Two sign-ups at each of 30 small domains, all of one wider network."""
    for place in range(30):
        network = "203.0.113.7" if same_network else f"203.0.113.{place}"
        people(2, domain=f"shop{place}.example", network=network, **facts)


def neighbours(network="203.0.113.200"):
    """Who has signed a moment ago, at a large provider and at a small domain."""
    return people(1, domain="naver.com", network=network, ago=10) + people(
        1, domain="school.hs.kr", network=network, ago=10
    )


def reasons(some):
    return [row(Signature, signer.id).hold_reason for signer in some]


def test_forms_that_nobody_confirms_hold_those_of_their_own_address_and_nobody_beside_it():
    shops(same_network=True)
    beside = neighbours()
    assert watch.hold_suspicious() == 60
    assert held() == {"domains": 60}
    assert reasons(beside) == [None, None]


def test_forms_that_nobody_confirms_from_several_addresses_hold_nobody():
    shops()
    neighbours()
    assert watch.hold_suspicious() == 0


def test_many_small_domains_confirmed_in_one_wider_network_hold_those_at_small_domains_however_slow_they_are():
    shops(answers=4 * MINUTE)
    beside = neighbours()
    far = neighbours("198.51.100.7")
    assert watch.hold_suspicious() == 1
    assert reasons(beside + far) == [None, "domains", None, None]


def test_many_small_domains_from_one_address_do_not_hold_a_large_provider_s_mailbox_of_that_address():
    shops(same_network=True)
    alike = neighbours("203.0.113.7")
    assert watch.hold_suspicious() == 61
    assert reasons(alike) == [None, "domains"]


def test_quick_answers_from_a_wider_network_hold_no_large_provider_s_mailbox_of_another_address():
    for place in range(40):
        people(1, domain="naver.com", network=f"203.0.113.{place}", answers=8)
    beside = neighbours()
    assert watch.hold_suspicious() == 1
    assert reasons(beside) == [None, "speed"]


def test_a_hall_behind_one_address_is_not_held():
    for answers in (None, 20, 45, 55, 70, 100, 240, None):
        people(25, domain="naver.com", network="121.78.9.1", answers=answers)
    assert watch.hold_suspicious() == 0


def patient(number, domain="trap.example", network="{}.51.100.7", **facts):
    """Who answers like people; each from another network, if `network` does not name one."""
    return people(number, domain, network, **{"ago": 50 * MINUTE, "answers": 3 * MINUTE, **facts})


def test_beyond_a_few_dozen_confirmations_a_week_what_waits_at_a_small_domain_is_held(frozen_clock):
    counted = patient(24, network="203.0.113.7")
    waiting = people(3, "trap.example", "198.{}.100.7", ago=10)
    assert watch.hold_suspicious() == 0
    counted += patient(1, network="203.0.113.7")
    long_ago = people(1, "trap.example", "198.{}.100.9", ago=9 * 24 * 60 * MINUTE)
    others = people(2, "other.example", "198.{}.100.7", ago=10)
    assert watch.hold_suspicious() == 4
    assert reasons(waiting + long_ago) == ["size"] * 4
    assert reasons(others) == [None, None]
    assert {db.session.get(Signature, signer.id).state for signer in counted} == {"confirmed"}
    later = people(1, "trap.example", "198.51.{}.7", ago=0)
    assert watch.hold_suspicious() == 1
    frozen_clock.move(days=8)
    people(1, "trap.example", "198.51.{}.9", ago=0)
    assert watch.hold_suspicious() == 0, "a week later a few more may come"
    assert reasons(later) == ["size"]


def test_staff_are_alerted_to_a_domain_that_is_held():
    patient(25)
    assert watch.hold_suspicious() == 0
    assert alerts.last_at(AlertKind.DOMAIN_HELD) is None
    people(2, "trap.example", "198.{}.100.7", ago=10)
    assert watch.hold_suspicious() == 2
    assert alert_facts() == {"domains": 1, "servers": 0}


def test_the_alert_says_how_many_domains_share_a_mail_server():
    for place in range(5):
        look_up(f"robot{place}.kr", "mx.robots.co.kr.")
        patient(5, f"robot{place}.kr", f"203.{place}.{{}}.7")
    people(1, "robot4.kr", "198.51.100.7", ago=10)
    assert watch.hold_suspicious() == 1
    assert alert_facts() == {"domains": 5, "servers": 1}
    (alert,) = alerts.newest(timedelta(hours=1))
    assert "Domains: 5. Shared mail servers: 1." in alerts.details(alert.kind, alert.facts, "en")
    assert "Domains" not in alerts.details(alert.kind, {}, "en"), "one of before"


def alert_facts():
    """The facts of the one alert."""
    (alert,) = alerts.newest(timedelta(hours=1))
    assert alert.kind == AlertKind.DOMAIN_HELD
    return alert.facts


@pytest.mark.parametrize("under", ["robot.kr", "duckdns.org", "eu.org", "fastmail.com"])
def test_names_below_one_registered_domain_count_as_one(under):
    for place in range(5):
        patient(5, f"s{place}.{under}", f"203.{place}.{{}}.7")
    waiting = people(1, f"s9.{under}", "198.51.100.7", ago=10)
    assert watch.hold_suspicious() == 1
    assert reasons(waiting) == ["size"]


def test_in_a_large_campaign_a_small_domain_may_have_a_share_of_the_week():
    hour = f"{clock.now() - timedelta(days=3):%Y-%m-%dT%H}"
    long_ago = f"{clock.now() - timedelta(days=9):%Y-%m-%dT%H}"
    patient(30)
    waiting = people(1, "trap.example", "198.{}.100.7", ago=10)
    with transaction() as session:
        for key, number in ((hour, 140_000), (long_ago, 1_000_000)):
            session.add(
                Tally(campaign_id=the_campaign().id, kind="person", dimension="hour", key=key, count=number)
            )
    assert watch.hold_suspicious() == 0
    patient(5, network="198.51.{}.9")
    assert watch.hold_suspicious() == 1, "35 of 140,000"
    assert reasons(waiting) == ["size"]


@pytest.mark.parametrize(
    ("people", "bar", "of_an_institution"),
    [(0, 25, 800), (5_000, 25, 800), (100_000, 25, 800), (200_000, 50, 1_600), (1_000_000, 250, 8_000)],
)
def test_the_bar_grows_with_the_campaign(people, bar, of_an_institution):
    assert (size_bar(people), size_bar(people, is_institution=True)) == (bar, of_an_institution)


@pytest.mark.parametrize("domain", ["school.hs.kr", "snu.ac.kr"])
def test_an_institution_has_room_for_hundreds_also_before_its_mail_server_is_known(domain, monkeypatch):
    look_up(domain, None)
    patient(60, domain)
    waiting = people(2, domain, "198.51.{}.7", ago=10)
    assert watch.hold_suspicious() == 0
    monkeypatch.setattr(clusters, "INSTITUTION_FACTOR", 2)
    assert watch.hold_suspicious() == 2
    assert reasons(waiting) == ["size"] * 2


def published(website="https://company.co.kr", **facts):
    endorsement(email="ceo@mail.company.co.kr", website=website, **{"level": "domain", **facts})
    patient(30, "company.co.kr")
    waiting = people(2, "company.co.kr", "198.51.{}.7", ago=10)
    watch.hold_suspicious()
    return reasons(waiting)


def test_the_people_of_a_published_organisation_are_expected():
    assert published() == [None, None]


@pytest.mark.parametrize("facts", [{"state": "review"}, {"level": "mail"}, {"mail_domain": ""}])
def test_those_of_one_that_is_not_published_or_only_has_a_mailbox_there_are_not(facts):
    assert published(**facts) == ["size", "size"]


def test_an_organisation_with_a_free_name_does_not_speak_for_all_names_beside_it():
    endorsement(email="me@club.duckdns.org", website="https://club.duckdns.org", level="domain")
    patient(25, "robots.duckdns.org")
    waiting = people(1, "robots.duckdns.org", "198.51.{}.7", ago=10)
    watch.hold_suspicious()
    assert reasons(waiting) == ["size"]


def test_programs_at_the_domain_of_a_published_organisation_are_held_for_their_speed():
    endorsement(email="ceo@robots.example", level="site")
    robots()
    assert people(1, network="198.51.100.7", ago=10)
    assert watch.hold_suspicious() == 1
    assert held() == {"speed": 1}


def test_a_flood_of_held_ones_does_not_hide_a_patient_robot(monkeypatch):
    monkeypatch.setattr(clusters, "MAX_ROWS", 30)
    patient(25, network="203.0.113.7")
    for person in people(30, "flood.example", "203.0.113.9", ago=30 * MINUTE, answers=MINUTE):
        row = db.session.get(Signature, person.id)
        row.state, row.hold_reason = "held", "speed"
    db.session.commit()
    waiting = people(1, "trap.example", "198.{}.100.7", ago=10)
    watch.hold_suspicious()
    assert reasons(waiting) == ["size"]


def test_after_an_outage_of_the_worker_the_next_one_who_confirms_has_the_others_held():
    patient(25, network="203.0.113.7")
    waiting = people(2, "trap.example", "198.{}.100.7", ago=10 * MINUTE)
    assert watch.hold_suspicious() == 0, "nobody has come lately, so nothing has changed"
    people(1, "trap.example", "198.51.100.9", ago=11 * MINUTE, answers=11 * MINUTE)
    assert watch.hold_suspicious() == 2
    assert reasons(waiting) == ["size"] * 2


def test_signatures_of_which_no_domain_is_stored_do_not_stop_the_watch():
    for person in patient(30):
        db.session.get(Signature, person.id).domain_hash = None
    db.session.commit()
    robots()
    people(1, network="198.{}.100.7", ago=10)
    assert watch.hold_suspicious() == 1


@pytest.mark.parametrize("domain", ["naver.com", "outlook.com", "outlook.fr", "hey.com", "chol.com"])
def test_a_provider_s_domain_may_have_any_number(domain):
    patient(40, domain)
    people(2, domain, "198.{}.100.7", ago=10)
    assert watch.hold_suspicious() == 0


def look_up(domain, *servers, addresses=()):
    """Of mail servers in the order of their preference; None: no answer."""
    hashed = origin(the_campaign().slug, parse(f"x@{domain}"), "").domain_hash
    hosts = mail_servers.MailHosts([*enumerate(servers)], addresses)
    mail_servers.note(hashed, domain, the_campaign().slug)
    assert mail_servers.look_up_next(mail_servers.no_answer if servers == (None,) else lambda _host: hosts)


@pytest.mark.parametrize(
    ("servers", "addresses", "expected"),
    [
        (["mx.robots.co.kr."], [], "size"),
        (["mx.robots.co.kr.", "aspmx.l.google.com."], [], "size"),
        (["mx.zz-robots.com.", "mx.victim.co.kr."], [], "size"),
        ([], ["198.51.100.7"], "size"),
        (["aspmx.l.google.com."], [], None),
        ([], [], None),
    ],
)
def test_domains_that_share_a_mail_server_count_together_but_not_those_at_a_known_hoster(
    servers, addresses, expected
):
    for place in range(5):
        look_up(f"robot{place}.kr", *servers, addresses=addresses)
        patient(5, f"robot{place}.kr", f"203.{place}.{{}}.7")
    waiting = people(1, "robot4.kr", "198.51.100.7", ago=10)
    watch.hold_suspicious()
    assert reasons(waiting) == [expected]


def test_nobody_is_held_for_what_others_did_at_domains_of_the_same_mail_server():
    """The server's own domain is not added to its customers', nor is a customer's of which few have come."""
    for domain in ("owner.co.kr", "small.kr", *(f"robot{place}.kr" for place in range(5))):
        look_up(domain, "mx.owner.co.kr.")
    for place in range(5):
        patient(24, f"robot{place}.kr", f"203.{place}.{{}}.7")
    patient(20, "owner.co.kr")
    patient(4, "small.kr")
    free = people(5, "owner.co.kr", "198.51.{}.7", ago=10) + people(1, "small.kr", "198.51.100.7", ago=10)
    brought = people(1, "robot4.kr", "198.51.100.9", ago=10)
    assert watch.hold_suspicious() == 1
    assert reasons(free + brought) == [None] * 6 + ["size"]


def test_an_institution_is_not_added_to_others_of_its_mail_server():
    for domain in ("one.hs.kr", "two.hs.kr"):
        look_up(domain, "mx.schools.co.kr.")
        patient(20, domain)
    people(2, "one.hs.kr", "198.51.{}.7", ago=10)
    assert watch.hold_suspicious() == 0


def test_those_at_a_provider_are_not_held_for_many_small_domains_around_them():
    shops(answers=4 * MINUTE)
    beside = [
        *people(1, "outlook.fr", "203.0.113.200", ago=10),
        *people(1, "own.kr", "203.0.113.200", ago=10),
    ]
    assert watch.hold_suspicious() == 1
    assert reasons(beside) == [None, "domains"]


def origin_of(domain):
    of = the_campaign()
    return Origin(of.id, OriginKind.DOMAIN, origin(of.slug, parse(f"x@{domain}"), "").domain_hash)


def allow(domain="trap.example", why="a company"):
    return watch.allow(ANNA, origin_of(domain), why)


def test_an_allowed_domain_may_have_any_number_and_those_who_were_held_are_counted():
    patient(25)
    held_person, waiting = people(2, "trap.example", "198.{}.100.7", ago=10)
    watch.hold_suspicious()
    services.confirm(held_person.id)
    assert allow() is None
    while applying.advance():
        pass
    assert services.confirm(waiting.id)
    later = people(1, "trap.example", "198.51.{}.7", ago=10)
    assert watch.hold_suspicious() == 0
    states = [db.session.get(Signature, signer.id).state for signer in (held_person, waiting, *later)]
    assert states == ["confirmed", "confirmed", "pending"]
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "block.allow")).one()
    assert (entry.actor, entry.reason) == (ANNA.name, "a company")


def held_domain(number):
    signatures(number, state="held", domain_hash=origin_of("trap.example").hash)


@pytest.mark.parametrize(("held", "is_allowed_at_once"), [(0, True), (50, True), (51, False)])
def test_a_domain_is_allowed_with_the_release_of_those_who_are_held(held, is_allowed_at_once):
    held_domain(held)
    number = allow()
    assert (number is None, origin_list.find(origin_of("trap.example")) is not None) == (
        (is_allowed_at_once, is_allowed_at_once)
    )
    if number:
        invalidations.approve(BORA, number)
        placed = origin_list.find(origin_of("trap.example"))
        assert (placed.effect, placed.placed_name, placed.note) == ("allow", BORA.name, "a company")


def test_a_domain_whose_release_is_refused_is_not_allowed():
    held_domain(51)
    invalidations.discard(BORA, allow(), "robots")
    assert origin_list.entries(the_campaign().id) == []
    assert actions("block.") == []


def test_an_allowed_network_is_not_held_for_its_speed():
    people(30, domain="naver.com", network="203.0.113.7", answers=8)
    people(5, domain="naver.com", network="203.0.113.7", ago=10)
    of = origin(the_campaign().slug, parse("x@naver.com"), "203.0.113.7")
    watch.allow(ANNA, Origin(the_campaign().id, OriginKind.NETWORK, of.network_hash), "a hall")
    assert watch.hold_suspicious() == 0


def test_allowing_needs_a_reason():
    with pytest.raises(NoReason):
        allow(why=" ")
    assert origin_list.entries(the_campaign().id) == []


def test_what_was_sent_longer_ago_than_an_hour_says_nothing():
    robots(ago=61 * MINUTE)
    people(3, network="198.{}.100.7", ago=10)
    assert watch.hold_suspicious() == 0


def test_on_a_busy_day_it_looks_at_the_newest_only(monkeypatch):
    robots(ago=20 * MINUTE)
    people(3, network="198.{}.100.7", ago=10)
    monkeypatch.setattr(clusters, "MAX_ROWS", 8)
    assert watch.hold_suspicious() == 0


def test_many_are_held_in_batches(monkeypatch):
    monkeypatch.setattr(watch, "BATCH", 2)
    robots()
    people(5, network="198.{}.100.7", ago=10)
    assert watch.hold_suspicious() == 5


def test_whoever_confirms_between_the_look_and_the_hold_stays_counted(monkeypatch):
    robots()
    (quick,) = people(1, network="198.51.100.7", ago=10)
    mark = watch._mark

    def after_confirming(*args):
        services.confirm(quick.id)
        return mark(*args)

    monkeypatch.setattr(watch, "_mark", after_confirming)
    assert watch.hold_suspicious() == 0
    assert held() == {}


def test_while_nobody_signs_or_confirms_no_clusters_are_looked_for(frozen_clock, monkeypatch):
    signature(state="pending")
    looked = []
    monkeypatch.setattr(watch, "suspicious", lambda: looked.append(1) or defaultdict(list))
    watch.hold_suspicious()
    frozen_clock.move(hours=2)
    watch.hold_suspicious()
    assert looked == [1]
