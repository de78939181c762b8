"""The ticket of the page after the form was sent: what was sent, encrypted, so that it matches no row of a stolen database.

Tickets of one campaign and purpose are equally long, and no two are the same.
"""

from typing import Any

from sqlalchemy import insert, literal, select

from pledge.campaigns.models import Campaign
from pledge.core import clock, tokens
from pledge.core.db import write_autocommit
from pledge.core.db.types import UTCDateTime
from pledge.core.tokens import BadToken, Purpose
from pledge.mail.models import MailRequest, RequestKind

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
    """Ask for a mail (mail/requests.py) in one INSERT, the same for everybody; nothing when there is no such campaign. `about`:
    subject_id, address_hash, payload.
    """
    now = clock.now()
    values = {"kind": kind.value, "lang": lang, **about}
    chosen = select(
        *(literal(value, MailRequest.__table__.c[name].type) for name, value in values.items()),
        Campaign.id,
        literal(now, UTCDateTime()),
        literal(now, UTCDateTime()),
    ).where(Campaign.slug == slug)
    statement = insert(MailRequest).from_select([*values, "campaign_id", "created_at", "due_at"], chosen)
    write_autocommit(lambda connection: connection.execute(statement))
