"""The table of run-time switches; a switch that was never turned has no row."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime

#: The switches: `true` or `false`, a text by language, a whole number.
SIGNING = "signing"  #: paused?
MAIL = "mail"  #: paused?
BANNER = "banner"
LIMITS = "limits"  #: the factor

#: What ends by itself, and for how many hours it may hold; the first is what holds where nothing is said.
HOURS = {BANNER: (168, 24, 720), LIMITS: (24, 1, 4, 72)}


class Switch(Model):
    __tablename__ = "switches"

    name: Mapped[str] = mapped_column(String(30), primary_key=True)
    value: Mapped[str] = mapped_column(Text)  #: JSON
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  #: of a banner or a raised limit
