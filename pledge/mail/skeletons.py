"""From a Message to the bytes of a mail, quickly: what is the same in every mail of a kind is rendered once.

Building an EmailMessage costs a millisecond, as much as a whole sign-up. So the MIME frame is built once for each kind
and language, the templates are rendered once with marks in place of the values, and for each mail the values are put
between the pieces. Templates may only print values: a condition or filter on one would see the mark, not the value.
"""

import re
from binascii import b2a_qp
from collections.abc import Mapping
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from html import escape
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from pledge import clock
from pledge.mail.message import Message
from pledge.mail.models import MailKind

#: 7bit, so that no relay has to re-encode Korean (which would break a DKIM signature).
POLICY = SMTP.clone(cte_type="7bit")

#: The values that templates may print.
NAMES = ("campaign", "link", "code", "not_me", "since")

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)

#: Private-use characters: no template holds them and no escaping changes them.
_MARKS = {name: f"\ue000{name}\ue001" for name in NAMES}
_MARK = re.compile("\ue000([a-z_]+)\ue001")

#: What an address may consist of when it goes into a header and an SMTP command (RFC 5321, unquoted, ASCII).
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")


class UnsafeAddress(ValueError):
    """An address that cannot stand in a header as it is; the text does not quote it."""


class Text:
    """A rendered template, cut where the values go."""

    def __init__(self, template: str) -> None:
        rendered = _TEMPLATES.get_template(template).render(_MARKS)
        pieces = _MARK.split(rendered)
        self._pieces = pieces[::2]
        self.names = pieces[1::2]

    def fill(self, values: Mapping[str, str]) -> str:
        parts = [self._pieces[0]]
        for name, piece in zip(self.names, self._pieces[1:], strict=True):
            parts += (values[name], piece)
        return "".join(parts)


@dataclass(frozen=True)
class Skeleton:
    """All that mails of one kind and language share."""

    subject: Text
    text: Text
    html: Text
    #: The MIME frame, cut where the two parts go.
    head: bytes
    between: bytes
    tail: bytes

    def fill(self, message: Message) -> bytes:
        """The mail as it goes over the wire: ASCII, CRLF, no line longer than 76 but for a long address."""
        if not _ADDRESS.fullmatch(message.to):
            raise UnsafeAddress
        values = message.values
        changing = f"To: {message.to}\r\nDate: {format_datetime(clock.now())}\r\nMessage-ID: {message.message_id}\r\n"
        return b"".join(
            (
                _subject(self.subject.fill(values)),
                changing.encode("ascii"),
                self.head,
                _encoded(self.text.fill(values)),
                self.between,
                _encoded(self.html.fill({name: escape(value) for name, value in values.items()})),
                self.tail,
            )
        )


@lru_cache(maxsize=64)
def skeleton(kind: MailKind, lang: str, sender: str) -> Skeleton:
    """The shared parts of a kind of mail in one language, from `sender` (as in PLEDGE_MAIL_FROM)."""
    folder = f"mail/{kind}/{lang}"
    frame = _frame(kind, lang, sender)
    head, between, tail = re.split(rb"%(?:TEXT|HTML)%\r\n", frame.as_bytes(policy=POLICY))
    return Skeleton(
        subject=Text(f"{folder}/subject.txt"),
        text=Text(f"{folder}/body.txt"),
        html=Text(f"{folder}/body.html"),
        head=head,
        between=between,
        tail=tail,
    )


def envelope_address(sender: str) -> str:
    """The bare address of a From header, for MAIL FROM."""
    return parseaddr(sender)[1]


def _frame(kind: MailKind, lang: str, sender: str) -> EmailMessage:
    name, address = parseaddr(sender)
    frame = EmailMessage(policy=POLICY)
    frame["From"] = Address(name, addr_spec=address)
    # Keeps out-of-office replies and mailing list software away (RFC 3834).
    frame["Auto-Submitted"] = "auto-generated"
    frame["X-Auto-Response-Suppress"] = "All"
    frame["Content-Language"] = lang
    frame.set_content("%TEXT%\n", charset="utf-8", cte="quoted-printable")
    frame.add_alternative("%HTML%\n", subtype="html", charset="utf-8", cte="quoted-printable")
    # "=_" cannot occur in quoted-printable text, so no value can end a part.
    frame.set_boundary(f"=_{kind}_{lang}_part")
    return frame


def _encoded(text: str) -> bytes:
    """Quoted-printable with soft line breaks (RFC 2045 section 6.7)."""
    return b2a_qp(text.replace("\r\n", "\n").replace("\n", "\r\n").encode())


@lru_cache(maxsize=256)
def _subject(subject: str) -> bytes:
    # A line break would begin a new header; the policy refuses one, a title should not be able to stop mails.
    header: str = POLICY.fold("Subject", POLICY.header_factory("Subject", " ".join(subject.split())))
    return header.encode("ascii")
