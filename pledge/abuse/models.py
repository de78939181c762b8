"""Tables of abuse. None holds an address, a name, a network or a domain."""

from datetime import datetime

from sqlalchemy import Boolean, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from pledge.core.db import Model
from pledge.core.db.types import UTCDateTime


class MailServer(Model):
    """Whether the mail server of a domain belongs to a scanner (mail_servers.py)."""

    __tablename__ = "mail_servers"

    #: Keyed hash of the domain, that of a signature or an endorsement to it.
    domain_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    scans: Mapped[bool] = mapped_column(Boolean)
    checked_at: Mapped[datetime] = mapped_column(UTCDateTime)
