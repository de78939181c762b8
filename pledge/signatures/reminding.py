"""One reminder to people who have not confirmed two days after the mail to confirm went out.

Whether it goes out is decided once for each submission: one transaction marks the rows and enqueues the mails, so a killed
worker or two at a time remind nobody twice. A person with several submissions in a campaign is reminded of the newest.
Reminders use the slots of mails to confirm (mail/allowance.py), and wait while mails to new addresses are still to be sent.
"""

from datetime import timedelta

from sqlalchemy import and_, exists, or_, select, text, update

from pledge.campaigns.models import Campaign
from pledge.campaigns.opening import open_now
from pledge.core import clock
from pledge.core.db import transaction
from pledge.mail import queries as mail
from pledge.mail.models import MailKind, MailState, OutboxMail
from pledge.signatures.models import TO_REMIND, Signature, SignatureState
from pledge.signatures.outbox import SignatureMail, enqueue_all
from pledge.signatures.queries import HAS_CONFIRMED, OF_PERSON, OTHER
from pledge.switches import queries as switches

#: How long after the mail to confirm one reminder goes out. Pages name this time.
REMINDER_AFTER = timedelta(hours=48)

BATCH = 50

_HAS_NEWER = exists().where(
    OF_PERSON,
    OTHER.state == SignatureState.PENDING,
    or_(
        OTHER.submitted_at > Signature.submitted_at,
        and_(OTHER.submitted_at == Signature.submitted_at, OTHER.id > Signature.id),
    ),
)
_WAS_REMINDED = exists().where(
    OF_PERSON, OutboxMail.subject_id == OTHER.id, OutboxMail.kind == MailKind.REMINDER
)
#: A mail that was refused for good will not be read the second time either.
_WAS_MAILED = exists().where(
    OutboxMail.subject_id == Signature.id,
    OutboxMail.kind == MailKind.CONFIRM,
    OutboxMail.state == MailState.SENT,
)


def advance(limit: int = BATCH) -> bool:
    """Decide about the next submissions that are old enough. False when there are none, or reminders have to wait."""
    now = switches.current()
    if now.signing_paused or now.mail_paused or mail.is_first_due():
        return False
    since = clock.now() - REMINDER_AFTER
    # The newest mail to confirm was due long enough ago. In a CTE, so that no plan runs the locking query twice.
    waiting = (
        select(Signature.id)
        .where(text(TO_REMIND), Signature.submitted_at <= since, Signature.code_since <= since)
        .order_by(Signature.submitted_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("waiting")
    )
    mark = (
        update(Signature)
        .where(Signature.id.in_(select(waiting.c.id)))
        .values(reminded=True)
        .returning(Signature.id)
        .execution_options(synchronize_session=False)
    )
    with transaction() as session:
        marked = session.scalars(mark).all()
        due = (
            select(Signature.id, Signature.lang)
            .join(Campaign, Campaign.id == Signature.campaign_id)
            .where(
                Signature.id.in_(marked), open_now(), _WAS_MAILED, ~HAS_CONFIRMED, ~_HAS_NEWER, ~_WAS_REMINDED
            )
        )
        mails = [SignatureMail(MailKind.REMINDER, row.id, row.lang) for row in session.execute(due)]
        enqueue_all(session, mails, may_wait=True)
    return bool(marked)
