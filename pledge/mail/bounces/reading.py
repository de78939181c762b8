"""What a report says about one of our mails: a bounce (RFC 3464, or in the words of an older server) or a complaint (RFC 5965).

A report counts by the return path of the mail that it is about (return_path.py), which nobody else can make; who sent it does
not matter. Nothing of its text is kept but the status code. Whatever is in it, reading it ends, and raises nothing.
"""

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import Policy, compat32
from itertools import count

from flufl.bounce import all_failures

from pledge.core.logs import log
from pledge.mail.bounces import return_path
from pledge.mail.bounces.return_path import SentMail
from pledge.mail.models import Returned

#: An enhanced status code (RFC 3463) in a text, but no part of an IP address or of a longer number.
_STATUS = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")

#: X.1.1 to X.1.3, X.1.6, X.1.10: the address, its domain, moved, no MX. X.1.7 and X.1.8 are about the sender. Not X.1.0,
#: X.2.1 and X.4.4: with these providers also refuse our address, too many mails at once, and what they cannot route.
_NO_MAILBOX = {"1.1", "1.2", "1.3", "1.6", "1.10"}
_FULL = "2.2"
_POLICY = "7"
#: "Other or undefined": the text of the server may say more.
UNDEFINED = "0.0"


def status_code(text: str) -> str | None:
    """The first enhanced status code of a failure in a text."""
    match = _STATUS.search(text)
    return None if match is None else match.group()


def status_meaning(status: str | None, *, permanent: bool) -> Returned:
    """What a code says; `permanent` where there is none."""
    level, _, detail = (status or ("5.0.0" if permanent else "4.0.0")).partition(".")
    if level == "4":
        return Returned.DELAYED
    if detail in _NO_MAILBOX:
        return Returned.NO_MAILBOX
    if detail == _FULL:
        return Returned.FULL
    return Returned.POLICY if detail.partition(".")[0] == _POLICY else Returned.REFUSED


#: Bytes of a report that are read: what happened is at its beginning, and the return path in its header or the copy after that.
MAX_BYTES = 256 * 1024
#: Parts of a report that are read, and boundaries of them, as parts in one another cost the parser most. More are no report.
MAX_PARTS = 50
MAX_BOUNDARIES = 10
#: Characters in which a status code is looked for.
_MAX_TEXT = 10_000
#: Types of feedback that mean "I did not want this" (RFC 5965 section 7.3; opt-out is what some providers call it).
_COMPLAINTS = {"abuse", "fraud", "opt-out", "opt-out-list"}


@dataclass(frozen=True)
class BounceReport:
    """What came back for a mail."""

    mail: SentMail
    returned: Returned
    status: str | None  #: enhanced status code


def read(raw: bytes) -> BounceReport | None:
    """The report in a message; None when it is none, or about no mail of ours."""
    raw = raw[:MAX_BYTES]
    mail = return_path.find(raw)
    if mail is None or raw.lower().count(b"boundary=") > MAX_BOUNDARIES:
        return None
    try:
        message = _parsed(raw)
        failure = _complaint(message) or _bounce(message)
    except Exception as error:  # noqa: BLE001  # a stranger wrote it: nested a thousand times, in an unknown charset, …
        log.warning("report not readable", kind=type(error).__name__)
        return None
    return None if failure is None else BounceReport(mail, *failure)


def _parsed(raw: bytes) -> Message:
    """The message; raises ValueError at the first part that is one too many."""
    made = count(1)

    def part(policy: Policy) -> Message:
        if next(made) > MAX_PARTS:
            raise ValueError("too many parts")
        return Message(policy)

    return message_from_bytes(raw, policy=compat32.clone(message_factory=part))


_Failure = tuple[Returned, str | None]


def _complaint(message: Message) -> _Failure | None:
    for part in message.walk():
        if part.get_content_type() == "message/feedback-report":
            if str(_fields(part).get("Feedback-Type", "")).strip().lower() in _COMPLAINTS:
                return Returned.COMPLAINT, None
            return None
    return None


def _bounce(message: Message) -> _Failure | None:
    """By the part for programs (RFC 3464) or the forms that other servers use, as Mailman's library knows them."""
    temporary, permanent = all_failures(message)
    if not temporary and not permanent:
        return None
    status = _status(message)
    return status_meaning(status, permanent=bool(permanent)), status


def _status(message: Message) -> str | None:
    """The first code that says something: of the part for programs, else of the words for people."""
    parts = [part for part in message.walk() if part.get_content_type() == "message/delivery-status"]
    text = "\n".join(part.as_string() for part in parts) if parts else _text(message)
    codes = [match.group() for match in _STATUS.finditer(text[:_MAX_TEXT])]
    return next((code for code in codes if code.partition(".")[2] != UNDEFINED), next(iter(codes), None))


def _fields(part: Message) -> Message:
    inner = part.get_payload()
    return inner[0] if isinstance(inner, list) and inner and isinstance(inner[0], Message) else part


def _text(message: Message) -> str:
    for part in message.walk():
        if part.get_content_maintype() == "text":
            content = part.get_payload(decode=True)
            return content.decode("ascii", "replace") if isinstance(content, bytes) else ""
    return ""
