"""Where the answer to a letter goes: person, telephone, e-mail and postal address, and the number of the letter."""

from dataclasses import replace

from sqlalchemy import select

from config import current_config
from pledge.campaigns.models import Campaign
from pledge.campaigns.rules import Checker, FieldFault
from pledge.core import languages
from pledge.core.db import reading
from pledge.core.languages import Texts
from pledge.deliveries.document import Reply, from_json
from pledge.deliveries.models import Delivery
from pledge.mail.addresses import BadAddress, parse

MAX_NUMBER = 60
MAX_PERSON = 120
MAX_PHONE = 60
MAX_ADDRESS = 300


def clean_reply(check: Checker, reply: Reply) -> Reply:
    """The reply as it will be stored; faults are noted for `number`, `person_ko` … `address_en`."""
    email = reply.email.strip()
    try:
        email = parse(email).mailed if email else ""
    except BadAddress:
        check.add("email", FieldFault.EMAIL)
    cleaned = Reply(
        number=check.line("number", reply.number, MAX_NUMBER),
        person=check.lines("person", reply.person, MAX_PERSON),
        phone=check.line("phone", reply.phone, MAX_PHONE),
        email=email,
        address=check.lines("address", reply.address, MAX_ADDRESS),
    )
    every = Texts(dict.fromkeys(languages.codes(), "x"))
    check.all_or_none("person", cleaned.person, every)
    check.all_or_none("address", cleaned.address, every)
    return cleaned


def completed(reply: Reply) -> Reply:
    """The reply with the site's e-mail address where it has none, so that every letter can be answered."""
    return replace(reply, email=reply.email or current_config().contact)


def last_reply(slug: str) -> Reply:
    """The reply of the campaign's last letter, for the next one, without the number.

    The site's own address is left out: it is used where none is set, and may have changed since.
    """
    query = (
        select(Delivery.document)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Campaign.slug == slug)
        .order_by(Delivery.id.desc())
        .limit(1)
    )
    with reading() as connection:
        frozen = connection.execute(query).scalar_one_or_none()
    found = Reply() if frozen is None else from_json(frozen).reply
    email = "" if found.email == current_config().contact else found.email
    return replace(found, number="", email=email)
