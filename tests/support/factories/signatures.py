"""Signatures with their entries in the ledger, invalidations, and what a signer holds in hand."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from pledge.campaigns.models import Campaign
from pledge.core import clock, tokens
from pledge.core.db import transaction
from pledge.core.tokens import Purpose
from pledge.ledger import leaves
from pledge.ledger import services as ledger
from pledge.ledger.models import Kind, LedgerEntry, Reason
from pledge.ledger.services import Place
from pledge.mail.addresses import address_hash, parse
from pledge.mailed_links.links import new_id
from pledge.signatures import origins
from pledge.signatures.invalidation.models import Invalidation
from pledge.signatures.models import Signature, SignatureState
from pledge.signatures.services import Submission
from tests.support.factories.accounts import ANNA
from tests.support.factories.campaigns import the_campaign
from tests.support.factories.numbers import next_number

#: Where people of the factories live.
SEOUL = Place("KR", "KR-11")


def signature(
    of: Campaign | None = None,
    *,
    state: str = SignatureState.CONFIRMED,
    email: str | None = None,
    at: datetime | None = None,
    **facts: Any,
) -> Signature:
    """A person's signature in one of its states, an hour old unless `at` says otherwise. One with a `hold_reason` was never
    counted.
    """
    of = of or the_campaign()
    at = at or clock.now() - timedelta(hours=1)
    state = SignatureState(state)
    address = parse(email or f"person{next_number()}@example.org")
    salt = leaves.new_salt()
    facts = {"country": "KR", "region": "KR-11" if facts.get("country", "KR") == "KR" else None, **facts}
    was_confirmed = state is not SignatureState.PENDING
    if state is SignatureState.INVALIDATED:
        facts.setdefault("invalidation_id", invalidation(applied=1).id)
    if state is SignatureState.HELD:
        facts.setdefault("hold_reason", "staff")
    was_counted = was_confirmed and not facts.get("hold_reason")
    row = Signature(
        **{
            "id": new_id(),
            "campaign_id": of.id,
            "address_hash": address_hash(address),
            "content_hash": secrets.token_bytes(32),
            "mails": 1,
            "state": state,
            "email": address.mailed,
            "name": "홍길동",
            "public_name": False,
            "updates": False,
            "lang": "ko",
            "pledge_text_id": of.pledges[-1].id,
            "privacy_version": "2026-11-24",
            "salt": salt,
            "commitment": leaves.commitment(salt, address.mailed),
            "submitted_at": at,
            "code_since": at,
            "confirmed_at": at if was_confirmed else None,
            "withdrawn_at": at + timedelta(minutes=30) if state is SignatureState.WITHDRAWN else None,
            **facts,
        }
    )
    with transaction() as session:
        session.add(row)
        session.flush()
        session.execute(insert(LedgerEntry), _entries(row)) if was_counted else None
    return row


def signatures(number: int, of: Campaign | None = None, **facts: Any) -> list[Signature]:
    return [signature(of, **facts) for _ in range(number)]


def confirm_token(of: Signature) -> str:
    """What the mail to confirm carries in its link."""
    return tokens.mint(Purpose.CONFIRM, [of.id])


def press_key(of: Signature) -> str:
    """What the browser keeps that pressed the button of that link."""
    return tokens.mint(Purpose.PRESSED, [of.id])


def manage_token(of: Signature) -> str:
    return tokens.mint(Purpose.MANAGE, [of.id])


def unsubscribe_token(of: Signature) -> str:
    return tokens.mint(Purpose.UNSUBSCRIBE, [of.id])


def code(of: Signature) -> str:
    """The six digits of the first mail to confirm; `mailed()` says that there was one."""
    return tokens.code(of.id, 1)


#: What the form of somebody who signs gives the use case.
HONG = Submission(
    slug="blue-skies",
    name="홍길동",
    address=parse("hong@naver.com"),
    country="KR",
    region="KR-11",
    public_name=False,
    updates=True,
    lang="ko",
    privacy_version="2026-11-24",
)


def sign_form(**changes: Any) -> dict[str, Any]:
    """The fields of the form as a browser sends them; `field=None` leaves one out, as an empty box does."""
    fields = {
        "name": "홍길동",
        "email": f"person{next_number()}@example.org",
        "country": "KR",
        "region": "KR-11",
        "age_ok": "y",
        "consent_privacy": "y",
        "pledge_version": "1",
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _entries(row: Signature) -> list[dict[str, Any]]:
    moves = [(1, Reason.CONFIRMED, row.confirmed_at)]
    if row.withdrawn_at:
        moves.append((-1, Reason.WITHDRAWN, row.withdrawn_at))
    if row.invalidation_id:
        moves.append((-1, Reason.INVALIDATED, row.confirmed_at))
    return [
        {
            "campaign_id": row.campaign_id,
            "kind": Kind.PERSON,
            "delta": delta,
            "reason": reason,
            "subject_id": row.id,
            "country": row.country,
            "region": row.region,
            "hour": ledger.hour_of(at),
            "occurred_at": at,
            "pledge_text_id": row.pledge_text_id,
            "commitment": row.commitment if delta == 1 else None,
        }
        for delta, reason, at in moves
        if at is not None
    ]


def invalidation(**facts: Any) -> Invalidation:
    """An invalidation that has been applied; `state`, `reason`, `matched` and the rest as a test wants them."""
    now = clock.now()
    row = Invalidation(
        **{
            "state": "applied",
            "reason": "automated",
            "note": "a burst from one network",
            "notify": False,
            "matched": 1,
            "proposed_by": ANNA.staff_id,
            "proposed_name": ANNA.name,
            "proposed_at": now,
            **facts,
        }
    )
    with transaction() as session:
        session.add(row)
    return row


def crowd(number: int, of: Campaign | None = None, **facts: Any) -> list[int]:
    """Many confirmed signatures at once, with their entries in the ledger; their numbers. `at` is when they signed."""
    of = of or the_campaign()
    at = facts.pop("at", None) or clock.now() - timedelta(hours=1)
    domain = facts.pop("domain", "example.org")
    ids = [new_id() for _ in range(number)]
    rows = [
        {
            "id": signature_id,
            "campaign_id": of.id,
            "address_hash": address_hash(parse(f"c{signature_id}@{domain}")),
            "content_hash": secrets.token_bytes(32),
            "mails": 1,
            "state": "confirmed",
            "email": f"c{signature_id}@{domain}",
            "name": "홍길동",
            "country": "KR",
            "region": None,
            "public_name": False,
            "updates": False,
            "lang": "ko",
            "pledge_text_id": of.pledges[-1].id,
            "privacy_version": "2026-11-24",
            "salt": "a salt",
            "commitment": secrets.token_bytes(32),
            "submitted_at": at,
            "code_since": at,
            "confirmed_at": at + timedelta(minutes=5),
            "domain_hash": origins.domain_hash("blue-skies", domain),
            **facts,
        }
        for signature_id in ids
    ]
    entry = {"kind": Kind.PERSON, "delta": 1, "reason": Reason.CONFIRMED}
    entry |= {"hour": ledger.hour_of(at), "occurred_at": at}
    told = ("campaign_id", "country", "region", "pledge_text_id", "commitment")
    with transaction() as session:
        session.execute(insert(Signature), rows)
        session.execute(
            insert(LedgerEntry),
            [{**entry, "subject_id": row["id"], **{name: row[name] for name in told}} for row in rows],
        )
    return ids
