"""What travels between the outbox and a transport."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pledge import links
from pledge.crypto import vault
from pledge.mail.models import MailKind


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail of the outbox that is ours to send until the lease ends."""

    id: int
    kind: MailKind
    subject_id: int
    seq: int
    lang: str
    attempts: int  #: this one included
    created_at: datetime
    lease_until: datetime

    @property
    def message_id(self) -> str:
        """The same for every copy of a mail, so that a mailbox can tell a copy from a second mail.

        A keyed hash: the number itself would tell whoever gets two mails how many went out between them.
        """
        digest = vault().keyed_hash(f"message-id {self.id} {self.created_at.isoformat()}")
        return f"<{digest[:16].hex()}@{links.host()}>"


@dataclass(frozen=True, slots=True)
class Message:
    """One mail as its feature wants it: to whom, which text, and the values for that text's gaps."""

    to: str
    kind: MailKind  #: the text; another than the outbox asked for when something else is true by now
    lang: str
    message_id: str
    values: Mapping[str, str]
    #: For news: the address that stops it, for the header that mail programs make a button of (RFC 8058).
    unsubscribe: str = ""


#: Turns claimed mails of one kind into messages, by outbox id. A mail that it leaves out is no longer true and is dropped.
Composer = Callable[[Sequence[Claimed]], Mapping[int, Message]]
Composers = Mapping[MailKind, Composer]
