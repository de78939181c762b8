"""Where the rows of the last day begin, in tables that only grow and have no index on their moments."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select


def first_since(
    connection: Connection, key: ColumnElement[Any], moment: ColumnElement[Any], since: datetime
) -> int:
    """The smallest id from which on rows are of `since` or later; one beyond the largest when none is.

    A binary search by the primary key, about twenty look-ups, as ids grow with time.
    """
    low, high = connection.execute(select(func.min(key), func.max(key))).one()
    if high is None:
        return 0
    high += 1
    while low < high:
        middle = (low + high) // 2
        query = select(key, moment).where(key >= middle).order_by(key).limit(1)
        row = connection.execute(query).first()
        if row is None or row[1] >= since:
            high = middle
        else:
            low = row[0] + 1
    return int(low)
