"""What somebody writes to the site by its form: a mail to its contact, of which nothing is kept once it is sent."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import select

from pledge.core import urls
from pledge.core.db import fetch, transaction
from pledge.mail.messages import Claimed, Composers, Message, composer
from pledge.mail.models import MailKind, OutboxMail
from pledge.mail.outbox import NewMail, enqueue

#: Characters.
MAX_MESSAGE = 3000


@dataclass(frozen=True)
class ContactMessage:
    name: str  #: "" where none was given
    email: str  #: where the answer goes
    text: str


def write(message: ContactMessage, lang: str) -> None:
    """Enqueue it, encrypted until it is sent."""
    with transaction() as session:
        enqueue(session, NewMail(MailKind.CONTACT, 0, lang, payload=json.dumps(asdict(message))))


def composers() -> Composers:
    return {MailKind.CONTACT: composer(_messages, _message)}


def _messages(mails: Sequence[Claimed]) -> Mapping[int, ContactMessage]:
    query = select(OutboxMail.id, OutboxMail.payload).where(OutboxMail.id.in_([mail.id for mail in mails]))
    return {row.id: ContactMessage(**json.loads(row.payload)) for row in fetch(query) if row.payload}


def _message(mail: Claimed, message: ContactMessage) -> Message:
    values = {
        "campaign": urls.site_name(mail.lang),
        "name": message.name,
        "email": message.email,
        "link": urls.public_url("public.home", lang=mail.lang),
    }
    return Message(urls.contact(), values, {"text": message.text}, reply_to=message.email)
