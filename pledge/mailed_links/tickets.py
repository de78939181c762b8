"""The ticket of the page after the form was sent: what was sent, encrypted, so that it matches no row of a stolen database.

Tickets of one campaign and purpose are equally long, and no two are the same.
"""

from typing import Any

from sqlalchemy import select

from pledge.campaigns.models import Campaign
from pledge.core import tokens
from pledge.core.db import transaction
from pledge.core.tokens import BadToken, Purpose
from pledge.mail import requests
from pledge.mail.models import RequestKind

#: The end of a ticket that somebody got behind a mailed link, and of one after sending the form.
_BY_LINK, _BY_FORM = "l", "f"


def seal(purpose: Purpose, slug: str, *parts: str, by_link: bool) -> str:
    """`by_link`: for a visitor who opened a mailed link and did not send the form now."""
    return tokens.seal(purpose, " ".join((slug, *parts, _BY_LINK if by_link else _BY_FORM)))


def read(purpose: Purpose, slug: str, ticket: str) -> list[str]:
    """The parts of a ticket of this campaign. Raises BadToken."""
    named, *parts, _ = tokens.unseal(purpose, ticket).split(" ")
    if named != slug:
        raise BadToken
    return parts


def is_by_link(purpose: Purpose, ticket: str) -> bool:
    """Whether a ticket was given behind a mailed link. Raises BadToken."""
    return tokens.unseal(purpose, ticket).endswith(f" {_BY_LINK}")


def ask(kind: RequestKind, slug: str, lang: str, **about: Any) -> None:
    """Ask for a mail, the same for everybody; nothing when there is no such campaign. `about`: as in mail.requests.ask()."""
    with transaction() as session:
        campaign_id = session.scalar(select(Campaign.id).where(Campaign.slug == slug))
        if campaign_id is not None:
            requests.ask(session, kind, campaign_id, lang, **about)
