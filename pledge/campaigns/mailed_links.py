"""The states of a mailed link, whether it was mailed for a signature or for an endorsement."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

Record = TypeVar("Record")


class LinkState(StrEnum):
    """What a mailed link can be (docs/security.md has the page for each)."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    HELD = "held"  #: confirmed by the person, and counted when staff release it
    EXPIRED = "expired"
    CLOSED = "closed"  #: the campaign takes no confirmations any more
    INVALIDATED = "invalidated"  #: taken out of the count by staff; the page says so and how to object
    WITHDRAWN = "withdrawn"  #: a signature that the person took back
    UNKNOWN = "unknown"  #: damaged, foreign or erased: one page for all, so that they cannot be told apart


@dataclass(frozen=True)
class Link(Generic[Record]):
    """The state of a mailed link, and the signature or endorsement as its holder may read it."""

    state: LinkState
    record: Record | None = None
    expired: bool = False


def waiting_state(*, takes_confirmations: bool, expired: bool) -> LinkState:
    """The state of a link whose signature or endorsement waits to be confirmed."""
    if not takes_confirmations:
        return LinkState.CLOSED
    return LinkState.EXPIRED if expired else LinkState.PENDING


class Confirmation(StrEnum):
    """How an attempt to confirm with typed digits ended."""

    DONE = "done"  #: confirmed and counted or held, now or before
    UNMOVED = (
        "unmoved"  #: the right digits, but it cannot be confirmed any more: the page of its link says why
    )
    WRONG = "wrong"
    SPENT = "spent"  #: too many tries, or too late: only something else helps
