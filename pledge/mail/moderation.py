"""What staff do with mails that were given up: try them again."""

from sqlalchemy import update

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.core import clock
from pledge.core.db import transaction
from pledge.mail.models import MailState, OutboxMail


def retry(actor: Actor, mail_id: int | None) -> int:
    """Queue one dead letter again, or all of them (None); how many there were.

    One that is older than 72 hours gets one more attempt.
    """
    statement = (
        update(OutboxMail)
        .where(OutboxMail.state == MailState.DEAD)
        .values(
            {"state": MailState.QUEUED.value, "attempts": 0, "due_at": clock.now(), "lease_until": None}
            | {"returned": None, "returned_status": None}
        )
    )
    if mail_id is not None:
        statement = statement.where(OutboxMail.id == mail_id)
    with transaction() as session:
        count = len(session.execute(statement.returning(OutboxMail.id)).all())
        if count:
            record(
                session, actor, "mail.retry", "mail" if mail_id is None else f"mail:{mail_id}", mails=count
            )
    return count
