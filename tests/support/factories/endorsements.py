"""Organisations with their versions and entries in the ledger, and what their contact holds in hand."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from pledge.campaigns.models import Campaign
from pledge.core import clock, languages, tokens
from pledge.core.db import db, transaction
from pledge.core.languages import Texts
from pledge.core.text import markdown
from pledge.core.tokens import Purpose
from pledge.endorsements import applications, counting
from pledge.endorsements import versions as endorsement_versions
from pledge.endorsements.applications import Applicant
from pledge.endorsements.models import (
    REPLACEABLE,
    ContactChange,
    Endorsement,
    EndorsementState,
    EndorsementVersion,
    VersionState,
)
from pledge.endorsements.rules import Content
from pledge.endorsements.services import Application, Contact
from pledge.endorsements.verification.names import name_key
from pledge.ledger.models import Reason
from pledge.mail.addresses import address_hash, parse
from pledge.mailed_links.links import new_id
from tests.support.factories.campaigns import the_campaign
from tests.support.factories.numbers import next_number


def endorsement(
    of: Campaign | None = None,
    *,
    state: str = EndorsementState.PUBLISHED,
    email: str | None = None,
    at: datetime | None = None,
    **facts: Any,
) -> Endorsement:
    """An organisation in one of its states, confirmed an hour ago unless `at` says otherwise; published ones are counted.

    Facts of the endorsement and of its version go in side by side: `endorsement(name_en="Posco", level="domain")`. A text
    by language is given whole (`name`), or in single languages (`name_en`).
    `removed` and `withdrawn` were published before; `merged` needs `merged_into_id`.
    """
    of = of or the_campaign()
    at = at or clock.now() - timedelta(hours=1)
    state, number = EndorsementState(state), next_number()
    mailbox = parse(email or f"speaker{number}@org{number}.example.org")
    shown = {
        "name": take_texts(facts, "name", Texts(ko=f"기관 {number}", en=f"Organization {number}")),
        "type": "civil",
        "country": "KR",
        "region": "KR-11" if facts.get("country", "KR") == "KR" else None,
        "website": f"https://org{number}.example.org",
        "target_year": 2050,
        "interim_year": None,
        "interim_percent": None,
        "statement": take_texts(facts, "statement", Texts(ko="함께하겠습니다.", en="We are with you.")),
        "spokesperson": "",
    }
    version_facts = {name: facts.pop(name) for name in [*facts] if name in {*shown, "logo", "search"}}
    shown |= version_facts
    was_public = state in ("published", "removed", "withdrawn")
    ended = state in ("removed", "withdrawn", "declined", "merged")
    row = Endorsement(
        **{
            "id": new_id(),
            "campaign_id": of.id,
            "state": state,
            "seq": 1,
            "contact_number": 1,
            "contact_name": "김하늘",
            "contact_title": "사무국장",
            "contact_email": mailbox.mailed,
            "address_hash": address_hash(mailbox),
            "mail_domain": mailbox.mailed.rpartition("@")[2],
            "show_contact": False,
            "name_key": name_key(shown["name"]),
            "level": "mail",
            "lang": "ko",
            "pledge_text_id": of.pledges[-1].id,
            "privacy_version": markdown.privacy_version(),
            "submitted_at": at,
            "confirmed_at": at if state is not EndorsementState.PENDING else None,
            "published_at": at if was_public else None,
            "ended_at": at + timedelta(minutes=30) if ended else None,
            **facts,
        }
    )
    version = EndorsementVersion(
        endorsement_id=row.id,
        seq=row.seq,
        state=_version_state(state, was_public),
        submitted_at=at,
        reviewed_at=at if was_public else None,
        **shown,
    )
    with transaction() as session:
        session.add(row)
        session.flush()
        session.add(version)
        session.flush()
        if was_public:
            counting.count_in(session, row, version, Reason.CONFIRMED, at)
        if was_public and ended:
            reason = Reason.WITHDRAWN if state is EndorsementState.WITHDRAWN else Reason.INVALIDATED
            counting.count_out(session, row, reason, at + timedelta(minutes=30))
    return row


def take_texts(facts: dict[str, Any], name: str, default: Texts) -> Texts:
    """The text of this name, out of the facts: whole, or the default with other single languages (`name_en`)."""
    given = {key[-2:]: facts.pop(key) for key in [*facts] if re.fullmatch(f"{name}_[a-z]{{2}}", key)}
    return languages.texts({**facts.pop(name, default), **given})


def changed_content(content: Content, **facts: Any) -> Content:
    """What an organisation shows, with other facts; texts as in `endorsement()`."""
    texts = {name: take_texts(facts, name, getattr(content, name)) for name in ("name", "statement")}
    return replace(content, **texts, **facts)


def version_of(row: Endorsement, **facts: Any) -> EndorsementVersion:
    """The newest version of an endorsement, detached from nothing; another one is proposed first when facts are given."""
    query = select(EndorsementVersion).where(EndorsementVersion.endorsement_id == row.id)
    newest = db.session.scalars(query.order_by(EndorsementVersion.seq.desc()).limit(1)).one()
    if not facts:
        return newest
    shown = changed_content(endorsement_versions.content_of(newest), **facts)
    with transaction() as session:
        fresh = session.get_one(Endorsement, row.id)
        applicant = _applicant(fresh).dump() if fresh.state in REPLACEABLE else None
        return endorsement_versions.propose(session, fresh, shown, newest.spokesperson, applicant=applicant)


def _applicant(row: Endorsement) -> Applicant:
    """The same person as before."""
    return Applicant(
        name=row.contact_name,
        title=row.contact_title,
        email=row.contact_email,
        show=row.show_contact,
        registration_number=row.registration_number,
        lang=row.lang,
        pledge_text_id=row.pledge_text_id,
        privacy_version=row.privacy_version,
    )


def endorse_confirm_token(of: Endorsement, seq: int | None = None) -> str:
    """What the mail to confirm an endorsement carries in its link."""
    return applications.confirm_token(of.id, seq or of.seq, of.contact_number)


def endorse_manage_token(of: Endorsement) -> str:
    return applications.manage_token(of.id, of.contact_number)


def endorse_contact_token(of: ContactChange) -> str:
    """What the mail to the person who is to take over carries."""
    return tokens.mint(Purpose.ENDORSE_CONTACT, [of.endorsement_id, of.contact_number])


#: What the form of an organisation that applies gives the use case.
HANEUL = Application(
    slug="blue-skies",
    content=Content(
        name=Texts(ko="㈜하늘에너지", en="Haneul Energy Co., Ltd."),
        type="business",
        country="KR",
        region="KR-11",
        website="www.haneul.co.kr",
        target_year=2050,
        interim_year=2035,
        interim_percent=60,
        statement=Texts(ko="2050년까지 탄소중립을 이루겠습니다."),
    ),
    contact=Contact("김하늘", "대표", parse("sky@haneul.co.kr"), show=False),
    registration_number="",
    lang="ko",
    privacy_version="2026-11-24",
)


def endorse_form(**changes: Any) -> dict[str, Any]:
    """The fields of the endorsement form as a browser sends them; `field=None` leaves one out."""
    number = next_number()
    fields = {
        "name_ko": f"하늘기관 {number}",
        "name_en": f"Sky Organization {number}",
        "type": "civil",
        "country": "KR",
        "region": "KR-11",
        "website": f"https://sky{number}.example.org",
        "target_year": "2050",
        "interim_year": "2035",
        "interim_percent": "60",
        "statement_ko": "2050년까지 탄소중립을 이루겠습니다.",
        "statement_en": "We will be net zero by 2050.",
        "contact_name": "김하늘",
        "contact_title": "사무국장",
        "email": f"speaker{number}@sky{number}.example.org",
        "registration_number": "",
        "authority_ok": "y",
        "consent_person": "y",
        "consent_organization": "y",
        "pledge_version": "1",
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _version_state(state: EndorsementState, was_public: bool) -> VersionState:
    if was_public:
        return VersionState.PUBLISHED
    ended = {
        EndorsementState.DECLINED: VersionState.DECLINED,
        EndorsementState.CHANGES: VersionState.DECLINED,
        EndorsementState.MERGED: VersionState.SUPERSEDED,
    }
    return ended.get(state, VersionState.PROPOSED)
