"""Promise 3: a link that is opened does nothing. Every non-POST route × every kind of token × GET, HEAD, OPTIONS."""

import hashlib

import pytest
from sqlalchemy import select

from pledge.core.db import db, fetch
from tests.support.factories import SLUG
from tests.support.staff import client as staff_client
from tests.support.world import World, built, world

pytestmark = pytest.mark.usefixtures("app")


def fingerprint():
    """Everything in the database, as one hash."""
    digest = hashlib.sha256()
    for table in db.metadata.sorted_tables:
        rows = fetch(select(table).order_by(*table.primary_key.columns)).all()
        digest.update(repr([tuple(map(repr, row)) for row in rows]).encode())
    return digest.hexdigest()


def every_address(app, known):
    """Each route with parts that lead somewhere; one that takes a token gets every one of any kind."""
    plain, tokens = {"<lang>": ["ko"], "<slug>": [SLUG]}, ["garbage"]
    for key, some in known.values.items():
        if key.endswith(("<token>", "<ticket>")):
            tokens += some
        else:
            plain.setdefault(key, some)
    anywhere = World({**plain, "<token>": tokens, "<ticket>": tokens})
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods:
            for parts in anywhere.parts(rule):
                yield built(rule, parts)


@pytest.mark.sqlite_only
def test_no_get_head_or_options_changes_anything(app, client):
    walk(app, client, world(staff_client(app)))


@pytest.mark.sqlite_only
def test_a_request_with_an_expired_token_changes_nothing(app, client, frozen_clock):
    known = world(staff_client(app))
    frozen_clock.move(days=8)
    walk(app, client, known)


def walk(app, client, known):
    """Open every address by every method that must not act: the database is as before, and nothing breaks."""
    before = fingerprint()
    asked = 0
    for address in every_address(app, known):
        for method in ("GET", "HEAD", "OPTIONS"):
            reply = client.open(address, method=method, buffered=True)
            assert reply.status_code < 500 or address == "/readyz", (method, address, reply.status_code)
            asked += 1
    assert asked > 300
    assert fingerprint() == before
