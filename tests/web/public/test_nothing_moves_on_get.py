"""Promise 3: a link that is opened does nothing. Every non-POST route × every kind of token × GET, HEAD, OPTIONS."""

import hashlib

import pytest
from sqlalchemy import select

from pledge.core.db import db
from pledge.endorsements import handover
from pledge.endorsements import services as endorsements
from pledge.endorsements.models import ContactChange
from pledge.mail.addresses import parse
from pledge.signatures.services import ticket_for
from tests.support.factories import (
    campaign,
    confirm_token,
    endorse_confirm_token,
    endorse_contact_token,
    endorse_manage_token,
    endorsement,
    manage_token,
    signature,
    unsubscribe_token,
)
from tests.support.routes import unknown

pytestmark = pytest.mark.usefixtures("app")


def fingerprint():
    """Everything in the database, as one hash."""
    db.session.rollback()
    digest = hashlib.sha256()
    for table in db.metadata.sorted_tables:
        rows = db.session.execute(select(table).order_by(*table.primary_key.columns)).all()
        digest.update(repr([tuple(map(repr, row)) for row in rows]).encode())
    return digest.hexdigest()


def every_token():
    of = campaign(versions=2)
    people = [
        *(
            signature(of, state=state, updates=True, email=f"{state}@naver.com")
            for state in ("pending", "confirmed", "withdrawn", "invalidated")
        ),
        signature(of, state="pending"),
    ]
    for person in people:
        yield confirm_token(person)
        yield manage_token(person)
        yield unsubscribe_token(person)
        yield ticket_for("blue-skies", person.id)
    yield from every_token_of_organizations(of)
    yield "garbage"


def every_token_of_organizations(of):
    for state in ("pending", "review", "changes", "published", "declined", "withdrawn"):
        row = endorsement(of, state=state, email=f"{state}@haneul.co.kr")
        yield endorse_confirm_token(row)
        yield endorse_manage_token(row)
    yield endorsements.ticket_for("blue-skies", row.address_hash, row.name_key)
    published = endorsement(of)
    handover.ask(
        endorse_manage_token(published),
        name="이바다",
        title="팀장",
        mailbox=parse("sea@haneul.co.kr"),
        lang="ko",
    )
    yield endorse_contact_token(db.session.get(ContactChange, published.id))


def every_address(app, tokens):
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods:
            continue
        for token in tokens if rule.arguments & {"token", "ticket"} else ["-"]:
            values = {"lang": "ko", "slug": "blue-skies", "token": token, "ticket": token}
            values |= rule.defaults or {}
            values |= {name: unknown(rule, name, {"int": 1}) for name in rule.arguments - values.keys()}
            with app.test_request_context():
                built = rule.build({name: values[name] for name in rule.arguments})
            assert built is not None
            yield built[1]


@pytest.mark.sqlite_only
def test_no_get_head_or_options_changes_anything(app, client):
    walk(app, client, list(every_token()))


@pytest.mark.sqlite_only
def test_a_request_with_an_expired_token_changes_nothing(app, client, frozen_clock):
    tokens = list(every_token())
    frozen_clock.move(days=8)
    walk(app, client, tokens)


def walk(app, client, tokens):
    """Open every address by every method that must not act: the database is as before, and nothing breaks."""
    before = fingerprint()
    asked = 0
    for address in every_address(app, tokens):
        for method in ("GET", "HEAD", "OPTIONS"):
            reply = client.open(address, method=method)
            assert reply.status_code < 500 or address == "/readyz", (method, address, reply.status_code)
            asked += 1
    assert asked > 300
    assert fingerprint() == before
