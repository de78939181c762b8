"""Once a year the person who speaks for an organisation is asked by mail whether its published promise is still true.

One transaction marks the organisations and enqueues their mails, so a killed worker or two at a time ask nobody twice.
"""

from sqlalchemy import and_, or_, select, text

from pledge.core import clock
from pledge.core.db import transaction
from pledge.endorsements.models import CAN_BE_ASKED, Endorsement
from pledge.endorsements.outbox import enqueue
from pledge.endorsements.promises import ASKED_AFTER, heard_at
from pledge.mail.models import MailKind

BATCH = 50


def advance(limit: int = BATCH) -> bool:
    """Ask the next organisations that were neither asked nor heard for a year. False when there are none."""
    now = clock.now()
    since = now - ASKED_AFTER
    due = (
        select(Endorsement)
        .where(and_(text(CAN_BE_ASKED)), or_(Endorsement.asked_at.is_(None), Endorsement.asked_at <= since))
        .order_by(Endorsement.asked_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    with transaction() as session:
        rows = session.scalars(due).all()
        for row in rows:
            heard = heard_at(row.published, row.affirmed_at)
            if heard is None or heard > since:
                row.asked_at = heard or now
            else:
                row.asked_at = now
                enqueue(session, row, MailKind.ENDORSE_PROMISE)
    return bool(rows)
