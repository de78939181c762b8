"""Answering what people asked for (mail/requests.py): which mail about a signature follows, if any.

What depends on the person is decided here and not in the request, so that neither its answer nor its time reveals anything.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, delete, exists, func, or_, select, text, tuple_
from sqlalchemy.orm import Session

from pledge.core import clock
from pledge.mail.models import MailKind, MailRequest, MailState, OutboxMail, RequestKind
from pledge.mail.requests import DOUBLE, Handlers, one_by_one
from pledge.signatures.locks import lock
from pledge.signatures.models import PENDING, SETTLED, Signature, SignatureState
from pledge.signatures.outbox import CODE_SLOT, SignatureMail, enqueue_all
from pledge.signatures.rules import MAX_PENDING
from pledge.signatures.standing import OF_PERSON, OTHER

#: Without the sealed columns: nothing needs to be opened here.
_ROW = (
    Signature.id,
    Signature.state,
    #: Somebody asked for a code without a link, and no mail with one is enqueued yet.
    (Signature.mails == Signature.code_only_after).label("wants_code"),
    select(OTHER.id).where(OF_PERSON, text(f"o.{SETTLED}")).scalar_subquery().label("settled"),
)


def handlers() -> Handlers:
    """Who answers which request."""
    return {RequestKind.CONFIRM: answer_confirm, RequestKind.LINK: one_by_one(answer_link)}


def answer_confirm(session: Session, requests: Sequence[MailRequest]) -> None:
    """Enqueue the mails to confirm these submissions; for a person who is settled already, one that says so; none for a
    submission that is gone.

    For a submission of somebody who has withdrawn since it is the link to their own page, where they may sign again.
    """
    langs: dict[int, str] = {}
    for request in requests:
        if request.subject_id is not None:
            langs.setdefault(request.subject_id, request.lang)  # sent twice, a form is answered once
    ids = list(langs)
    lock(session, ids)
    rows = {row.id: row for row in session.execute(select(*_ROW).where(Signature.id.in_(ids)))}
    _mail(session, [_mail_about(rows[number], langs[number]) for number in ids if number in rows])
    _trim(session, ids)


def answer_link(session: Session, request: MailRequest) -> None:
    """Enqueue the link to one's own page; if nothing was ever confirmed, the mail to confirm; for a stranger nothing."""
    campaign_id, hashed = request.campaign_id, bytes(request.address_hash or b"")
    row = _settled(session, campaign_id, hashed) or _newest(session, campaign_id, hashed)
    if row is not None:
        kind = MailKind.CONFIRM if row.state == SignatureState.PENDING else MailKind.MANAGE
        _mail(session, [SignatureMail(kind, row.id, request.lang)])


def _mail_about(row: Row[*tuple[Any, ...]], lang: str) -> SignatureMail:
    if row.settled is not None:
        return SignatureMail(MailKind.ALREADY, row.settled, lang)
    if row.state == SignatureState.WITHDRAWN:
        return SignatureMail(MailKind.MANAGE, row.id, lang)
    # The mail with the link may have gone out a moment ago: the one with a code is another mail, and has slots of its own.
    return SignatureMail(MailKind.CONFIRM, row.id, lang, CODE_SLOT if row.wants_code else "")


def _mail(session: Session, wanted: Sequence[SignatureMail]) -> None:
    """Enqueue these mails, each once, but for those that are enqueued already."""
    enqueued = _enqueued(session, [one.signature_id for one in wanted])
    fresh: dict[tuple[str, int], SignatureMail] = {}
    for one in wanted:
        mail = (one.kind.value, one.signature_id)
        if one.slot_kind == CODE_SLOT or mail not in enqueued:
            fresh.setdefault(mail, one)
    enqueue_all(session, list(fresh.values()), may_wait=True)


def _trim(session: Session, ids: Sequence[int]) -> None:
    """Of the people that these submissions are about, keep MAX_PENDING that wait in the campaign: those with a mail that has gone
    out or will, so that a link in somebody's mailbox goes on working, and the newest.
    """
    has_mail = exists().where(
        OutboxMail.subject_id == Signature.id,
        OutboxMail.kind == MailKind.CONFIRM,
        OutboxMail.state.in_([MailState.QUEUED, MailState.SENT]),
    )
    of_person = tuple_(Signature.address_hash, Signature.campaign_id)
    order = (has_mail.desc(), Signature.submitted_at.desc(), Signature.id)
    ranked = (
        select(
            Signature.id, func.row_number().over(partition_by=of_person.clauses, order_by=order).label("rank")
        )
        .where(
            text(PENDING),
            of_person.in_(select(OTHER.address_hash, OTHER.campaign_id).where(OTHER.id.in_(ids))),
        )
        .subquery()
    )
    session.execute(
        delete(Signature)
        .where(Signature.id.in_(select(ranked.c.id).where(ranked.c.rank > MAX_PENDING)), text(PENDING))
        .execution_options(synchronize_session=False)
    )


def _enqueued(session: Session, signature_ids: Collection[int]) -> set[tuple[str, int]]:
    """Kind and signature of the mails that wait to be sent, or were enqueued a moment ago."""
    fresh = OutboxMail.created_at > clock.now() - DOUBLE
    query = select(OutboxMail.kind, OutboxMail.subject_id).where(
        OutboxMail.subject_id.in_(signature_ids), or_(OutboxMail.state == MailState.QUEUED, fresh)
    )
    return {(kind, number) for kind, number in session.execute(query)}


def _settled(session: Session, campaign_id: int, hashed: bytes) -> Row[int, str] | None:
    query = select(Signature.id, Signature.state).where(
        Signature.address_hash == hashed, Signature.campaign_id == campaign_id, text(SETTLED)
    )
    return session.execute(query).first()


def _newest(session: Session, campaign_id: int, hashed: bytes) -> Row[int, str] | None:
    """The row that was withdrawn last; else the last pending one, which a stranger may have sent."""
    query = (
        select(Signature.id, Signature.state)
        .where(Signature.address_hash == hashed, Signature.campaign_id == campaign_id)
        .order_by(Signature.state == SignatureState.PENDING, Signature.submitted_at.desc())
        .limit(1)
    )
    return session.execute(query).first()
