"""Rows for tests, made like the real ones: what is confirmed also stands in the ledger, waiting for the fold.

All of them need an application context; the `app` fixture has pushed one. Say only what the test is about:

    person = signature(state="confirmed", country="JP")
"""

import hashlib
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import insert, select

from pledge import clock, tokens
from pledge.campaigns.models import Campaign, CampaignText, Partner, PledgeText
from pledge.db import db, transaction
from pledge.ledger import services as ledger
from pledge.ledger.models import Kind, LedgerEntry, Reason
from pledge.signatures.addresses import parse
from pledge.signatures.identifiers import address_hash, new_id
from pledge.signatures.models import Signature, SignatureState
from pledge.tokens import Purpose

SLUG = "blue-skies"
_numbers = count(1)


def campaign(slug: str = SLUG, *, versions: int = 1, **facts: Any) -> Campaign:
    """An open campaign with texts in both languages, a secretariat, a partner and `versions` pledge texts."""
    row = Campaign(**{"slug": slug, "state": "open", "goal": 1000, **facts})
    row.texts = [
        CampaignText(
            lang="ko",
            title="푸른 하늘",
            tagline="함께 서명해요",
            summary="맑은 공기를 위한 서약",
            body="## 왜\n\n하늘을 위해.",
        ),
        CampaignText(
            lang="en",
            title="Blue Skies",
            tagline="Sign with us",
            summary="A pledge for clean air",
            body="## Why\n\nFor the sky.",
        ),
    ]
    row.partners = [
        Partner(
            position=0,
            role="secretariat",
            name_ko="사무국",
            name_en="The Secretariat",
            url="https://example.org/",
        ),
        Partner(position=1, role="partner", name_ko="동반자", name_en="A Partner", url=""),
    ]
    with transaction() as session:
        session.add(row)
        session.flush()
        session.add_all(_pledge_text(row.id, version) for version in range(1, versions + 1))
    return row


def the_campaign() -> Campaign:
    """The campaign of this test; one is made when there is none."""
    return db.session.scalar(select(Campaign).order_by(Campaign.id).limit(1)) or campaign()


def signature(
    of: Campaign | None = None,
    *,
    state: str = SignatureState.CONFIRMED,
    email: str | None = None,
    at: datetime | None = None,
    **facts: Any,
) -> Signature:
    """A person's signature in one of its states, an hour old unless `at` says otherwise."""
    of = of or the_campaign()
    at = at or clock.now() - timedelta(hours=1)
    state = SignatureState(state)
    address = parse(email or f"person{next(_numbers)}@example.org")
    facts = {"country": "KR", "region": "KR-11" if facts.get("country", "KR") == "KR" else None, **facts}
    was_confirmed = state is not SignatureState.PENDING
    row = Signature(
        **{
            "id": new_id(),
            "campaign_id": of.id,
            "address_hash": address_hash(address),
            "seq": 1,
            "state": state,
            "email": address.mailed,
            "name": "홍길동",
            "public_name": False,
            "updates": False,
            "lang": "ko",
            "pledge_text_id": of.pledges[-1].id,
            "privacy_version": "2026-11-24",
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
        session.execute(insert(LedgerEntry), _entries(row)) if was_confirmed else None
    return row


def signatures(number: int, of: Campaign | None = None, **facts: Any) -> list[Signature]:
    return [signature(of, **facts) for _ in range(number)]


def fold_all() -> int:
    """Run the fold until nothing waits; how many entries it numbered."""
    folded = 0
    while step := ledger.fold():
        folded += step
    return folded


# --- What a visitor would hold in hand ---


def confirm_token(of: Signature, seq: int | None = None) -> str:
    """What the mail to confirm carries in its link."""
    return tokens.mint(Purpose.CONFIRM, [of.id, seq or of.seq])


def manage_token(of: Signature) -> str:
    return tokens.mint(Purpose.MANAGE, [of.id])


def unsubscribe_token(of: Signature) -> str:
    return tokens.mint(Purpose.UNSUBSCRIBE, [of.id])


def code(of: Signature) -> str:
    """The six digits of the mail to confirm."""
    return tokens.code(of.id, of.seq)


def sign_form(**changes: Any) -> dict[str, Any]:
    """The fields of the form as a browser sends them; `field=None` leaves one out, as an empty box does."""
    fields = {
        "name": "홍길동",
        "email": f"person{next(_numbers)}@example.org",
        "country": "KR",
        "region": "KR-11",
        "age_ok": "y",
        "consent_privacy": "y",
        "pledge_version": "1",
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _pledge_text(campaign_id: int, version: int) -> PledgeText:
    ko, en = f"서약 {version}판", f"The pledge, version {version}"
    digest = hashlib.sha256(f"{ko}\0{en}".encode()).digest()
    return PledgeText(
        campaign_id=campaign_id, version=version, ko=ko, en=en, sha256=digest, created_at=clock.now()
    )


def _entries(row: Signature) -> list[dict[str, Any]]:
    moves = [(1, Reason.CONFIRMED, row.confirmed_at)]
    if row.withdrawn_at:
        moves.append((-1, Reason.WITHDRAWN, row.withdrawn_at))
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
        }
        for delta, reason, at in moves
        if at is not None
    ]
