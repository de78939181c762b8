"""What the ledger asks of the packages above it, which it does not import (worker/sources.py puts it together)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from pledge.ledger.models import Kind

#: What the packages above say of their subjects: for each kind an SQL expression over an entry by the name of `entry`. It is
#: NULL when the subject is not counted now, 1 when this very +1 is what counts it, and 0 otherwise.
Standing = Mapping[Kind, str]

#: The slug of every campaign that the public may see, by its number.
Published = Callable[[Connection], dict[int, str]]

#: The SHA-256 of every pledge text of a campaign, in hex, by the number of the text.
PledgeHashes = Callable[[Connection, int], dict[int, str]]


@dataclass(frozen=True)
class Sources:
    """All that the fold asks."""

    standing: Standing
    published: Published
    pledge_hashes: PledgeHashes
