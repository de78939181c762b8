"""Rows for tests, made like the real ones: what is confirmed also stands in the ledger, waiting for the fold.

All of them need an application context; the `app` fixture has pushed one. Say only what the test is about:

    person = signature(state="confirmed", country="JP")
"""

import io
import re
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from pledge.abuse.models import MailHost
from pledge.accounts import authenticator, passwords
from pledge.accounts import queries as accounts
from pledge.accounts.models import StaffMember, StaffRole
from pledge.accounts.roles import Role
from pledge.audit.models import COMMAND_LINE, Actor
from pledge.audit.services import record
from pledge.campaigns import consents, items, pledges, queries, rules, staff_queries
from pledge.campaigns import moderation as editing
from pledge.campaigns.events import EventFields
from pledge.campaigns.models import Campaign, Partner, PartnerRole
from pledge.campaigns.partners import PARTNER, PartnerFields
from pledge.core import clock, languages, tokens
from pledge.core.db import db, transaction
from pledge.core.languages import Texts
from pledge.core.text import markdown
from pledge.core.tokens import Purpose
from pledge.endorsements import counting
from pledge.endorsements import outbox as endorsement_mail_servers
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
from pledge.endorsements.services import Application
from pledge.endorsements.verification.names import name_key
from pledge.files import services as files
from pledge.ledger import leaves
from pledge.ledger import services as ledger
from pledge.ledger.models import Kind, LedgerEntry, Reason
from pledge.ledger.services import Place
from pledge.mail import requests
from pledge.mail.addresses import Address, address_hash, parse
from pledge.mail.models import MailKind, OutboxMail
from pledge.mailed_links.links import new_id
from pledge.signatures import origins
from pledge.signatures.invalidation.models import Invalidation
from pledge.signatures.models import Signature, SignatureState
from pledge.signatures.services import Submission
from pledge.worker.registry import handlers, ledger_sources
from tests.support.pictures import PDF, png
from tests.support.videos import mp4

_numbers = count(1)


def next_number() -> int:
    return next(_numbers)


# --- Members of staff ---

#: Two members of staff who may invalidate.
ANNA = Actor(1, "anna@example.org", "203.0.113.1")
BORA = Actor(2, "bora@example.org", "203.0.113.2")
#: One who edits campaigns.
EDITOR = Actor(None, "editor@example.org", "192.0.2.1")


def staff(role: str | None = "admin", email: str | None = None, **facts: Any) -> StaffMember:
    """A member of staff with one role (or none), who has taken up the invitation and set up an authenticator.

    `password="…"` gives one that can be typed; otherwise nobody knows it. `recorded=True`: the audit log says so, as it does
    of who was invited.
    """
    number = next_number()
    password, recorded = facts.pop("password", None), facts.pop("recorded", False)
    row = StaffMember(
        **{
            "email": email or f"staff{number}@example.org",
            "lang": "ko",
            "active": True,
            "password": passwords.hashed(password) if password else "$argon2id$unknown",
            "passkey_handle": secrets.token_hex(32),
            "totp_secret": authenticator.new_secret(),
            "recovery_codes": [],
            "created_at": clock.now(),
            **facts,
        }
    )
    row.given_roles = [StaffRole(role=Role(role))] if role else []
    with transaction() as session:
        session.add(row)
        session.flush()
        if recorded:
            record(session, COMMAND_LINE, "staff.invite", f"staff:{row.id}", roles=[role])
    return member_of_staff(row.id)


def member_of_staff(staff_id: int) -> StaffMember:
    """The row as it is now, detached."""
    return accounts.member(id=staff_id)


# --- Campaigns with their texts and pledges, drafts and events ---

SLUG = "blue-skies"


def campaign(slug: str = SLUG, *, versions: int = 1, **facts: Any) -> Campaign:
    """An open campaign with texts in both languages, a secretariat, a partner and `versions` pledge texts."""
    texts = {
        "title": Texts(ko="푸른 하늘", en="Blue Skies"),
        "tagline": Texts(ko="함께 서명해요", en="Sign with us"),
        "summary": Texts(ko="맑은 공기를 위한 서약", en="A pledge for clean air"),
        "recipient": Texts(ko="대한민국 정부", en="the Government of the Republic of Korea"),
        "body": Texts(ko="## 왜\n\n하늘을 위해.", en="## Why\n\nFor the sky."),
    }
    row = Campaign(**{"slug": slug, "state": "open", "goal": 1000, **texts, **facts})
    row.partners = [
        Partner(
            position=0,
            role="secretariat",
            name=Texts(ko="사무국", en="The Secretariat"),
            url="https://example.org/",
        ),
        Partner(position=1, role="partner", name=Texts(ko="동반자", en="A Partner"), url=""),
    ]
    with transaction() as session:
        session.add(row)
        session.flush()
        for version in range(1, versions + 1):
            wording = Texts(ko=f"서약 {version}판", en=f"The pledge, version {version}")
            session.add(editing.new_pledge_text(row.id, version, wording))
        consents.store_version(session, row)
    return row


def the_campaign() -> Campaign:
    """The campaign of this test; one is made when there is none."""
    return db.session.scalar(select(Campaign).order_by(Campaign.id).limit(1)) or campaign()


def draft(slug: str = "draft", *, secretariat: bool = True, **texts: str) -> str:
    """The slug of a draft made by staff; its texts are complete unless `title_en=""` and the like say otherwise."""
    editing.create(EDITOR, slug=slug, title={})
    stored = staff_queries.desk(slug).texts
    needed = (name for name in stored if not name.startswith("followup"))
    words = {**stored, **{name: f"{name} of {slug}" for name in needed}, **texts}
    editing.edit_texts(EDITOR, slug, rules.stamp(stored), words)
    write_pledge(slug, "우리의 약속", "Our promise")
    if secretariat:
        named = Texts(dict.fromkeys(languages.codes(), f"Secretariat of {slug}"))
        items.add(PARTNER, EDITOR, slug, PartnerFields(PartnerRole.SECRETARIAT, named, ""))
    return slug


def other_recipient(slug: str = SLUG) -> None:
    """Staff name another recipient of the totals: another version of the consent."""
    stored = staff_queries.desk(slug).texts
    words = {"recipient_ko": "국회", "recipient_en": "Parliament"}
    seen = rules.stamp({name: stored[name] for name in words})
    editing.edit_texts(EDITOR, slug, seen, words, "decided", is_stepped_up=True)


def write_pledge(slug: str, ko: str, en: str, *, in_use: bool = False) -> int:
    """Save this wording as an editor who has just opened the page; the version that holds it."""
    stored = queries.pledge_versions(staff_queries.desk(slug).id)[0]
    return pledges.edit_pledge(
        EDITOR,
        slug,
        stored.stamp,
        wording={"ko": ko, "en": en},
        in_use=lambda *_: in_use,
        agreed=stored.version + 1,
        one_language=True,
    )


def event_fields(**facts: Any) -> EventFields:
    """An evening next week, in Seoul."""
    starts_at = (clock.now() + timedelta(days=7)).replace(hour=9, minute=0, second=0, microsecond=0)
    return EventFields(
        **{
            "title": take_texts(facts, "title", in_each_language(Texts(ko="기후 토크", en="Climate Talk"))),
            "place": take_texts(facts, "place", in_each_language(Texts(ko="서울", en="Seoul"))),
            "url": "https://example.org/talk",
            "all_day": False,
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=2),
            **facts,
        }
    )


def in_each_language(text: Texts) -> Texts:
    """Of the site; in those that it is not in it is as in the first one."""
    return Texts({lang: text.in_language(lang) for lang in languages.codes()})


# --- Files that wait to be kept ---


def stored_picture(*, wide: bool = False) -> str:
    """The name of a picture."""
    return files.store_picture(png(size=(64, 36)), wide=wide)


def stored_document() -> str:
    """The name of a PDF."""
    return files.store_document(PDF, files.PDF)


def stored_video(data: bytes = b"") -> str:
    """The name of a video, an MP4 unless data is given."""
    return files.store_video(io.BytesIO(data or mp4()))


# --- Signatures, invalidations, and what a signer holds in hand ---

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
            **submitted_columns(of, address, at),
            "state": state,
            "salt": salt,
            "commitment": leaves.commitment(salt, address.mailed),
            "confirmed_at": at if was_confirmed else None,
            "withdrawn_at": at + timedelta(minutes=30) if state is SignatureState.WITHDRAWN else None,
            **facts,
        }
    )
    with transaction() as session:
        session.add(row)
        session.flush()
        if was_counted:
            _count(session, row)
    return row


def submitted_columns(of: Campaign, address: Address, at: datetime) -> dict[str, Any]:
    """The columns of a signature that do not depend on its state."""
    return {
        "id": new_id(),
        "campaign_id": of.id,
        "address_hash": address_hash(address),
        "content_hash": secrets.token_bytes(32),
        "mails": 1,
        "email": address.mailed,
        "name": "홍길동",
        "public_name": False,
        "updates": False,
        "lang": "ko",
        "pledge_text_id": of.pledges[-1].id,
        "privacy_version": "2026-11-24",
        "submitted_at": at,
        "code_since": at,
    }


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


def _count(session: Session, row: Signature) -> None:
    """Its entries, as the use cases of its life would have put them into the ledger."""
    moves = [(Reason.CONFIRMED, row.confirmed_at)]
    if row.withdrawn_at:
        moves.append((Reason.REMOVED, row.withdrawn_at))
    if row.invalidation_id:
        moves.append((Reason.REMOVED, row.confirmed_at))
    for reason, at in moves:
        ledger.append(
            session,
            campaign_id=row.campaign_id,
            reason=reason,
            subject_id=row.id,
            country=row.country,
            region=row.region,
            at=at,
            pledge_text_id=row.pledge_text_id,
            commitment=row.commitment if reason is Reason.CONFIRMED else None,
        )


def invalidation(**facts: Any) -> Invalidation:
    """An invalidation that has been applied; `state`, `reason`, `matched` and the rest as a test wants them."""
    now = clock.now()
    row = Invalidation(
        **{
            "state": "applied",
            "reason": "automated",
            "note": "a burst from one network",
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


def partner_goal(of: Campaign, goal: int) -> str:
    """Give the campaign's partner a goal; its code."""
    with transaction():
        of.partners[1].group_goal = goal
    return f"p{of.partners[1].id}"


def crowd(number: int, of: Campaign | None = None, **facts: Any) -> list[int]:
    """Many confirmed signatures at once, with their entries in the ledger; their numbers. `at` is when they signed."""
    of = of or the_campaign()
    at = facts.pop("at", None) or clock.now() - timedelta(hours=1)
    domain = facts.pop("domain", "example.org")
    same = {"state": "confirmed", "country": "KR", "region": None, "salt": "a salt"}
    same |= {"confirmed_at": at + timedelta(minutes=5), "domain_hash": origins.domain_hash(SLUG, domain)}
    rows = [
        {
            **submitted_columns(of, parse(f"c{next_number()}@{domain}"), at),
            **same,
            "commitment": secrets.token_bytes(32),
            **facts,
        }
        for _ in range(number)
    ]
    entry = {"kind": Kind.PERSON, "delta": 1, "reason": Reason.CONFIRMED}
    entry |= {"hour": ledger.hour_of(at), "occurred_at": at}
    columns = ("campaign_id", "country", "region", "pledge_text_id", "commitment")
    with transaction() as session:
        session.execute(insert(Signature), rows)
        session.execute(
            insert(LedgerEntry),
            [{**entry, "subject_id": row["id"], **{name: row[name] for name in columns}} for row in rows],
        )
    return [row["id"] for row in rows]


# --- Organisations with their versions, and what their contact holds in hand ---


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
        "base_year": None,
        "scope": None,
        "plan_url": "",
        "report_url": "",
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
        applicant = _applicant(fresh).model_dump_json() if fresh.state in REPLACEABLE else None
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
    return tokens.mint(Purpose.ENDORSE_CONFIRM, [of.id, seq or of.seq, of.contact_number])


def endorse_manage_token(of: Endorsement) -> str:
    return tokens.mint(Purpose.ENDORSE_MANAGE, [of.id, of.contact_number])


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
        base_year=2018,
        statement=Texts(ko="2050년까지 탄소중립을 이루겠습니다."),
    ),
    contact_name="김하늘",
    contact_title="대표",
    mailbox=parse("sky@haneul.co.kr"),
    show_contact=False,
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
        "base_year": "2018",
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


# --- The fold as the worker does it, and an entry that nothing stands behind ---


def fold(limit: int = ledger.BATCH) -> int:
    """One fold, as the worker does it; how many entries it took."""
    return ledger.fold(ledger_sources(), limit)


def fold_all() -> int:
    """Run the fold until nothing waits; how many entries it took."""
    folded = 0
    while step := fold():
        folded += step
    return folded


def plant_entry(delta: int = 1, **facts: Any) -> None:
    """An entry as whoever can write the table puts it in: INSERT is free, as confirming needs it."""
    values = {
        "campaign_id": the_campaign().id,
        "kind": Kind.PERSON,
        "delta": delta,
        "reason": Reason.CONFIRMED if delta > 0 else Reason.WITHDRAWN,
        "subject_id": new_id(),
        "country": "KR",
        "region": "KR-11",
        "hour": "2026-11-24T12",
        "occurred_at": clock.now(),
        "pledge_text_id": the_campaign().pledges[-1].id,
        "commitment": secrets.token_bytes(32) if delta > 0 else None,
        **facts,
    }
    with db.engine.begin() as connection:
        connection.execute(insert(LedgerEntry).values(**values))


# --- Mails that were sent, and requests that are answered ---


def mailed(of: Signature) -> Signature:
    """A submission whose first mail to confirm has been sent; the code of it works."""
    now = clock.now()
    mail = {
        "kind": MailKind.CONFIRM,
        "subject_id": of.id,
        "seq": 1,
        "lang": "ko",
        "state": "sent",
        "attempts": 1,
    }
    with transaction() as session:
        session.execute(insert(OutboxMail).values(**mail, created_at=now, due_at=now, sent_at=now))
    return of


def answer_requests() -> None:
    """What the worker does about the forms that people have sent: decide which mails follow."""
    while requests.answer(handlers()):
        pass


def scanned(domain: str = "ministry.example.org", slug: str = "blue-skies") -> dict[str, bytes]:
    """The mail server of this domain belongs to a scanner, as was looked up; the facts of a signature to it."""
    of_people, of_organizations = (
        origins.domain_hash(slug, domain),
        endorsement_mail_servers.domain_hash(domain),
    )
    with transaction() as session:
        for hashed in (of_people, of_organizations):
            session.merge(
                MailHost(
                    host_hash=hashed,
                    domain_hash=hashed,
                    scans=True,
                    is_institution=False,
                    checked_at=clock.now(),
                )
            )
    return {"domain_hash": of_people}
