"""The ticket of the page after the form was sent: what was sent, encrypted with the data key (AES-GCM), so that it matches no row
of a stolen database; and the mails that are asked for with a ticket or an address.

Tickets of one campaign and purpose are equally long, and no two are the same.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from sqlalchemy import select

from pledge.campaigns.models import Campaign
from pledge.core import tokens
from pledge.core.db import transaction
from pledge.core.encryption import Unreadable, vault
from pledge.core.tokens import BadToken, Purpose
from pledge.mail import requests
from pledge.mail.addresses import Address, address_hash
from pledge.mail.models import RequestKind

#: The end of a ticket that somebody got behind a mailed link, and of one after sending the form.
_BY_LINK, _BY_FORM = "l", "f"
#: Decimal digits of a row id (mailed_links.links.new_id), with leading zeros.
_ID_DIGITS = 19


def seal(purpose: Purpose, slug: str, *parts: int | str, by_link: bool = False) -> str:
    """`parts` name what was sent: the id of its row, or texts of other lengths than an id. `by_link`: for a visitor who opened a
    mailed link and did not send the form now.
    """
    texts = [f"{part:0{_ID_DIGITS}d}" if isinstance(part, int) else part for part in parts]
    text = " ".join((slug, *texts, _BY_LINK if by_link else _BY_FORM))
    return urlsafe_b64encode(vault().seal(text, f"token.{purpose}")).rstrip(b"=").decode()


def read(purpose: Purpose, slug: str, ticket: str) -> list[str]:
    """The parts of a ticket of this campaign. Raises BadToken."""
    parts, _ = _open(purpose, slug, ticket)
    return parts


def match_number(purpose: Purpose, slug: str, ticket: str) -> str:
    """The two digits of the page after the form, the same for new and known people; "" for a visitor who came by a mailed link.

    Raises BadToken.
    """
    parts, is_by_link = _open(purpose, slug, ticket)
    if is_by_link:
        return ""
    return tokens.two_digits(*(int(part) if len(part) == _ID_DIGITS else part for part in parts))


def _open(purpose: Purpose, slug: str, ticket: str) -> tuple[list[str], bool]:
    """The parts of a ticket of this campaign, and whether it was given behind a mailed link. Raises BadToken."""
    if len(ticket) > tokens.MAX_LENGTH:
        raise BadToken
    try:
        text = vault().unseal(urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4)), f"token.{purpose}")
    except (Unreadable, ValueError):
        raise BadToken from None
    named, *parts, end = text.split(" ")
    if named != slug:
        raise BadToken
    return parts, end == _BY_LINK


def send_link(kind: RequestKind, slug: str, address: Address, lang: str) -> None:
    """Ask for the links to the own pages of the person with this address; for a stranger no mail follows."""
    ask(kind, slug, lang, address_hash=address_hash(address))


def ask(kind: RequestKind, slug: str, lang: str, **about: Any) -> None:
    """Request a mail, known address or not; do nothing for an unknown campaign. `about`: as in mail.requests.ask()."""
    with transaction() as session:
        campaign_id = session.scalar(select(Campaign.id).where(Campaign.slug == slug))
        if campaign_id is not None:
            requests.ask(session, kind, campaign_id, lang, **about)
