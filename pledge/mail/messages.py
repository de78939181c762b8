"""Mails between outbox and transport: claimed rows, the composers that turn them into messages, and rendering those.

The words of a mail are one file for each language, templates/mail/<language>/<kind>.txt: its subject and all that both of its
parts say. _base.txt and _base.html beside them make the parts of it.
"""

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import (
    Address,
    BaseHeader,
    HeaderRegistry,
    UnstructuredHeader,
)
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import parseaddr
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.environment import TemplateModule
from markupsafe import Markup

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


class _UnfoldedHeader(UnstructuredHeader, BaseHeader):
    """A header of ASCII on one line: the library would encode a long link as if it were text (RFC 2047)."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


class _CheckedHeader(BaseHeader):
    """A header of ASCII that was checked before: it is neither parsed nor folded."""

    max_count = 1

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        kwds["decoded"], kwds["parse_tree"] = value, None

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


class _SubjectHeader(UnstructuredHeader, BaseHeader):
    """Begins on the line of its name: the library moves an ASCII text that then fits to the next line, whole."""

    def fold(self, *, policy: Policy) -> str:
        folded = super().fold(policy=policy)
        if not folded.startswith(f"{self.name}:{policy.linesep}"):
            return folded
        lines = textwrap.wrap(f"{self.name}: {self}", policy.max_line_length or 75, break_on_hyphens=False)
        return f"{policy.linesep} ".join(lines) + policy.linesep


#: Headers that differ from mail to mail; all others are the same in many.
_OWN = frozenset({"subject", "to", "date", "message-id", "list-unsubscribe"})


class _FoldedOnce(BaseHeader):
    def fold(self, *, policy: Policy) -> str:
        if not hasattr(self, "_folded"):
            self._folded = super().fold(policy=policy)
        return self._folded


class _Headers(HeaderRegistry):
    """Headers that many mails share are parsed and folded once: that takes the library longer than all else of a mail."""

    def __init__(self) -> None:
        super().__init__(base_class=_FoldedOnce)
        self.map_to_type("subject", _SubjectHeader)
        self.map_to_type("list-unsubscribe", _UnfoldedHeader)
        self.map_to_type("list-id", _UnfoldedHeader)
        self.map_to_type("to", _CheckedHeader)
        self.map_to_type("message-id", _CheckedHeader)
        self._class = cache(super().__getitem__)
        self._shared = lru_cache(maxsize=512)(super().__call__)

    def __getitem__(self, name: str) -> type[BaseHeader]:
        return self._class(name)

    def __call__(self, name: str, value: Any) -> BaseHeader:
        return super().__call__(name, value) if name.lower() in _OWN else self._shared(name, str(value))


#: 7bit, so that no relay has to re-encode Korean, which would break a DKIM signature. 75, as the library lets an encoded
#: word end one character past its limit; RFC 2047 allows 76.
_POLICY = SMTP.clone(cte_type="7bit", max_line_length=75, header_factory=_Headers())


def render(mail: Claimed, message: Message) -> EmailMessage:
    """The mail with its headers and both bodies; `as_bytes()` is ASCII with CRLF, 76 characters a line but for links.

    Raises UnsafeAddress.
    """
    if not is_address(message.to):
        raise UnsafeAddress
    source = f"mail/{mail.lang}/{message.template or mail.kind}.txt"
    # On one line each: a value that holds a line break begins neither a header nor a paragraph.
    values = {name: " ".join(value.split()) for name, value in message.values.items()}
    imprint = "\n".join(filter(None, (message.organization, urls.imprint(mail.lang))))
    facts = {"lang": mail.lang, "imprint": imprint, "sender": message.organization}
    context = {**values, **message.texts, **facts}

    made = EmailMessage(policy=_POLICY)
    words, plain = _part(_PLAIN, "txt", source, context)
    made["Subject"] = str(vars(words)["subject"]).strip()
    name, address = parseaddr(current_config().mail_from)
    made["From"] = Address(name or values["campaign"], addr_spec=address)
    made["To"] = message.to
    reply_to = message.reply_to or urls.contact()
    if is_address(reply_to):
        made["Reply-To"] = Address(addr_spec=reply_to)
    made["Date"] = clock.now()
    made["Message-ID"] = mail.message_id
    # Keeps out-of-office replies and mailing list software away (RFC 3834).
    made["Auto-Submitted"] = "auto-generated"
    made["X-Auto-Response-Suppress"] = "All"
    if message.unsubscribe:
        # An unsubscription that takes one click (RFC 8058 section 3.1; RFC 2369 section 3.2).
        if not _LINK.fullmatch(message.unsubscribe):
            raise UnsafeAddress
        made["List-Unsubscribe"] = f"<{message.unsubscribe}>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        made["List-Id"] = f"<{message.mailing_list}.{current_config().base_host}>"
    made.set_content(plain, charset="utf-8", cte="quoted-printable")
    _, html = _part(_HTML, "html", source, context)
    made.add_alternative(html, subtype="html", charset="utf-8", cte="quoted-printable")
    # Only now: add_alternative() takes Content headers away with the first part. "=_" cannot occur in quoted-printable text.
    made["Content-Language"] = mail.lang
    made.set_boundary("=_part")
    return made


def is_address(text: str) -> bool:
    """Whether this address can be put into a header."""
    return _ADDRESS.fullmatch(text) is not None


def _part(
    environment: Environment, kind: str, source: str, context: dict[str, Any]
) -> tuple[TemplateModule, str]:
    """The words of a mail as one of its parts escapes them, and that part."""
    words = environment.get_template(source).make_module({**context, "part": kind})
    return words, environment.get_template(f"mail/_base.{kind}").render(context, mail=words)
