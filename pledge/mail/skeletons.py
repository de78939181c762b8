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
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from pledge import clock
from pledge.mail.message import Message
from pledge.mail.models import MailKind

#: 7bit, so that no relay has to re-encode Korean (which would break a DKIM signature).
POLICY = SMTP.clone(cte_type="7bit")
#: The library's folding lets an encoded word end one character past its limit; RFC 2047 allows 76.
_SUBJECT_POLICY = POLICY.clone(max_line_length=75)

#: The values that templates may print.
NAMES = (
    *("campaign", "link", "code", "not_me", "since", "organization", "reason", "contact"),
    *("recipient", "occasion", "day", "people", "unsubscribe"),
)

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

#: What a link of ours consists of; nothing that would end the header or the brackets around it.
_LINK = re.compile(r"https?://[A-Za-z0-9.:/_~%\[\]-]{1,600}")


class UnsafeAddress(ValueError):
    """An address that cannot stand in a header as it is; the text does not quote it."""


class Text:
    """A rendered text, cut where the values go."""

    def __init__(self, rendered: str) -> None:
        first, *rest = _MARK.split(rendered)
        self._first = first
        self._rest = list(zip(rest[::2], rest[1::2], strict=True))

    def fill(self, values: Mapping[str, str]) -> str:
        return self._first + "".join([values[name] + piece for name, piece in self._rest])


class Part:
    """A body in quoted-printable: lines without a value are encoded once, the others when they are filled."""

    def __init__(self, rendered: str) -> None:
        self._runs: list[bytes | Text] = []
        for has_value, lines in groupby(rendered.splitlines(), key=lambda line: bool(_MARK.search(line))):
            if has_value:
                self._runs += [Text(line) for line in lines]
            else:
                self._runs.append(b"".join(map(_encoded, lines)))

    def fill(self, values: Mapping[str, str]) -> bytes:
        return b"".join([run if isinstance(run, bytes) else _encoded(run.fill(values)) for run in self._runs])


@dataclass(frozen=True)
class Skeleton:
    """All that mails of one kind and language share."""

    subject: Text
    text: Part
    html: Part
    #: The MIME frame, cut where the two parts go.
    head: bytes
    between: bytes
    tail: bytes

    def fill(self, message: Message) -> bytes:
        """The mail as it goes over the wire: ASCII, CRLF, no line longer than 76 but for a long address."""
        if not _ADDRESS.fullmatch(message.to):
            raise UnsafeAddress
        values = {name: " ".join(value.split()) for name, value in message.values.items()}
        changing = f"To: {message.to}\r\nDate: {format_datetime(clock.now())}\r\nMessage-ID: {message.message_id}\r\n"
        if message.unsubscribe:
            changing += one_click(message.unsubscribe)
        return b"".join(
            (
                _subject(self.subject.fill(values)),
                changing.encode("ascii"),
                self.head,
                self.text.fill(values),
                self.between,
                self.html.fill({name: escape(value) for name, value in values.items()}),
                self.tail,
            )
        )


@lru_cache(maxsize=64)
def skeleton(kind: MailKind, lang: str, sender: str, imprint: str) -> Skeleton:
    """The shared parts of a kind of mail in one language, from `sender` (as in PLEDGE_MAIL_FROM), with `imprint` at its foot."""
    folder = f"mail/{kind}/{lang}"
    frame = _frame(kind, lang, sender)
    head, between, tail = re.split(rb"%(?:TEXT|HTML)%\r\n", frame.as_bytes(policy=POLICY))
    return Skeleton(
        subject=Text(_rendered(f"{folder}/subject.txt")),
        text=Part(f"{_rendered(f'{folder}/body.txt')}\n{imprint}\n"),
        html=Part(_rendered(f"{folder}/body.html", imprint=imprint)),
        head=head,
        between=between,
        tail=tail,
    )


def one_click(address: str) -> str:
    """The two headers of an unsubscription that takes one click (RFC 8058 section 3.1; RFC 2369 section 3.2)."""
    if not _LINK.fullmatch(address):
        raise UnsafeAddress
    return f"List-Unsubscribe: <{address}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"


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
    frame.set_content("%TEXT%\n", charset="utf-8", cte="quoted-printable")
    frame.add_alternative("%HTML%\n", subtype="html", charset="utf-8", cte="quoted-printable")
    # Only now: add_alternative() takes Content headers away with the first part.
    frame["Content-Language"] = lang
    # "=_" cannot occur in quoted-printable text, so no value can end a part.
    frame.set_boundary(f"=_{kind}_{lang}_part")
    return frame


def _rendered(template: str, **fixed: str) -> str:
    return _TEMPLATES.get_template(template).render(_MARKS, **fixed)


def _encoded(line: str) -> bytes:
    """One line in quoted-printable with soft line breaks (RFC 2045 section 6.7)."""
    # Without blanks at its end: the encoder would let such a line grow past 76 characters.
    return b2a_qp(line.rstrip().encode() + b"\r\n")


@lru_cache(maxsize=256)
def _subject(subject: str) -> bytes:
    header: str = _SUBJECT_POLICY.fold("Subject", _SUBJECT_POLICY.header_factory("Subject", subject.strip()))
    return header.encode("ascii")
