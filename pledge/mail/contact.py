"""What somebody writes by the form: a mail to the contact of the site or of a campaign, of which no word is kept once it is sent."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import func, select

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
    campaign: str = ""  #: the title of that which it is about; "" for the site
    to: str = ""  #: where answers of that campaign go; "" for the contact of the site


def write(message: ContactMessage, lang: str, campaign_id: int = 0) -> None:
    """Enqueue it, encrypted until it is sent. `campaign_id`: what it is about, 0 for the site."""
    with transaction() as session:
        enqueue(session, NewMail(MailKind.CONTACT, campaign_id, lang, payload=json.dumps(asdict(message))))


def written(campaign_id: int, since: datetime) -> int:
    """How many have written about a campaign since this moment (UTC)."""
    about = (OutboxMail.kind == MailKind.CONTACT, OutboxMail.subject_id == campaign_id)
    return fetch(select(func.count()).where(*about, OutboxMail.created_at >= since)).scalar_one()


def composers() -> Composers:
    return {MailKind.CONTACT: composer(_messages, _message)}


def _messages(mails: Sequence[Claimed]) -> Mapping[int, ContactMessage]:
    query = select(OutboxMail.id, OutboxMail.payload).where(OutboxMail.id.in_([mail.id for mail in mails]))
    return {row.id: ContactMessage(**json.loads(row.payload)) for row in fetch(query) if row.payload}


def _message(mail: Claimed, message: ContactMessage) -> Message:
    values = {
        "campaign": message.campaign or urls.site_name(mail.lang),
        "name": message.name,
        "email": message.email,
        "link": urls.public_url("public.home", lang=mail.lang),
    }
    return Message(message.to or urls.contact(), values, {"text": message.text}, reply_to=message.email)
