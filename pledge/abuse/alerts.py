"""Recording alerts: at most one about the same thing in a stated time, over all workers.

Who is told by mail is known to accounts (accounts/staff_alerts.py), which is what others call. The webhook is called by the worker
(webhook.py).
"""

from datetime import datetime, timedelta

from sqlalchemy import exists, func, select, text
from sqlalchemy.orm import Session

from config import current_config
from pledge.abuse.models import Alert, AlertKind, CallState, Facts
from pledge.core import clock
from pledge.core.db import fetch, is_postgresql, load
from pledge.core.i18n import Phrase, format_count
from pledge.core.languages import Texts

#: How long nothing more is said about the same thing; None: it is said once.
QUIET: dict[AlertKind, timedelta | None] = {
    # The valve counts as open again after ten minutes; what is held back later is another closing.
    AlertKind.VALVE_CLOSED: timedelta(minutes=10),
    AlertKind.BREAKER_OPEN: timedelta(hours=1),
    AlertKind.SIGN_UPS_HELD: timedelta(hours=1),
    AlertKind.DOMAIN_HELD: timedelta(hours=1),
    AlertKind.DELIVERY_FELL: timedelta(hours=6),
    AlertKind.STEP_REACHED: None,
    AlertKind.APPROVAL_WAITS: None,
    AlertKind.PAPER_AGREED: None,
    AlertKind.ACT_PROPOSED: None,
    AlertKind.ORGANIZATION_WAITS: None,
    AlertKind.RETURNED: None,
    AlertKind.ANSWER_DUE: None,
    AlertKind.INBOX_DAILY: timedelta(hours=20),
    AlertKind.COUNT_DIFFERS: timedelta(minutes=50),  # the worker compares once an hour
    AlertKind.STAFF_CHANGED: None,
}

#: The key of the advisory lock under which alerts are recorded; nothing else here uses this number.
ALERT_LOCK = 0x616C7274


def record(session: Session, kind: AlertKind, about: str, facts: Facts) -> Alert | None:
    """The new row; None if the same alert was recorded within the quiet time of its kind."""
    if is_postgresql():  # SQLite's BEGIN IMMEDIATE does the same
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ALERT_LOCK})
    now, same = clock.now(), exists().where(Alert.kind == kind, Alert.about == about)
    if (quiet := QUIET[kind]) is not None:
        same = same.where(Alert.at > now - quiet)
    if session.scalar(select(same)):
        return None
    state = CallState.QUEUED if current_config().alert_webhook else CallState.NONE
    row = Alert(kind=kind, about=about, facts=facts, at=now, call_state=state, call_due_at=now)
    session.add(row)
    session.flush()
    return row


def newest(within: timedelta, limit: int = 20) -> list[Alert]:
    """The alerts of this time, the newest first."""
    query = select(Alert).where(Alert.at >= clock.now() - within)
    return load(query.order_by(Alert.at.desc()).limit(limit))


def last_at(kind: AlertKind, about: str = "") -> datetime | None:
    """When the newest alert of this kind, about what begins like this, was told."""
    about_it = Alert.kind == kind, Alert.about.startswith(about, autoescape=True)
    return fetch(select(func.max(Alert.at)).where(*about_it)).scalar()


HEADLINES: dict[str, Phrase] = {
    AlertKind.VALVE_CLOSED: Phrase("alert", "E-mails to new addresses are held back"),
    AlertKind.BREAKER_OPEN: Phrase("alert", "Few sign-ups are being confirmed"),
    AlertKind.SIGN_UPS_HELD: Phrase("alert", "Signatures on hold wait for a decision"),
    AlertKind.DOMAIN_HELD: Phrase("alert", "Many sign-ups come at a small e-mail domain"),
    AlertKind.DELIVERY_FELL: Phrase("alert", "Fewer e-mails arrive at %(provider)s"),
    AlertKind.STEP_REACHED: Phrase("alert", "%(campaign)s: %(people)s people have signed"),
    AlertKind.APPROVAL_WAITS: Phrase(
        "alert", "News or demands to approve, or paper signatures to count again"
    ),
    AlertKind.PAPER_AGREED: Phrase(
        "alert", "In a day %(signatures)s paper signatures will be counted: %(place)s"
    ),
    AlertKind.ACT_PROPOSED: Phrase("alert", "An act about signatures waits for a second person"),
    AlertKind.ORGANIZATION_WAITS: Phrase("alert", "Organisations wait for review"),
    AlertKind.RETURNED: Phrase("alert", "A proposal was sent back to its author"),
    AlertKind.ANSWER_DUE: Phrase("alert", "The answer to a delivery is due, or to be published"),
    AlertKind.INBOX_DAILY: Phrase("alert", "Waiting in the inbox: %(number)s"),
    AlertKind.COUNT_DIFFERS: Phrase("alert", "The numbers of %(campaign)s do not agree"),
    AlertKind.STAFF_CHANGED: Phrase("alert", "Please look: %(what)s"),
}

DETAILS: dict[str, Phrase] = {
    AlertKind.VALVE_CLOSED: Phrase(
        "alert",
        "More e-mails to new addresses have been requested than the site may send in a minute. They are held back and go out "
        "one after another. E-mails to people who have confirmed before are not affected. It may be a busy day. It may also "
        "be somebody entering other people’s addresses. Please look at which e-mail providers the sign-ups come from, and how "
        "many of them are confirmed.",
    ),
    AlertKind.BREAKER_OPEN: Phrase(
        "alert",
        "Far fewer of the e-mails that ask for a confirmation are answered than usual. Somebody may be entering other "
        "people’s addresses. Until it is better, e-mails to new addresses go out slowly, and whoever signs is asked for one "
        "more step.",
    ),
    AlertKind.SIGN_UPS_HELD: Phrase(
        "alert",
        "Confirmed by their signers and on hold: %(sign_ups)s. They are not counted until somebody has looked at them. Please "
        "decide whether they are released or refused.",
    ),
    AlertKind.DOMAIN_HELD: Phrase(
        "alert",
        "More people than a small e-mail domain usually has have signed with addresses of one, or of several that share a mail "
        "server. What is not confirmed yet, and what comes there from now on, is put on hold. It may be a company: then allow the "
        "domain. It may also be somebody who makes up addresses there. The inbox leads to each, with what speaks for and against.",
    ),
    AlertKind.DELIVERY_FELL: Phrase(
        "alert",
        "In the last few hours %(percent)s%% of the e-mails to %(provider)s were confirmed; usually it is %(usual)s%%. The "
        "provider may be refusing our e-mails or sorting them out as spam.",
    ),
    AlertKind.STEP_REACHED: Phrase(
        "alert", "The campaign has reached its next step of %(step)s. A good moment for news."
    ),
    AlertKind.APPROVAL_WAITS: Phrase(
        "alert",
        "News, what became of a demand, or a batch of paper signatures was proposed. It goes on when somebody other than its "
        "author has decided.",
    ),
    AlertKind.PAPER_AGREED: Phrase(
        "alert",
        "Two people counted the same number; the page of the batch names them. If you are said to be one of them and are not, or if "
        "the number is not right, please take the batch out of the count: until it counts nothing of it is public.",
    ),
    AlertKind.ACT_PROPOSED: Phrase(
        "alert",
        "An act about signatures was proposed. It is done when somebody other than its author approves it.",
    ),
    AlertKind.ORGANIZATION_WAITS: Phrase("alert", "Organisations have applied or sent a correction."),
    AlertKind.RETURNED: Phrase(
        "alert", "Somebody else decided against it. Its author’s inbox says what it is and why."
    ),
    AlertKind.ANSWER_DUE: Phrase(
        "alert",
        "The inbox names the recipient and the day. From the day after, the campaign’s page says for how long there has been no "
        "answer. If it has come, please record it; somebody other than its author publishes it.",
    ),
    AlertKind.INBOX_DAILY: Phrase("alert", "The inbox shows what waits for you, and since when."),
    AlertKind.COUNT_DIFFERS: Phrase(
        "alert",
        "Once an hour the public log is compared with the signatures, the published organisations, and the countries and regions. "
        "Differences found: %(differences)s. Somebody may have written to the database past the site. Please tell whoever runs "
        "the site; `flask ledger verify` and `flask ledger recount` give details.",
    ),
    AlertKind.STAFF_CHANGED: Phrase(
        "alert",
        "Administrators hear of every new or changed account, role and published pledge text. The audit log says who did it and "
        "with what. If none of you did, somebody may have taken over the site: please tell whoever runs it at once.",
    ),
}


#: Of DELIVERY_FELL, where the delivered share fell, before or in place of the words about the confirmed one.
_DELIVERED_FELL = Phrase(
    "alert",
    "In the last few hours %(delivered)s%% of the e-mails to %(provider)s were delivered; usually it is %(usually_delivered)s%%. "
    "The others were sent back or refused.",
)
#: Of DOMAIN_HELD, how many there are just now.
_DOMAINS = Phrase("alert", "Domains: %(domains)s. Shared mail servers: %(servers)s.")


def headline(kind: str, facts: Facts, lang: str) -> str:
    return HEADLINES[kind].in_language(lang, **_in_language(facts, lang))


def details(kind: str, facts: Facts, lang: str) -> str:
    phrases = [_DELIVERED_FELL] if "delivered" in facts else []
    if kind != AlertKind.DELIVERY_FELL or "percent" in facts:
        phrases.append(DETAILS[kind])
    if "domains" in facts:
        phrases.append(_DOMAINS)
    return " ".join(phrase.in_language(lang, **_in_language(facts, lang)) for phrase in phrases)


def _in_language(facts: Facts, lang: str) -> dict[str, str]:
    return {name: _fact_in_language(fact, lang) for name, fact in facts.items()}


def _fact_in_language(fact: str | int | dict[str, str], lang: str) -> str:
    if isinstance(fact, int):
        return format_count(fact, lang)
    return Texts(fact).in_language(lang) if isinstance(fact, dict) else fact
