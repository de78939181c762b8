"""The list of networks and mail domains: what comes from a held one waits for a decision, answered like everything else."""

from dataclasses import replace

import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.exc import IntegrityError

from pledge.abuse import origin_list
from pledge.abuse.models import ListedOrigin, ListEffect, OriginKind
from pledge.abuse.origin_list import Origin
from pledge.audit.models import AuditEntry
from pledge.audit.services import NoReason
from pledge.core import clock as time
from pledge.core.db import db, fetch, transaction
from pledge.mail.addresses import address_hash, parse
from pledge.signatures import origins, services
from pledge.signatures.models import Signature, SignatureState
from pledge.watch.clusters import COLUMNS
from tests.support import factories
from tests.support.at_once import at_once
from tests.support.factories import HONG, SLUG


@pytest.fixture
def campaign(app):
    return factories.campaign()


def hashed(kind):
    return {
        OriginKind.NETWORK: origins.network_hash(SLUG, "203.0.113.7"),
        OriginKind.WIDE_NETWORK: origins.wide_network_hash(SLUG, "203.0.113.7"),
        OriginKind.DOMAIN: origins.domain_hash(SLUG, "robots.example"),
        OriginKind.ADDRESS: origins.listed_address_hash(SLUG, parse("Hong@robots.example")),
    }[kind]


def place(campaign, kind=OriginKind.DOMAIN, effect=ListEffect.HOLD, why="a wave of robots", large=()):
    origin_list.add(factories.ANNA, Origin(campaign.id, kind, hashed(kind)), effect, why, large)


def reason_of(address, network="203.0.113.7", hold_reason=None):
    """Why the sign-up is held; None when it is not."""
    services.sign(replace(HONG, address=parse(address), network=network, hold_reason=hold_reason))
    query = select(Signature.hold_reason).where(Signature.address_hash == address_hash(parse(address)))
    return fetch(query).scalar()


def test_what_one_mailbox_sends_is_held_however_it_is_typed_and_in_this_campaign_only(campaign):
    place(campaign, OriginKind.ADDRESS)
    assert reason_of("HONG@robots.example") == "blocked"
    assert reason_of("kim@robots.example") is None
    assert hashed(OriginKind.ADDRESS) != origins.listed_address_hash("rivers", parse("hong@robots.example"))


def test_an_allowed_address_is_held_by_nothing(campaign):
    place(campaign)
    place(campaign, OriginKind.ADDRESS, ListEffect.ALLOW)
    assert reason_of("hong@robots.example", hold_reason="signals") is None
    assert db.session.scalar(select(Signature.cleared)), "the watch leaves it alone"
    assert reason_of("kim@robots.example") == "blocked"


@pytest.mark.parametrize("kind", COLUMNS)
def test_what_comes_from_a_held_origin_is_held_and_nothing_else(campaign, kind):
    assert reason_of("a@robots.example") is None
    place(campaign, kind)
    assert reason_of("b@robots.example") == "blocked"
    assert reason_of("c@people.example", "198.51.100.9") is None
    near = {OriginKind.NETWORK: None, OriginKind.WIDE_NETWORK: "blocked", OriginKind.DOMAIN: None}
    assert reason_of("d@people.example", "203.0.113.99") == near[kind]


def test_such_a_sign_up_is_confirmed_and_held_and_not_counted(campaign):
    place(campaign)
    assert reason_of("b@robots.example") == "blocked"
    assert services.confirm(fetch(select(Signature.id)).scalar_one())
    assert db.session.scalar(select(Signature.state)) == SignatureState.HELD


def test_it_is_held_until_somebody_ends_it(campaign, clock):
    place(campaign)
    clock.move(days=80)
    assert reason_of("a@robots.example") == "blocked"
    (row,) = origin_list.entries(campaign.id)
    origin_list.remove(factories.BORA, row.id)
    assert reason_of("c@robots.example") is None
    assert origin_list.entries(campaign.id) == []
    with pytest.raises(origin_list.NotListed):
        origin_list.remove(factories.BORA, row.id)


def test_the_newest_entry_about_an_origin_replaces_the_one_before(campaign):
    place(campaign)
    place(campaign, effect=ListEffect.ALLOW, why="a school")
    assert [(row.effect, row.note) for row in origin_list.entries(campaign.id)] == [("allow", "a school")]
    assert reason_of("a@robots.example") is None


@pytest.mark.postgresql_only
def test_of_several_who_place_one_at_the_same_moment_the_last_one_replaces_the_others(app, campaign):
    origin = Origin(campaign.id, OriginKind.DOMAIN, hashed(OriginKind.DOMAIN))
    at_once(app, *[lambda: origin_list.add(factories.ANNA, origin, ListEffect.HOLD, "robots", ())] * 6)
    assert len(origin_list.entries(origin.campaign_id)) == 1


def test_the_database_refuses_two_entries_about_one_origin(campaign):
    place(campaign)
    row = {"campaign_id": campaign.id, "kind": "domain", "hash": hashed(OriginKind.DOMAIN), "effect": "allow"}
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(
            insert(ListedOrigin), [{**row, "note": "x", "placed_name": "x", "placed_at": time.now()}]
        )


def test_signing_reads_the_list_every_few_seconds_and_not_each_time(campaign, clock):
    seen = []
    reason_of("a@robots.example")
    event.listen(db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    for number in range(5):
        reason_of(f"b{number}@robots.example")
    assert not [statement for statement in seen if "FROM listed_origins" in statement]
    clock.move(seconds=3)
    reason_of("c@robots.example")
    assert len([statement for statement in seen if "FROM listed_origins" in statement]) == 1


def test_a_large_provider_cannot_be_held_but_allowed(campaign):
    large = {hashed(OriginKind.DOMAIN): "naver.com"}
    with pytest.raises(origin_list.LargeProviderNotAllowed):
        place(campaign, large=large)
    assert origin_list.entries(campaign.id) == []
    place(campaign, effect=ListEffect.ALLOW, large=large)


def test_each_act_needs_a_reason_and_is_in_the_audit_log_without_the_hash(campaign):
    with pytest.raises(NoReason):
        place(campaign, why=" ")
    place(campaign, OriginKind.NETWORK)
    place(campaign, effect=ListEffect.ALLOW)
    origin_list.remove(factories.BORA, origin_list.entries(campaign.id)[0].id)
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()[-3:]
    assert [(entry.action, entry.actor) for entry in entries] == [
        ("block.place", factories.ANNA.name),
        ("block.allow", factories.ANNA.name),
        ("block.lift", factories.BORA.name),
    ]
    assert (entries[0].details, entries[0].reason) == ('{"of":"network"}', "a wave of robots")
    assert hashed(OriginKind.NETWORK).hex() not in "".join(entry.details + entry.subject for entry in entries)
