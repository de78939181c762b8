"""Recording reports: what came back for a mail, and whether its address gets any more. A report that comes twice counts once."""

from datetime import timedelta

from sqlalchemy import Update, true, update
from sqlalchemy.orm import Session

from pledge.core import clock
from pledge.core.db import insert_into, transaction
from pledge.core.logs import log
from pledge.mail import suppression
from pledge.mail.bounces.reading import BounceReport, read
from pledge.mail.models import MailEvent, OutboxMail, Returned, is_to_known

#: How long the id of a call is kept; what is older is refused by its time.
EVENTS = timedelta(hours=1)


def handle_message(raw: bytes, event: bytes | None = None) -> bool:
    """Record what a message reports; False when it reports nothing about a mail of ours.

    `event`: the SHA-256 of the id of the call that brought it; False too when such a call came before.
    """
    report = read(raw)
    if report is None:
        return False
    with transaction() as session:
        if event is not None:
            note = insert_into(session.connection(), MailEvent).values(digest=event, at=clock.now())
            if session.scalar(note.on_conflict_do_nothing().returning(MailEvent.digest)) is None:
                return False
        _record(session, report)
    return True


def _record(session: Session, report: BounceReport) -> None:
    if report.returned in suppression.REASONS:
        row = session.get(OutboxMail, report.mail.id)
        known = row is not None and is_to_known(row.kind, known=row.known)
        suppression.suppress(session, report.mail.key, report.returned, known=known)
    session.execute(_mark(report))
    log.info("mail returned", mail=report.mail.id, returned=report.returned.value, status=report.status)


def _mark(report: BounceReport) -> Update:
    """What came first stays, except that a delay may end in a failure, and a complaint says most."""
    nothing_yet = OutboxMail.returned.is_(None)
    may_replace = {
        Returned.DELAYED: nothing_yet,
        Returned.COMPLAINT: true(),
    }.get(report.returned, nothing_yet | (OutboxMail.returned == Returned.DELAYED))
    return (
        update(OutboxMail)
        .where(OutboxMail.id == report.mail.id, may_replace)
        .values(returned=report.returned.value, returned_status=report.status)
    )
