"""Tables of staff: people, their roles, passkeys, sessions, and attempts to sign in.

What authenticates a person (the authenticator's secret, recovery codes, what a session holds) is sealed; a session's id and the
keys of the throttle are stored as hashes.
"""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pledge.accounts.roles import GRANTS, Permission, Role
from pledge.core.db import Model
from pledge.core.db.encrypted_columns import Sealed
from pledge.core.db.types import UTCDateTime, one_of

#: Characters of a person's name.
MAX_NAME = 60


class SealedJSON(Sealed):
    """A value of JSON that is encrypted at rest."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        return super().process_bind_param(None if value is None else json.dumps(value), dialect)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:
        opened = super().process_result_value(value, dialect)
        return None if opened is None else json.loads(opened)


class StaffMember(Model):
    """One person of the campaign's staff. Without a password the invitation has not been accepted."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)  #: in lower case
    name: Mapped[str] = mapped_column(
        String(MAX_NAME), server_default=""
    )  #: as colleagues read it; "" until it is given
    lang: Mapped[str] = mapped_column(String(2))
    active: Mapped[bool]
    password: Mapped[str | None] = mapped_column(String(255))  #: argon2id
    #: Raised to end every session and unfinished sign-in: each carries the number with which it began.
    auth_version: Mapped[int] = mapped_column(server_default="1")
    #: The user handle of the person's passkeys (WebAuthn, section 5.4.3): random, and nothing about them.
    passkey_handle: Mapped[str] = mapped_column(String(64), unique=True)
    totp_secret: Mapped[str | None] = mapped_column(Sealed("staff.totp_secret"))
    #: The 30-second step of the last code used: it and older ones never work again (RFC 6238, 5.2).
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    recovery_codes: Mapped[list[str] | None] = mapped_column(SealedJSON("staff.recovery_codes"))
    #: The kinds of alerts that the person wants by mail; NULL: those that are usual for their roles (staff_alerts.py).
    alerts: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    #: Counts invitations: a link works for the newest only, and once.
    invitation: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    invited_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    signed_in_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    given_roles: Mapped[list["StaffRole"]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", passive_deletes=True
    )
    passkeys: Mapped[list["StaffPasskey"]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", passive_deletes=True, order_by="StaffPasskey.id"
    )

    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_in_lower_case"),
        CheckConstraint("length(lang) = 2", name="lang"),
        CheckConstraint("active = (closed_at IS NULL)", name="closed"),
    )

    @property
    def role_set(self) -> frozenset[Role]:
        return frozenset(Role(given.role) for given in self.given_roles)

    @property
    def shown_name(self) -> str:
        """As colleagues read it: the name, before it is given the address."""
        return self.name or self.email

    @property
    def roles(self) -> list[Role]:
        """In the order in which they are shown."""
        return [role for role in Role if role in self.role_set]

    @property
    def is_invited(self) -> bool:
        """The invitation has not been accepted yet."""
        return self.password is None

    def can(self, permission: Permission) -> bool:
        """Whether the person's roles allow it."""
        return any(permission in GRANTS[role] for role in self.role_set)

    def sees(self, permission: Permission) -> bool:
        """Whether the person may read what this permission is for."""
        return self.can(permission) or self.can(Permission.READ_ALL)

    @property
    def has_second_factor(self) -> bool:
        return bool(self.totp_secret or self.passkeys)


class StaffRole(Model):
    """A role that a person has."""

    __tablename__ = "staff_roles"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(20), primary_key=True)

    __table_args__ = (CheckConstraint(one_of("role", Role), name="role"),)


class StaffPasskey(Model):
    """A passkey (WebAuthn credential) of a person."""

    __tablename__ = "staff_passkeys"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1024), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary(1024))
    sign_count: Mapped[int] = mapped_column(BigInteger)
    transports: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    name: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_used_at: Mapped[datetime] = mapped_column(UTCDateTime)


class StaffSession(Model):
    """A signed-in browser. The cookie holds the id; the table its hash."""

    __tablename__ = "staff_sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    auth_version: Mapped[int]  #: the person's when they signed in
    data: Mapped[dict[str, Any]] = mapped_column(SealedJSON("staff_sessions.data"))
    network: Mapped[str] = mapped_column(String(60))
    browser: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (Index("ix_staff_sessions_seen_at", "seen_at"),)


class StaffAttempt(Model):
    """Attempts to sign in, for one account or one network, by a keyed hash of its name."""

    __tablename__ = "staff_attempts"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    #: Unix seconds: when the attempts of this minute began, and until when the next has to wait.
    since: Mapped[int] = mapped_column(BigInteger)
    tries: Mapped[int] = mapped_column(Integer)
    wait_until: Mapped[int] = mapped_column(BigInteger)
