"""Blocks: what comes from a network or with a mail domain is held for a while, answered like everything else."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from pledge.abuse import blocks
from pledge.abuse.blocks import BlockedOrigin
from pledge.abuse.models import OriginKind
from pledge.audit.models import AuditEntry
from pledge.audit.services import NoReason
from pledge.core.db import db
from pledge.mail.addresses import address_hash, parse
from pledge.signatures import origins, services
from pledge.signatures.models import Signature, SignatureState
from tests.support import factories
from tests.support.factories import HONG, SLUG

HOUR = timedelta(hours=1)


@pytest.fixture
def campaign(app):
    return factories.campaign()


def hashed(kind):
    return {
        OriginKind.NETWORK: origins.network_hash(SLUG, "203.0.113.7"),
        OriginKind.WIDE_NETWORK: origins.wide_network_hash(SLUG, "203.0.113.7"),
        OriginKind.DOMAIN: origins.domain_hash(SLUG, "robots.example"),
    }[kind]


def block(campaign, kind, lasting=HOUR):
    blocks.place(
        factories.ANNA, BlockedOrigin(campaign.id, kind, hashed(kind)), lasting, "a wave of robots", ()
    )


def reason_of(address, network="203.0.113.7"):
    """Why the sign-up is held; None when it is not."""
    services.sign(replace(HONG, address=parse(address), network=network))
    db.session.rollback()
    return db.session.scalar(
        select(Signature.hold_reason).where(Signature.address_hash == address_hash(parse(address)))
    )


@pytest.mark.parametrize("kind", OriginKind)
def test_what_comes_from_a_blocked_origin_is_held_and_nothing_else(campaign, kind):
    assert reason_of("a@robots.example") is None
    block(campaign, kind)
    assert reason_of("b@robots.example") == "blocked"
    assert reason_of("c@people.example", "198.51.100.9") is None
    near = {OriginKind.NETWORK: None, OriginKind.WIDE_NETWORK: "blocked", OriginKind.DOMAIN: None}
    assert reason_of("d@people.example", "203.0.113.99") == near[kind]


def test_a_blocked_sign_up_is_confirmed_and_held_and_not_counted(campaign):
    block(campaign, OriginKind.DOMAIN)
    assert reason_of("b@robots.example") == "blocked"
    number = db.session.scalar(select(Signature.id))
    db.session.rollback()
    assert services.confirm(number)
    assert db.session.scalar(select(Signature.state)) == SignatureState.HELD


def test_a_block_ends_by_itself_and_when_it_is_lifted(campaign, clock):
    block(campaign, OriginKind.DOMAIN)
    clock.move(minutes=59)
    assert reason_of("a@robots.example") == "blocked"
    clock.move(minutes=2)
    assert reason_of("b@robots.example") is None
    block(campaign, OriginKind.DOMAIN)
    (lasting,) = blocks.lasting(campaign.id)
    blocks.lift(factories.BORA, lasting.id)
    assert reason_of("c@robots.example") is None
    assert blocks.lasting(campaign.id) == []
    with pytest.raises(blocks.NoSuchBlock):
        blocks.lift(factories.BORA, lasting.id)


def test_who_blocks_what_lasts_already_sets_a_new_end(campaign, clock):
    block(campaign, OriginKind.NETWORK)
    clock.move(minutes=30)
    block(campaign, OriginKind.NETWORK, timedelta(days=1))
    (lasting,) = blocks.lasting(campaign.id)
    assert lasting.until - lasting.placed_at == timedelta(days=1)


def test_signing_reads_the_blocks_every_few_seconds_and_not_each_time(campaign, clock):
    seen = []
    reason_of("a@robots.example")
    event.listen(db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    for number in range(5):
        reason_of(f"b{number}@robots.example")
    assert not [statement for statement in seen if "FROM blocks" in statement]
    clock.move(seconds=3)
    reason_of("c@robots.example")
    assert len([statement for statement in seen if "FROM blocks" in statement]) == 1


def test_what_is_spared_cannot_be_blocked(campaign):
    origin = BlockedOrigin(campaign.id, OriginKind.DOMAIN, hashed(OriginKind.DOMAIN))
    with pytest.raises(blocks.LargeProviderNotAllowed):
        blocks.place(factories.ANNA, origin, HOUR, "a wave", {origin.hash: "robots.example"})
    assert blocks.lasting(campaign.id) == []


def test_each_act_needs_a_reason_and_is_in_the_audit_log_without_the_hash(campaign):
    with pytest.raises(NoReason):
        blocks.place(
            factories.ANNA,
            BlockedOrigin(campaign.id, OriginKind.NETWORK, hashed(OriginKind.NETWORK)),
            HOUR,
            " ",
            (),
        )
    block(campaign, OriginKind.NETWORK)
    blocks.lift(factories.BORA, blocks.lasting(campaign.id)[0].id)
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()[-2:]
    assert [(entry.action, entry.actor) for entry in entries] == [
        ("block.place", factories.ANNA.name),
        ("block.lift", factories.BORA.name),
    ]
    assert entries[0].details == '{"hours":1,"of":"network"}'
    assert hashed(OriginKind.NETWORK).hex() not in "".join(entry.details + entry.subject for entry in entries)
