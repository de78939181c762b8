"""When expired data was deleted last."""

from datetime import datetime

from sqlalchemy import select

from pledge.core.db import reading
from pledge.retention.models import RetentionRun


def last_run() -> datetime | None:
    """The end of the last run that went through (UTC); None before the first."""
    with reading() as connection:
        return connection.scalar(select(RetentionRun.done_at))
