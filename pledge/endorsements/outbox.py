"""Mails about endorsements on their way into the outbox: decisions always, requested ones within the caps; and answering what people
asked for (mail/requests.py): what is stored, and which mail follows, if any.

What depends on the person and the organisation is decided here and not in the request, so that neither its answer nor its
time reveals anything.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, LargeBinary, exists, literal, or_, select
from sqlalchemy.orm import Session

from pledge.abuse import mail_servers
from pledge.core import clock
from pledge.core.encryption import vault
from pledge.endorsements import versions
from pledge.endorsements.applications import Applicant, Payload, name_digest
from pledge.endorsements.models import (
    REPLACEABLE,
    Endorsement,
    EndorsementState,
    EndorsementVersion,
    VerificationLevel,
)
from pledge.files.services import UnknownFile
from pledge.mail import outbox
from pledge.mail.addresses import address_hash, parse
from pledge.mail.allowance import SlotRequest, has_confirmed, take_slots
from pledge.mail.models import TO_CONFIRM, MailKind, MailRequest, MailState, OutboxMail, RequestKind
from pledge.mail.outbox import NewMail
from pledge.mail.providers import PROVIDERS, exact
from pledge.mail.requests import DOUBLE, Handlers, one_by_one
from pledge.mailed_links.links import new_id


def slot_for(session: Session, address_hash: bytes, address: str, kind: MailKind) -> datetime | None:
    """When this address may get this kind of mail, now or later; None when it may get none."""
    unconfirmed = kind in TO_CONFIRM and not has_confirmed(session, Endorsement.__table__, address_hash)
    return take_slots(session, [SlotRequest(address, kind, unconfirmed)], may_wait=True)[0]


def _slot_of_change(session: Session, row: Endorsement, address: str, kind: MailKind) -> datetime | None:
    """The same for somebody whom an organisation names. It has slots of its own, so that it does not write to strangers by the
    hundred; that of a mail which still waits passes to the next.
    """
    is_same = (OutboxMail.subject_id == row.id, OutboxMail.kind == kind, outbox.waits())
    own = outbox.take_over(session, session.scalars(select(OutboxMail.id).where(*is_same)).all())
    own = own or take_slots(session, [SlotRequest(f"organization {row.id}@", kind)], may_wait=True)[0]
    due_at = own and slot_for(session, address_hash(parse(address)), address, kind)
    return own and due_at and max(own, due_at)


def enqueue(
    session: Session,
    row: Endorsement,
    kind: MailKind,
    *,
    lang: str | None = None,
    seq: int | None = None,
    due_at: datetime | None = None,
    proved: bool = False,
    address: str = "",
) -> None:
    """Enqueue a mail about this endorsement, without checking the caps; in its language, and to its contact, unless another
    is given.
    """
    known = kind is MailKind.ENDORSE_CONFIRM and has_confirmed(
        session, Endorsement.__table__, row.address_hash
    )
    mail = NewMail(
        *(kind, row.id, lang or row.lang, seq or row.newest.seq, due_at),
        known=known,
        proved=proved,
        domain_hash=outbox.domain_group(address or row.contact_email),
    )
    outbox.enqueue(session, mail)


def enqueue_once(
    session: Session,
    row: Endorsement,
    kind: MailKind,
    lang: str,
    seq: int | None = None,
    *,
    proved: bool = False,
    address: str = "",
) -> None:
    """Enqueue a mail that anybody can ask for, if the address may get one and the same mail neither waits nor was enqueued
    within DOUBLE. `address`: as in enqueue().
    """
    is_fresh = or_(OutboxMail.state == MailState.QUEUED, OutboxMail.created_at > clock.now() - DOUBLE)
    same = exists().where(
        *(
            OutboxMail.subject_id == row.id,
            OutboxMail.kind == kind,
            OutboxMail.seq == (seq or row.newest.seq),
        ),
        is_fresh,
    )
    if session.scalar(select(same)):
        return
    due_at = (
        _slot_of_change(session, row, address, kind)
        if address
        else slot_for(session, row.address_hash, row.contact_email, kind)
    )
    if due_at is not None:
        enqueue(session, row, kind, lang=lang, seq=seq, due_at=due_at, proved=proved, address=address)


def note(address: str) -> None:
    """A mail with a link to confirm is written to this address: look its domain up soon."""
    domain = address.rpartition("@")[2]
    if domain not in PROVIDERS:
        mail_servers.note(domain_hash(domain), domain)


def is_scanned(connection: Connection, address: str) -> bool:
    hashed = literal(domain_hash(address.rpartition("@")[2]), LargeBinary)
    return bool(connection.scalar(select(mail_servers.scans(hashed))))


def domain_hash(domain: str) -> bytes:
    return vault().keyed_hash(f"mail domain of an organisation {domain}")


def handlers() -> Handlers:
    """The handler of each kind of request."""
    return {
        RequestKind.ENDORSE: one_by_one(handle_application),
        RequestKind.ENDORSE_RESEND: one_by_one(handle_resend),
        RequestKind.ENDORSE_LINK: one_by_one(handle_links),
    }


def handle_application(session: Session, request: MailRequest) -> None:
    """Store an application and enqueue the mail that confirms it, or one that says that it is already confirmed."""
    payload = Payload.model_validate_json(request.payload or "")
    hashed = bytes(request.address_hash or b"")
    row = versions.lock(
        session,
        Endorsement.campaign_id == request.campaign_id,
        Endorsement.address_hash == hashed,
        Endorsement.name_key == payload.name_key,
    )
    if row is not None and row.state not in REPLACEABLE:
        enqueue_once(session, row, MailKind.ENDORSE_ALREADY, request.lang)
        return
    if row is not None and (same := _same(row, payload)) is not None:
        same.match_tries = 0  # the sender of the form sees the number; a machine with the mail does not
        enqueue_once(session, row, MailKind.ENDORSE_CONFIRM, request.lang, same.seq, proved=payload.proved)
        return
    # Without a mail nobody could confirm it, so not many wait: as many as there are slots.
    address = payload.applicant.email
    due_at = slot_for(session, hashed, address, MailKind.ENDORSE_CONFIRM)
    if due_at is None and (due_at := _take_over(session, address, hashed, row)) is None:
        return
    if row is None:
        row = Endorsement(
            id=new_id(),
            campaign_id=request.campaign_id,
            address_hash=hashed,
            name_key=payload.name_key,
            seq=0,
            state=EndorsementState.PENDING,
            level=VerificationLevel.MAIL,
            submitted_at=clock.now(),
        )
        payload.applicant.fill(row)
        session.add(row)
        session.flush()
    version = _propose(session, row, payload)
    enqueue(
        session,
        row,
        MailKind.ENDORSE_CONFIRM,
        lang=request.lang,
        seq=version.seq,
        due_at=due_at,
        proved=payload.proved,
    )


def handle_resend(session: Session, request: MailRequest) -> None:
    """Enqueue the mail again: to confirm, or that the organisation is known already, or the way to apply again."""
    for row in _rows_of(session, request):
        if name_digest(row.name_key) != request.payload:
            continue
        if row.is_unconfirmed:
            kind = MailKind.ENDORSE_CONFIRM
        else:
            kind = MailKind.ENDORSE_MANAGE if row.state in REPLACEABLE else MailKind.ENDORSE_ALREADY
        enqueue_once(session, row, kind, request.lang)


def handle_links(session: Session, request: MailRequest) -> None:
    """Enqueue the link to the own page of each organisation that this person speaks for; a stranger gets nothing.

    An application that is not confirmed gets the mail to confirm. Several mails follow each other within the caps.
    """
    for row in _rows_of(session, request):
        is_new = row.confirmed_at is None
        enqueue_once(
            session, row, MailKind.ENDORSE_CONFIRM if is_new else MailKind.ENDORSE_MANAGE, request.lang
        )


def _take_over(session: Session, address: str, hashed: bytes, new: Endorsement | None) -> datetime | None:
    """When the first mail to this address that waits would have gone out; it is dropped, and with it the application that it is
    about, unless an earlier mail about that has gone out. `new`: the row of the application that takes its place.
    """
    query = (
        select(Endorsement, OutboxMail)
        .join(OutboxMail, OutboxMail.subject_id == Endorsement.id)
        .where(
            Endorsement.address_hash == hashed,
            OutboxMail.kind == MailKind.ENDORSE_CONFIRM,
            outbox.waits(),
        )
        .order_by(OutboxMail.due_at, OutboxMail.id)
        .with_for_update(of=Endorsement)
    )
    for row, mail in session.execute(query):
        if exact(row.contact_email) == exact(address) and (due_at := outbox.take_over(session, [mail.id])):
            _drop_unmailed(session, row, mail.seq, keep=row is new)
            return due_at
    return None


def _drop_unmailed(session: Session, row: Endorsement, seq: int, *, keep: bool) -> None:
    was_mailed = exists().where(
        OutboxMail.subject_id == row.id, OutboxMail.seq == seq, OutboxMail.state == MailState.SENT
    )
    for version in row.proposed:
        if version.seq == seq and not session.scalar(select(was_mailed)):
            versions.drop(session, row, version)
            if row.state == EndorsementState.PENDING and not row.proposed and not keep:
                session.delete(row)


def _propose(session: Session, row: Endorsement, payload: Payload) -> EndorsementVersion:
    about = {"spokesperson": payload.applicant.spokesperson, "applicant": payload.applicant.model_dump_json()}
    try:
        return versions.propose(session, row, payload.content, **about)
    except UnknownFile:  # it has expired: the worker was stopped for longer than a day
        return versions.propose(session, row, replace(payload.content, logo=""), **about)


def _same(row: Endorsement, payload: Payload) -> EndorsementVersion | None:
    """The waiting version with the same content: a form that was sent twice."""
    for version in row.proposed:
        applicant = version.applicant and Applicant.model_validate_json(version.applicant)
        if versions.content_of(version) == payload.content and applicant == payload.applicant:
            return version
    return None


def _rows_of(session: Session, request: MailRequest) -> list[Endorsement]:
    query = (
        select(Endorsement)
        .where(
            Endorsement.campaign_id == request.campaign_id,
            Endorsement.address_hash == request.address_hash,
        )
        .order_by(Endorsement.submitted_at.desc())
    )
    return list(session.scalars(query))
