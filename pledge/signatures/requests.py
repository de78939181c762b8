"""Answering what people asked for (mail/requests.py): which mail about a signature follows, if any.

What depends on the person is decided here and not in the request, so that neither its answer nor its time reveals anything.
"""

from sqlalchemy import Row, exists, or_, select, text
from sqlalchemy.orm import Session

from pledge.core import clock
from pledge.mail.models import MailKind, MailRequest, MailState, OutboxMail, RequestKind
from pledge.mail.requests import DOUBLE, Handlers
from pledge.signatures.models import SETTLED, Signature, SignatureState
from pledge.signatures.outbox import CODE_SLOT, enqueue

#: Without the sealed columns: nothing needs to be opened here.
_ROW = (Signature.id, Signature.campaign_id, Signature.address_hash, Signature.state)
#: Somebody asked for a code without a link, and no mail with one is enqueued yet.
_WANTS_CODE = Signature.mails == Signature.code_only_after


def handlers() -> Handlers:
    """Who answers which request."""
    return {RequestKind.CONFIRM: answer_confirm, RequestKind.LINK: answer_link}


def answer_confirm(session: Session, request: MailRequest) -> None:
    """Enqueue the mail to confirm this submission; if the person is settled already, one that says so; none when it is gone.

    For a submission of somebody who has withdrawn since it is the link to their own page, where they may sign again.
    """
    query = select(*_ROW, _WANTS_CODE.label("wants_code")).where(Signature.id == request.subject_id)
    row = session.execute(query.with_for_update()).first()
    if row is None:
        return
    settled = _settled(session, row.campaign_id, bytes(row.address_hash))
    if settled is not None:
        _mail(session, MailKind.ALREADY, settled, request)
    elif row.state == SignatureState.WITHDRAWN:
        _mail(session, MailKind.MANAGE, row, request)
    elif row.wants_code:
        # The mail with the link may have gone out a moment ago: this one is another mail, and has slots of its own.
        hashed = bytes(row.address_hash)
        enqueue(session, MailKind.CONFIRM, row.id, hashed, request.lang, may_wait=True, slot=CODE_SLOT)
    else:
        _mail(session, MailKind.CONFIRM, row, request)


def answer_link(session: Session, request: MailRequest) -> None:
    """Enqueue the link to one's own page; if nothing was ever confirmed, the mail to confirm; for a stranger nothing."""
    campaign_id, hashed = request.campaign_id, bytes(request.address_hash or b"")
    settled = _settled(session, campaign_id, hashed)
    row = settled or _newest(session, campaign_id, hashed)
    if row is None:
        return
    is_waiting = row.state == SignatureState.PENDING
    _mail(session, MailKind.CONFIRM if is_waiting else MailKind.MANAGE, row, request)


def _mail(
    session: Session,
    kind: MailKind,
    row: Row[int, int, bytes, str] | Row[int, int, bytes, str, bool],
    request: MailRequest,
) -> None:
    if not _is_enqueued(session, kind, row.id):
        enqueue(session, kind, row.id, bytes(row.address_hash), request.lang, may_wait=True)


def _settled(session: Session, campaign_id: int, hashed: bytes) -> Row[int, int, bytes, str] | None:
    query = select(*_ROW).where(
        Signature.address_hash == hashed, Signature.campaign_id == campaign_id, text(SETTLED)
    )
    return session.execute(query).first()


def _newest(session: Session, campaign_id: int, hashed: bytes) -> Row[int, int, bytes, str] | None:
    """The row that was withdrawn last; else the last pending one, which a stranger may have sent."""
    query = (
        select(*_ROW)
        .where(Signature.address_hash == hashed, Signature.campaign_id == campaign_id)
        .order_by(Signature.state == SignatureState.PENDING, Signature.submitted_at.desc())
        .limit(1)
    )
    return session.execute(query).first()


def _is_enqueued(session: Session, kind: MailKind, signature_id: int) -> bool:
    """Whether this very mail waits to be sent, or was enqueued a moment ago."""
    fresh = OutboxMail.created_at > clock.now() - DOUBLE
    return bool(
        session.scalar(
            select(
                exists().where(
                    OutboxMail.subject_id == signature_id,
                    OutboxMail.kind == kind,
                    or_(OutboxMail.state == MailState.QUEUED, fresh),
                )
            )
        )
    )
