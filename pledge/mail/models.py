"""Tables of mail: what was asked for, the outbox and the caps. None holds a readable address, a token or a body."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, LargeBinary, String, false
from sqlalchemy.orm import Mapped, mapped_column

from pledge.core.db import Model
from pledge.core.db.encrypted_columns import Sealed
from pledge.core.db.types import BigKey, UTCDateTime, partial_index
from pledge.core.i18n import Phrase


class MailKind(StrEnum):
    CONFIRM = "confirm"  #: please confirm your signature
    ALREADY = "already"  #: you are already counted since …
    MANAGE = "manage"  #: the link to one's own page
    REMINDER = "reminder"  #: you have not confirmed yet; once
    THANKS = "thanks"  #: after confirming, unless declined
    HELD = "held"  #: after confirming, where a person looks at the signature before it is counted
    WITHDRAWN_SELF = "withdrawn_self"  #: the person withdrew on their own page
    NEWS = "news"  #: to signers who asked for it; its `seq` is the number of the news
    NEWS_TEST = "news_test"  #: the same to the member of staff who wants to see it first
    NEWS_ANNOUNCED = "news_announced"  #: to the other staff: it goes out in a day unless somebody stops it
    INVALIDATED = "invalidated"  #: your signature is not counted any more, and how to object
    # Staff do what the person has asked them for:
    WITHDRAWN = "withdrawn"
    ERASURE = "erasure"  #: will be erased in a day, unless the person stops it
    UNSUBSCRIBED = "unsubscribed"
    # About an endorsement, to the person who speaks for the organisation:
    ENDORSE_CONFIRM = "endorse_confirm"
    ENDORSE_ALREADY = "endorse_already"
    ENDORSE_MANAGE = "endorse_manage"
    ENDORSE_PUBLISHED = "endorse_published"
    ENDORSE_CHANGES = "endorse_changes"  #: staff ask for changes
    ENDORSE_DECLINED = "endorse_declined"
    ENDORSE_PROMISE = "endorse_promise"  #: is your promise still true? once a year
    ENDORSE_CONTACT = "endorse_contact"  #: to another person: please confirm that you speak for it now
    ENDORSE_HANDOVER = "endorse_handover"  #: to the person before: somebody else speaks for it now
    CONTACT = "contact"  #: what somebody wrote by the form of the site (mail/contact.py)
    # To staff, whom no bounce and no complaint keeps from their mails (TO_STAFF):
    STAFF_INVITATION = "staff_invitation"
    STAFF_NOTICE = "staff_notice"  #: something about your account was changed
    STAFF_ALERT = "staff_alert"  #: `subject_id` is who is told, `seq` the alert (abuse/models.py)


#: As staff read them.
KIND_LABELS = {
    MailKind.CONFIRM: Phrase("mail", "Request to confirm"),
    MailKind.REMINDER: Phrase("mail", "Reminder to confirm"),
    MailKind.THANKS: Phrase("mail", "Thanks for signing"),
    MailKind.HELD: Phrase("mail", "Your signature is on hold"),
    MailKind.ALREADY: Phrase("mail", "You have already signed"),
    MailKind.NEWS: Phrase("mail", "News of the campaign"),
    MailKind.MANAGE: Phrase("mail", "Link to the signer’s own page"),
    MailKind.INVALIDATED: Phrase("mail", "Your signature is not counted"),
    MailKind.WITHDRAWN: Phrase("mail", "Withdrawn on request"),
    MailKind.WITHDRAWN_SELF: Phrase("mail", "Withdrawn by the signer"),
    MailKind.ERASURE: Phrase("mail", "To be erased on request"),
    MailKind.UNSUBSCRIBED: Phrase("mail", "News stopped on request"),
    MailKind.ENDORSE_CONFIRM: Phrase("mail", "Request to confirm (organisation)"),
    MailKind.ENDORSE_ALREADY: Phrase("mail", "Already applied (organisation)"),
    MailKind.ENDORSE_MANAGE: Phrase("mail", "Link to an organisation’s own page"),
    MailKind.ENDORSE_PUBLISHED: Phrase("mail", "Published (organisation)"),
    MailKind.ENDORSE_CHANGES: Phrase("mail", "Request for changes (organisation)"),
    MailKind.ENDORSE_DECLINED: Phrase("mail", "Declined (organisation)"),
    MailKind.ENDORSE_PROMISE: Phrase("mail", "Is the promise still true? (organisation)"),
    MailKind.ENDORSE_CONTACT: Phrase("mail", "Request to the new contact (organisation)"),
    MailKind.ENDORSE_HANDOVER: Phrase("mail", "Contact changed (organisation)"),
    MailKind.NEWS_TEST: Phrase("mail", "News, as a test to oneself"),
    MailKind.NEWS_ANNOUNCED: Phrase("mail", "News that goes out unless stopped"),
    MailKind.CONTACT: Phrase("mail", "Message by the form “Write to us”"),
    MailKind.STAFF_INVITATION: Phrase("mail", "Invitation to the staff"),
    MailKind.STAFF_NOTICE: Phrase("mail", "Notice about a staff account"),
    MailKind.STAFF_ALERT: Phrase("mail", "Alert to staff"),
}

TO_STAFF = frozenset(
    {
        MailKind.CONTACT,
        MailKind.STAFF_INVITATION,
        MailKind.STAFF_NOTICE,
        MailKind.STAFF_ALERT,
        MailKind.NEWS_TEST,
        MailKind.NEWS_ANNOUNCED,
    }
)

#: Three classes of mail, each with its own index; a query must repeat the predicate verbatim to use it. News and thanks,
#: which nobody waits for; first mails, to addresses at which nobody has ever confirmed anything, whose rate is limited
#: (mail/valve.py) and whose order is fair (mail/outbox.py); and the rest, which goes first.
TO_CONFIRM = (MailKind.CONFIRM, MailKind.REMINDER, MailKind.ENDORSE_CONFIRM, MailKind.ENDORSE_CONTACT)
_TO_CONFIRM = f"({', '.join(repr(kind.value) for kind in TO_CONFIRM)})"
LAST = "kind IN ('news', 'thanks')"
FIRST = f"NOT known AND kind IN {_TO_CONFIRM}"
#: Of the second class, those that were asked for with proof of work, which go first, and the others (mail/breaker.py).
PROVED = f"{FIRST} AND proved"
UNPROVED = f"{FIRST} AND NOT proved"
#: Mails that are not tried any more.
FINISHED = "state <> 'queued'"
#: Mails of the second class that were sent.
ASKED = f"state = 'sent' AND {FIRST}"
AWAITED = f"kind NOT IN ('news', 'thanks') AND (known OR kind NOT IN {_TO_CONFIRM})"
#: Of the last class, what has a pace of its own (news/sending.py).
NEWS = "kind = 'news'"


class MailState(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    DROPPED = "dropped"  #: no longer true when its turn came (confirmed, superseded, erased meanwhile)
    DEAD = "dead"  #: refused for good, or given up after 72 hours


#: As staff read them.
STATE_LABELS = {
    MailState.QUEUED: Phrase("mail", "Waiting"),
    MailState.SENT: Phrase("mail", "Sent"),
    MailState.DROPPED: Phrase("mail", "No longer needed"),
    MailState.DEAD: Phrase("mail", "Not delivered"),
}


def is_to_known(kind: str, *, known: bool) -> bool:
    """Whether a mail goes to somebody who has confirmed something once, or to staff: it is not of the second class (FIRST)."""
    return known or kind not in TO_CONFIRM


class Returned(StrEnum):
    """What came back for a mail, from the server that refused it or later in a report (mail/bounces/)."""

    DELAYED = "delayed"  #: not delivered yet; the server goes on trying
    FULL = "full"  #: the mailbox is full
    NO_MAILBOX = "no_mailbox"  #: there is no such mailbox, or it is closed
    POLICY = "policy"  #: the provider does not take our mails
    REFUSED = "refused"  #: for good, for another reason
    COMPLAINT = "complaint"  #: whoever got it reported it as spam


#: As staff read them.
RETURNED_LABELS = {
    Returned.DELAYED: Phrase("mail", "Delayed: the provider has not taken it yet, and is asked again"),
    Returned.FULL: Phrase("mail", "The mailbox is full"),
    Returned.NO_MAILBOX: Phrase("mail", "There is no such mailbox"),
    Returned.POLICY: Phrase("mail", "Refused by a rule of the provider"),
    Returned.REFUSED: Phrase("mail", "Refused for another reason"),
    Returned.COMPLAINT: Phrase("mail", "Reported as spam by its recipient"),
}


#: Bytes of the keyed hashes by which first mails are grouped.
GROUP_BYTES = 8


class OutboxMail(Model):
    """A mail that waits to be sent, or what became of it. What it says is decided when it is sent, from the row it is about."""

    __tablename__ = "outbox_mails"

    id: Mapped[int] = mapped_column(BigKey, Identity(always=False), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    #: The signature, endorsement, invitation or campaign it is about, by its kind; not a foreign key, as that row may be
    #: erased while the mail waits.
    subject_id: Mapped[int] = mapped_column(BigInteger)
    seq: Mapped[int]  #: the version of that row that the link will confirm
    lang: Mapped[str] = mapped_column(String(2))
    #: Somebody at the address has confirmed something once. Otherwise a mail to confirm may reach a stranger whose
    #: address somebody else typed.
    known: Mapped[bool] = mapped_column(server_default=false())
    #: It was asked for with proof of work, so it does not wait when the breaker is open (mail/breaker.py).
    proved: Mapped[bool] = mapped_column(server_default=false())
    #: Of a first mail, keyed hashes of the mail's domain (none of a provider) and of the IPv4 /24 or IPv6 /48 it was
    #: asked from; and its place in the fair order: what looks like a program's after the others, then by `turn_at`.
    domain_hash: Mapped[bytes | None] = mapped_column(LargeBinary(GROUP_BYTES))
    network_hash: Mapped[bytes | None] = mapped_column(LargeBinary(GROUP_BYTES))
    suspicious: Mapped[bool] = mapped_column(server_default=false())
    #: When its turn is, never before `due_at`.
    turn_at: Mapped[datetime | None] = mapped_column(
        UTCDateTime, default=lambda context: context.get_current_parameters().get("due_at")
    )
    state: Mapped[str] = mapped_column(String(8), server_default="queued")
    attempts: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)  #: not before; moved on by back-off
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)  #: a worker has it until then
    #: Kind and SMTP code, never the server's text.
    last_error: Mapped[str | None] = mapped_column(String(120))
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Of a message to the site what was written, encrypted; gone once it is sent.
    payload: Mapped[str | None] = mapped_column(Sealed("outbox_mails.payload"))
    returned: Mapped[str | None] = mapped_column(String(10))  #: one of Returned
    returned_status: Mapped[str | None] = mapped_column(String(9))  #: enhanced status code (RFC 3463)

    __table_args__ = (
        CheckConstraint("state IN ('queued', 'sent', 'dropped', 'dead')", name="state"),
        CheckConstraint(f"kind IN ({', '.join(repr(kind.value) for kind in MailKind)})", name="kind"),
        # One index for each class: a long queue of one does not slow the search for the others.
        partial_index("ix_outbox_mails_due", "due_at", where=f"state = 'queued' AND {AWAITED}"),
        partial_index("ix_outbox_mails_first", "due_at", where=f"state = 'queued' AND {FIRST}"),
        *(
            partial_index(f"ix_outbox_mails_{name}", *columns, where=f"state = 'queued' AND {which}")
            for name, columns, which in (
                ("proved", ("suspicious", "turn_at"), PROVED),
                ("unproved", ("suspicious", "turn_at"), UNPROVED),
                ("domain", ("domain_hash",), FIRST),
                ("network", ("network_hash",), FIRST),
            )
        ),
        partial_index("ix_outbox_mails_asked", "sent_at", where=ASKED),
        partial_index("ix_outbox_mails_last", "due_at", where=f"state = 'queued' AND {LAST}"),
        Index("ix_outbox_mails_subject", "subject_id"),
        # News is enqueued once for each signature.
        partial_index("uq_outbox_mails_news", "seq", "subject_id", unique=True, where=NEWS),
        partial_index("ix_outbox_mails_returned", "created_at", where="returned IS NOT NULL"),
        partial_index("ix_outbox_mails_dead", "id", where="state = 'dead'"),
        partial_index("ix_outbox_mails_finished", "due_at", where=FINISHED),
    )


#: The context that is authenticated with the encrypted column.
PAYLOAD_CONTEXT = "mail_requests.payload"


class RequestKind(StrEnum):
    """What somebody asked for by sending a form. Whether and when a mail follows is for the worker to decide."""

    CONFIRM = "confirm"  #: the mail about one submission; `subject_id` is the signature
    LINK = "link"  #: the link to one's own page; `address_hash` is the person
    # About organisations; `address_hash` is the person who speaks, `payload` what they sent:
    ENDORSE = "endorse"  #: an application
    ENDORSE_RESEND = "endorse_resend"  #: the mail about one application once more
    ENDORSE_LINK = "endorse_link"  #: the links to the own pages


class MailRequest(Model):
    """Somebody sent a form that a mail may follow. One row for each, whatever is known about the address.

    The request that writes it reads nothing about the person, so neither its answer nor its time can tell anything. The
    worker decides which mail is enqueued, if any, and deletes the row in the same transaction (mail/requests.py).
    """

    __tablename__ = "mail_requests"

    id: Mapped[int] = mapped_column(BigKey, Identity(always=False), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    campaign_id: Mapped[int]
    subject_id: Mapped[int | None] = mapped_column(BigInteger)
    address_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    payload: Mapped[str | None] = mapped_column(Sealed(PAYLOAD_CONTEXT))
    lang: Mapped[str] = mapped_column(String(2))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)  #: not before; moved on when answering it failed

    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(repr(kind.value) for kind in RequestKind)})", name="kind"),
        CheckConstraint("subject_id IS NOT NULL OR address_hash IS NOT NULL", name="about_somebody"),
    )


class MailAllowance(Model):
    """When one address, or all tags of one together, was last written to, for one kind of mail, over all campaigns.

    `address_hash` is suppression.exact_hash() or suppression.tags_hash().

    The times are Unix seconds (UTC) of the last three mails, newest first, so that one guarded upsert can enforce
    "one in ten minutes, three in a day". A slot may lie ahead: that mail waits for its turn. `mails` are those since
    `first`, the beginning of the present UNCONFIRMED_WINDOW (mail/allowance.py).
    """

    __tablename__ = "mail_allowances"

    address_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger)
    second: Mapped[int | None] = mapped_column(BigInteger)
    third: Mapped[int | None] = mapped_column(BigInteger)
    first: Mapped[int] = mapped_column(BigInteger)
    mails: Mapped[int]


class MailValve(Model):
    """How much of the pace of first mails is used, and since when they are held back; one row (mail/valve.py).

    Also what the breaker has decided (mail/breaker.py): whoever claims mails needs both at the same moment.
    """

    __tablename__ = "mail_valves"

    id: Mapped[int] = mapped_column(primary_key=True)
    #: What was sent has used up the pace until then; and the floor, while the breaker is open.
    used_until: Mapped[datetime] = mapped_column(UTCDateTime)
    floor_used_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Mails a minute that those who confirm have earned; NULL: as a site begins.
    pace: Mapped[int | None]
    #: When mails were held back first, this time.
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    held_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  #: when that was seen last
    breaker_opened_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  #: NULL while it is closed
    #: While it is open: mails that were asked for with proof are not confirmed either.
    proved_unanswered: Mapped[bool] = mapped_column(server_default=false())
    #: While it is closed: the one domain or network (OutboxMail) whose mails are not confirmed, and since when.
    slow_group: Mapped[bytes | None] = mapped_column(LargeBinary(GROUP_BYTES))
    slow_since: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)


class MailSuppression(Model):
    """An address that gets no mail until then, as there is no such mailbox or its owner complained (mail/suppression.py)."""

    __tablename__ = "mail_suppressions"

    #: A part of suppression.exact_hash().
    address: Mapped[bytes] = mapped_column(LargeBinary(10), primary_key=True)
    #: The mail that came back was to somebody who had confirmed once. Otherwise it stops only mails to addresses at which
    #: nobody ever has, so it ends when they confirm by another spelling.
    known: Mapped[bool] = mapped_column(server_default=false())
    reason: Mapped[str] = mapped_column(String(10))  #: one of Returned
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    until: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (CheckConstraint("reason IN ('no_mailbox', 'complaint')", name="reason"),)


class MailEvent(Model):
    """A call of the webhook for bounces that was dealt with, so that it counts once (web/ops/mail_hook.py)."""

    __tablename__ = "mail_events"

    #: SHA-256 of the id that the caller gave it.
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
