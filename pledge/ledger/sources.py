"""What the ledger asks of the packages above it, which it does not import (worker/registry.py puts it together)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from pledge.ledger.models import Kind

#: What the packages above say of their subjects: for each kind an SQL expression over an entry by the name of `entry`. It is
#: NULL when the subject is not counted now, 1 when this very +1 is what counts it, and 0 otherwise.
Standing = Mapping[Kind, str]

#: For a person, an SQL expression over a correction by the name of `place`: where its subject is counted by now, country and
#: region in one text. It is NULL when the subject is not counted.
PlaceOf = str

#: A query over `ledger_entries` that finds a row when there is the campaign of an entry, and in it the pledge text.
Known = str

#: The slug of every campaign that the public may see, by its number.
Published = Callable[[Connection], dict[int, str]]

#: The SHA-256 of every pledge text of a campaign, in hex, by the number of the text.
PledgeHashes = Callable[[Connection, int], dict[int, str]]


@dataclass(frozen=True)
class Sources:
    """All that the fold asks."""

    standing: Standing
    place: PlaceOf
    known: Known
    published: Published
    pledge_hashes: PledgeHashes
