"""The one table of retention: when what had expired was deleted last."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime


class RetentionRun(Model):
    """The last run that ended well; one row. The privacy page shows it."""

    __tablename__ = "retention_runs"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    done_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)
