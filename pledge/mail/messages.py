"""Mails between outbox and transport: claimed rows, the composers that turn them into messages, and rendering those.

The words of a mail are one file for each language, templates/mail/<language>/<kind>.txt: its subject and all that both of its
parts say. _base.txt and _base.html beside them make the parts of it.
"""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.policy import SMTP
from email.quoprimime import body_encode
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.environment import TemplateModule
from markupsafe import Markup, escape

from config import current_config
from pledge.core import clock, urls
from pledge.core.encryption import vault
from pledge.mail.models import MailKind


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail of the outbox that this worker may send until the lease ends."""

    id: int
    kind: MailKind
    subject_id: int
    seq: int
    lang: str
    known: bool
    attempts: int  #: this one included
    created_at: datetime

    @property
    def message_id(self) -> str:
        """The same for every copy of a mail, so that a mailbox can tell a copy from a second mail.

        A keyed hash: the number itself would tell whoever gets two mails how many went out between them.
        """
        digest = vault().keyed_hash(f"message-id {self.id} {self.created_at.isoformat()}")
        return f"<{digest[:16].hex()}@{current_config().base_host}>"


@dataclass(frozen=True, slots=True)
class Message:
    """One mail as its composer writes it: the recipient, and the values that its templates print."""

    to: str
    values: Mapping[str, str]
    #: Values of several lines, which are printed as they are; Markup in the HTML.
    texts: Mapping[str, str | Markup] = field(default_factory=dict)
    #: Templates of another kind than the outbox row names, where the state has changed since.
    template: MailKind | None = None
    #: For news: the address that stops it, for the header that mail programs make a button of (RFC 8058).
    unsubscribe: str = ""
    #: For news: the name of the mailing list, by which mail programs sort (RFC 2919); letters, digits and hyphens.
    mailing_list: str = ""
    organization: str = ""  #: who sends it, for its foot; "": the site
    reply_to: str = ""  #: where answers go; "": to the contact of the site


#: Turns claimed mails of one kind into messages, by outbox id. A mail that it leaves out is out of date and is dropped.
Composer = Callable[[Sequence[Claimed]], Mapping[int, Message]]
Composers = Mapping[MailKind, Composer]

_Subject = TypeVar("_Subject")


def composer(
    load: Callable[[Sequence[Claimed]], Mapping[int, _Subject]],
    write: Callable[[Claimed, _Subject], Message | None],
) -> Composer:
    """A composer of two functions: `load` reads what mails are about, by outbox id, in one query; `write` is the mail.

    A mail whose subject `load` does not find, or of which `write` returns None, is dropped.
    """

    def compose(mails: Sequence[Claimed]) -> Mapping[int, Message]:
        subjects = load(mails)
        written = {mail.id: write(mail, subjects[mail.id]) for mail in mails if mail.id in subjects}
        return {mail_id: message for mail_id, message in written.items() if message is not None}

    return compose


_HTML = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PLAIN = _HTML.overlay(autoescape=False)

#: What an address may consist of when it goes into a header and an SMTP command (RFC 5321, unquoted, ASCII).
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")

#: What a link of ours consists of; nothing that would end the header or the brackets around it.
_LINK = re.compile(r"https?://[A-Za-z0-9.:/_~%\[\]-]{1,600}")


class UnsafeAddress(ValueError):
    """An address that cannot be put into a header; the text does not quote it."""


CRLF = "\r\n"
#: RFC 2047 allows 76 characters a line with an encoded word; the library may end one past its limit.
_MAX_LINE = 75


def _folded(name: str, value: str) -> str:
    """A header of words, encoded and folded where needed (RFC 2047)."""
    return f"{name}: {Header(value, header_name=name, maxlinelen=_MAX_LINE).encode(linesep=CRLF)}{CRLF}"


@lru_cache(maxsize=512)
def _from(sender: str, campaign: str) -> str:
    """Who sends the mail: the name that goes with the sender's address, or that of the campaign."""
    name, address = parseaddr(sender)
    header: str = SMTP.clone(cte_type="7bit", max_line_length=_MAX_LINE).fold(
        *SMTP.header_store_parse("From", str(Address(name or campaign, addr_spec=address)))
    )
    return header


def _unfolded(name: str, value: str) -> str:
    """A header of ASCII on one line: the library would encode a long link as if it were text (RFC 2047)."""
    if not (value.isascii() and value.isprintable()):
        raise UnsafeAddress
    return f"{name}: {value}\r\n"


#: Values that differ from mail to mail. A text is rendered once with marks in their place, so a template may print them and ask
#: whether they are empty, and do nothing else with them.
OWN = ("link", "code", "not_me", "own", "receipt", "unsubscribe", "place")

#: Nobody who writes a text or a form can know it.
_MARK = secrets.token_hex(8)
_MARKED = re.compile(f"{_MARK}([a-z_]+);")


class _Part:
    """The text of one part, in quoted-printable, so that no relay has to re-encode Korean, which would break a DKIM signature.

    Lines without a mark are encoded once, the others for each mail: each line is encoded by itself.
    """

    def __init__(self, text: str) -> None:
        self._pieces: list[str | list[str]] = []
        for is_own, lines in groupby(text.encode().splitlines(), lambda line: _MARK.encode() in line):
            block = b"".join(line + b"\n" for line in lines).decode()
            self._pieces.append(_MARKED.split(block) if is_own else _quoted(block))

    def filled(self, own: Mapping[str, str]) -> str:
        return "".join(
            piece if isinstance(piece, str) else _quoted(_fill(piece, own)) for piece in self._pieces
        )


def _quoted(lines: str) -> str:
    return body_encode(lines.encode().decode("latin-1"), _MAX_LINE, CRLF)


def _fill(pieces: Sequence[str], own: Mapping[str, str]) -> str:
    """A text with its marks replaced; `pieces`: text and name in turns, as _MARKED splits them."""
    return "".join(own[piece] if place % 2 else piece for place, piece in enumerate(pieces))


@dataclass(frozen=True)
class _Words:
    """What mails of one kind, language and campaign say."""

    subject: list[str]  #: in pieces, as _fill() takes them
    plain: _Part
    html: _Part


@lru_cache(maxsize=64)
def _words(source: str, values: frozenset[tuple[str, str]]) -> _Words:
    context = dict(values)
    words, plain = _rendered(_PLAIN, "txt", source, context)
    _, html = _rendered(_HTML, "html", source, context)
    return _Words(_MARKED.split(str(vars(words)["subject"]).strip()), _Part(plain), _Part(html))


def _rendered(
    environment: Environment, kind: str, source: str, context: dict[str, str]
) -> tuple[TemplateModule, str]:
    """The words of a mail as one of its parts escapes them, and that part."""
    words = environment.get_template(source).make_module({**context, "part": kind})
    return words, environment.get_template(f"mail/_base.{kind}").render(context, mail=words)


#: "=_" cannot occur in quoted-printable text.
_BOUNDARY = "=_part"
_PART_HEADERS = 'Content-Type: text/{}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n'
_PLAIN_HEADERS = f"\r\n--{_BOUNDARY}\r\n{_PART_HEADERS.format('plain')}\r\n"
_HTML_HEADERS = f"\r\n--{_BOUNDARY}\r\n{_PART_HEADERS.format('html')}MIME-Version: 1.0\r\n\r\n"


def render(mail: Claimed, message: Message) -> bytes:
    """The mail with its headers and both parts, in ASCII with CRLF, 76 characters a line but for links. Raises UnsafeAddress."""
    if not is_address(message.to):
        raise UnsafeAddress
    # On one line each: a value that holds a line break begins neither a header nor a paragraph.
    values = {name: " ".join(value.split()) for name, value in message.values.items()}
    own = {name: values[name] for name in OWN if values.get(name)}
    marks = {name: f"{_MARK}{name};" for name in own}
    imprint = "\n".join(filter(None, (message.organization, urls.imprint(mail.lang))))
    facts = {"lang": mail.lang, "imprint": imprint, "sender": message.organization}
    context = {**values, **marks, **message.texts, **facts}
    words = _words(f"mail/{mail.lang}/{message.template or mail.kind}.txt", frozenset(context.items()))
    escaped = {name: str(escape(value)) for name, value in own.items()}
    return "".join(
        [
            *_headers(mail, message, _fill(words.subject, own), values.get("campaign", "")),
            _PLAIN_HEADERS,
            words.plain.filled(own),
            _HTML_HEADERS,
            words.html.filled(escaped),
            f"\r\n--{_BOUNDARY}--\r\n",
        ]
    ).encode("ascii")


def _headers(mail: Claimed, message: Message, subject: str, campaign: str) -> Iterator[str]:
    yield _folded("Subject", subject)
    yield _from(current_config().mail_from, campaign)
    yield _unfolded("To", message.to)
    reply_to = message.reply_to or urls.contact()
    if is_address(reply_to):
        yield _unfolded("Reply-To", reply_to)
    yield _unfolded("Date", format_datetime(clock.now()))
    yield _unfolded("Message-ID", mail.message_id)
    # Keeps out-of-office replies and mailing list software away (RFC 3834).
    yield _unfolded("Auto-Submitted", "auto-generated")
    yield _unfolded("X-Auto-Response-Suppress", "All")
    if message.unsubscribe:
        # An unsubscription that takes one click (RFC 8058 section 3.1; RFC 2369 section 3.2).
        if not _LINK.fullmatch(message.unsubscribe):
            raise UnsafeAddress
        yield _unfolded("List-Unsubscribe", f"<{message.unsubscribe}>")
        yield _unfolded("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
        yield _unfolded("List-Id", f"<{message.mailing_list}.{current_config().base_host}>")
    yield _unfolded("MIME-Version", "1.0")
    yield _unfolded("Content-Type", f'multipart/alternative; boundary="{_BOUNDARY}"')
    yield _unfolded("Content-Language", mail.lang)


def is_address(text: str) -> bool:
    """Whether this address can be put into a header."""
    return _ADDRESS.fullmatch(text) is not None
