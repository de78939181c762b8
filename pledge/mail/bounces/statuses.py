"""What a refusal means, by its enhanced status code (RFC 3463): only what is about the address itself stops further mails."""

import re

from pledge.mail.models import Returned

#: A code in a text, but no part of an IP address or of a longer number.
_STATUS = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")

#: X.1.1 to X.1.3, X.1.6, X.1.10: the address, its domain, moved, no MX. X.1.7 and X.1.8 are about the sender. Not X.1.0,
#: X.2.1 and X.4.4: with these providers also refuse our address, too many mails at once, and what they cannot route.
_NO_MAILBOX = {"1.1", "1.2", "1.3", "1.6", "1.10"}
_FULL = "2.2"
_POLICY = "7"
#: "Other or undefined": the text of the server may say more.
UNDEFINED = "0.0"


def find(text: str) -> str | None:
    """The first enhanced status code of a failure in a text."""
    found = _STATUS.search(text)
    return None if found is None else found.group()


def meaning(status: str | None, *, permanent: bool) -> Returned:
    """What a code says; `permanent` where there is none."""
    level, _, detail = (status or ("5.0.0" if permanent else "4.0.0")).partition(".")
    if level == "4":
        return Returned.DELAYED
    if detail in _NO_MAILBOX:
        return Returned.NO_MAILBOX
    if detail == _FULL:
        return Returned.FULL
    return Returned.POLICY if detail.partition(".")[0] == _POLICY else Returned.REFUSED
