"""A mailed link: its token, its states and the digits that are typed behind it.

A scanner at the recipient's mail server has the mail and does not see the page where the form was sent, which shows two
digits; somebody who typed a stranger's address sees that page and does not have the mail. So where a machine may have pressed
the button, the digits are asked for (docs/adr/0122).
"""

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from pledge.abuse.signals import MAX_MATCH_TRIES
from pledge.core import tokens
from pledge.core.tokens import BadToken, Purpose

Record_co = TypeVar("Record_co", covariant=True)


class LinkState(StrEnum):
    """States of a mailed link (docs/security.md lists the page for each)."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    HELD = "held"  #: confirmed by the person, and counted when staff release it
    EXPIRED = "expired"
    CLOSED = "closed"  #: the campaign takes no confirmations any more
    INVALIDATED = "invalidated"  #: taken out of the count by staff; the page says so and how to object
    WITHDRAWN = "withdrawn"  #: a signature that the person took back
    UNKNOWN = "unknown"  #: damaged, foreign or erased: one page for all, so that they cannot be told apart


@dataclass(frozen=True)
class Link(Generic[Record_co]):
    """The state of a mailed link, and the signature or endorsement as its holder may read it."""

    state: LinkState
    record: Record_co | None = None
    expired: bool = False


def waiting_state(*, takes_confirmations: bool, expired: bool) -> LinkState:
    """The state of a link whose signature or endorsement waits to be confirmed."""
    if not takes_confirmations:
        return LinkState.CLOSED
    return LinkState.EXPIRED if expired else LinkState.PENDING


class Confirmation(StrEnum):
    """How an attempt to confirm with typed digits ended."""

    DONE = "done"  #: confirmed and counted or held, now or before
    #: The right digits, but it cannot be confirmed any more: the page of its link says why.
    UNMOVED = "unmoved"
    WRONG = "wrong"
    SPENT = "spent"  #: too many tries, or too late: only something else helps


def check_number(tries: int | None, digits: str, *parts: int | str) -> Confirmation:
    """Whether these are the two digits bound to `parts`. `tries`: how often they were typed, with this time; None when nothing
    waits.
    """
    if tries is None:
        return Confirmation.WRONG
    if tries > MAX_MATCH_TRIES:
        return Confirmation.SPENT
    return Confirmation.DONE if tokens.two_digits_match(digits, *parts) else Confirmation.WRONG


def new_id() -> int:
    """A random number of 63 bits, never 0: the two databases' 64-bit integers are signed."""
    return secrets.randbelow(2**63 - 1) + 1


def read_numbers(purpose: Purpose, token: str, count: int = 1) -> tuple[list[int], bool]:
    """The numbers in a token, and whether it has expired. Raises BadToken."""
    content = tokens.read(purpose, token)
    numbers = [part for part in content.payload if isinstance(part, int) and 0 < part < 2**63]
    if len(content.payload) != count or len(numbers) != count:
        raise BadToken
    return numbers, content.expired


def read_valid(purpose: Purpose, token: str, count: int = 1) -> list[int]:
    """The numbers in a token. Raises BadToken, also when it has expired."""
    numbers, expired = read_numbers(purpose, token, count)
    if expired:
        raise BadToken
    return numbers
