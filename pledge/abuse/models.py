"""Tables of abuse. None holds an address, a name, a network or a domain."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, Boolean, CheckConstraint, Identity, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from pledge.core.db import Model
from pledge.core.db.types import BigKey, UTCDateTime, one_of, partial_index
from pledge.core.i18n import Phrase

#: What the words of an alert name: a text, a number, or a text by language.
Facts = dict[str, str | int | dict[str, str]]


class AlertKind(StrEnum):
    """What staff can be told of."""

    VALVE_CLOSED = "valve_closed"  #: mails to new addresses are held back (mail/valve.py)
    BREAKER_OPEN = "breaker_open"  #: too few of the mails to confirm are answered
    SIGN_UPS_HELD = "sign_ups_held"  #: confirmed signatures are held and wait for a decision
    DOMAIN_HELD = "domain_held"  #: what comes at a small mail domain is held, as so many have come there
    DELIVERY_FELL = "delivery_fell"  #: far fewer mails than usual arrive or are confirmed at a provider
    STEP_REACHED = "step_reached"  #: a campaign has reached the next step on the way to its goal
    APPROVAL_WAITS = "approval_waits"  #: news, a demand or a batch of paper waits for a second person
    PAPER_AGREED = "paper_agreed"  #: two people counted a batch of paper alike: a day to object
    ACT_PROPOSED = "act_proposed"  #: an act about signatures waits for a second person
    ORGANIZATION_WAITS = "organization_waits"  #: organisations wait for review
    RETURNED = "returned"  #: to its author alone: what they proposed was sent back
    ANSWER_DUE = "answer_due"  #: the answer to a delivery is due in a week or today, or to be published
    INBOX_DAILY = "inbox_daily"  #: once a day: how much waits
    COUNT_DIFFERS = "count_differs"  #: log, signatures, wall or places do not agree
    STAFF_CHANGED = "staff_changed"  #: to all administrators: an account, a role or a pledge text


#: As staff choose them; what a mail says is in alerts.py.
LABELS = {
    AlertKind.VALVE_CLOSED: Phrase(
        "alert", "E-mails to new addresses are delayed, as more are requested than may be sent"
    ),
    AlertKind.BREAKER_OPEN: Phrase("alert", "Few of the e-mails that ask for a confirmation are answered"),
    AlertKind.SIGN_UPS_HELD: Phrase("alert kind", "Signatures on hold wait for a decision"),
    AlertKind.DOMAIN_HELD: Phrase("alert kind", "Many sign-ups come at a small e-mail domain"),
    AlertKind.DELIVERY_FELL: Phrase("alert", "At a large provider far fewer e-mails than usual arrive"),
    AlertKind.STEP_REACHED: Phrase("alert", "A campaign has reached its next step"),
    AlertKind.APPROVAL_WAITS: Phrase("alert", "News, demands or paper signatures wait for a second person"),
    AlertKind.PAPER_AGREED: Phrase("alert", "Paper signatures are about to be counted"),
    AlertKind.ACT_PROPOSED: Phrase("alert kind", "An act about signatures waits for a second person"),
    AlertKind.ORGANIZATION_WAITS: Phrase("alert", "Organisations begin to wait for review"),
    AlertKind.RETURNED: Phrase("alert", "A proposal was sent back to its author"),
    AlertKind.ANSWER_DUE: Phrase(
        "alert", "The answer to a delivery is due in a week, on the day, and when it is to be published"
    ),
    AlertKind.INBOX_DAILY: Phrase("alert", "Once a day, at nine: how much waits in the inbox"),
    AlertKind.COUNT_DIFFERS: Phrase("alert", "The public log and the signatures do not agree"),
    AlertKind.STAFF_CHANGED: Phrase("alert", "An account, a role or a pledge text was changed"),
}


class HoldReason(StrEnum):
    """Why a signature is held. The values are stored (signatures.hold_reason), so they stay as they are."""

    SIGNALS = "signals"  #: its form looks as if no person had sent it (signals.py)
    BLOCKED = "blocked"  #: it comes from a network or domain that staff hold (origin_list.py)
    SPEED = "speed"  #: of a cluster in which too many answer their mail too soon
    DOMAINS = "domains"  #: of addresses at dozens of small domains from one place
    SIZE = "size"  #: of more confirmations at one small domain, or at those of one mail server, than a week may have
    STAFF = "staff"  #: staff hold it


class CallState(StrEnum):
    """What became of the call to the webhook."""

    NONE = "none"  #: there was no webhook
    QUEUED = "queued"
    SENT = "sent"
    DEAD = "dead"  #: given up


class Alert(Model):
    """A notice to staff. Those who subscribed to its kind get a mail; the worker calls the webhook."""

    __tablename__ = "alerts"

    id: Mapped[int] = mapped_column(BigKey, Identity(always=False), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    #: Of several things of this kind the one that it is about, such as a campaign and its step; "" where there is one.
    about: Mapped[str] = mapped_column(String(80), server_default="")
    facts: Mapped[Facts] = mapped_column(JSON)  #: what the words name (alerts.py)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    call_state: Mapped[str] = mapped_column(String(8), server_default=CallState.NONE.value)
    call_attempts: Mapped[int] = mapped_column(server_default="0")
    #: Not before; moved on by back-off, and while a worker calls.
    call_due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    call_error: Mapped[str | None] = mapped_column(String(60))  #: a code, never what the other side said

    __table_args__ = (
        CheckConstraint(one_of("kind", AlertKind), name="kind"),
        CheckConstraint(one_of("call_state", CallState), name="call_state"),
        Index("ix_alerts_kind", "kind", "about", "at"),
        partial_index("ix_alerts_call", "call_due_at", where="call_state = 'queued'"),
    )


class OriginKind(StrEnum):
    """What sign-ups may share. `signatures` has a column `<name>_hash` for each but the last."""

    NETWORK = "network"  #: an IPv4 address or an IPv6 /64
    WIDE_NETWORK = "wide_network"  #: an IPv4 /24 or an IPv6 /48
    DOMAIN = "domain"  #: of the mail address
    ADDRESS = "address"  #: the mail address itself; only listed


ORIGIN_LABELS = {
    OriginKind.NETWORK: Phrase("watch", "Network"),
    OriginKind.WIDE_NETWORK: Phrase("watch", "Wider network"),
    OriginKind.DOMAIN: Phrase("watch", "E-mail domain"),
    OriginKind.ADDRESS: Phrase("watch", "E-mail address"),
}


class ListEffect(StrEnum):
    """What follows for sign-ups from what staff have put on their list."""

    HOLD = "hold"  #: they are held when they are confirmed
    #: No rule of the watch holds sign-ups from there, such as a school, a hall or a company; an address is never held.
    ALLOW = "allow"


class ListedOrigin(Model):
    """A network, mail domain or address that staff hold or allow until they take it off their list (origin_list.py)."""

    __tablename__ = "listed_origins"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int]
    kind: Mapped[str] = mapped_column(String(12))
    #: Keyed, another one in each campaign (signatures/origins.py).
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    effect: Mapped[str] = mapped_column(String(5))
    note: Mapped[str] = mapped_column(Text)
    placed_name: Mapped[str] = mapped_column(String(254))
    placed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    lifted_name: Mapped[str | None] = mapped_column(String(254))
    lifted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint(one_of("kind", OriginKind), name="kind"),
        CheckConstraint(one_of("effect", ListEffect), name="effect"),
        partial_index("uq_listed_origins_hash", "hash", unique=True, where="lifted_at IS NULL"),
    )


class MailHost(Model):
    """What is known of the mail server of a host of addresses (mail_servers.py)."""

    __tablename__ = "mail_hosts"

    host_hash: Mapped[bytes] = mapped_column(
        LargeBinary(32), primary_key=True
    )  #: keyed, in each campaign another one
    domain_hash: Mapped[bytes] = mapped_column(LargeBinary(32))  #: that of a signature or an endorsement
    scans: Mapped[bool] = mapped_column(Boolean)  #: it belongs to a scanner
    #: Keyed hash of whose it is, the same for all domains of a campaign that share it; NULL where there is none, or it is the
    #: domain's own or a known hoster's.
    server_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    is_institution: Mapped[bool] = mapped_column(Boolean)  #: a registry gave the domain to one
    checked_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        Index("ix_mail_hosts_domain", "domain_hash"),
        Index("ix_mail_hosts_server", "server_hash"),
    )
