"""The types between the outbox and a transport: claimed mails, messages, and composers that turn one into the other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from markupsafe import Markup

from pledge.core import urls
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
    lease_until: datetime

    @property
    def message_id(self) -> str:
        """The same for every copy of a mail, so that a mailbox can tell a copy from a second mail.

        A keyed hash: the number itself would tell whoever gets two mails how many went out between them.
        """
        digest = vault().keyed_hash(f"message-id {self.id} {self.created_at.isoformat()}")
        return f"<{digest[:16].hex()}@{urls.host()}>"


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
