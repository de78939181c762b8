"""The conditions by which an invalidation selects signatures: where they came from, when, and how fast they were confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Float, Row, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from pledge.mail.models import MailKind, OutboxMail
from pledge.signatures.invalidation.models import Invalidation
from pledge.signatures.models import Signature


class NoCondition(ValueError):
    """Nothing, or nothing but a campaign, was named: that would be everybody."""


@dataclass(frozen=True)
class Condition:
    """What must be true of a signature, all of it; None excludes nothing."""

    campaign_id: int | None = None
    network_hash: bytes | None = None
    wide_network_hash: bytes | None = None
    domain_hash: bytes | None = None
    signed_from: datetime | None = None
    signed_until: datetime | None = None
    faster_than: int | None = None  #: seconds from the mail to the confirmation

    def check(self) -> None:
        """Raises NoCondition."""
        origin = (self.network_hash, self.wide_network_hash, self.domain_hash)
        time = (self.signed_from, self.signed_until, self.faster_than)
        if all(part is None for part in (*origin, *time)):
            raise NoCondition

    def matches(self) -> Sequence[ColumnElement[bool]]:
        """SQL conditions on Signature; none on its state."""
        found: list[ColumnElement[bool]] = []
        if self.campaign_id is not None:
            found.append(Signature.campaign_id == self.campaign_id)
        if self.network_hash is not None:
            found.append(Signature.network_hash == self.network_hash)
        if self.wide_network_hash is not None:
            found.append(Signature.wide_network_hash == self.wide_network_hash)
        if self.domain_hash is not None:
            found.append(Signature.domain_hash == self.domain_hash)
        if self.signed_from is not None:
            found.append(Signature.submitted_at >= self.signed_from)
        if self.signed_until is not None:
            found.append(Signature.submitted_at < self.signed_until)
        if self.faster_than is not None:
            found.append(seconds_to_confirm() < self.faster_than)
        return found


def condition_of(row: Invalidation | Row[*tuple[Any, ...]]) -> Condition:
    """The condition that an invalidation was made with."""
    return Condition(
        campaign_id=row.campaign_id,
        network_hash=row.network_hash,
        wide_network_hash=row.wide_network_hash,
        domain_hash=row.domain_hash,
        signed_from=row.signed_from,
        signed_until=row.signed_until,
        faster_than=row.faster_than,
    )


def seconds_to_confirm() -> ColumnElement[float]:
    """Seconds from the first mail about a signature to its confirmation; from signing when the outbox no longer has that mail.

    The first mail and not the last: somebody who asked for it again and was then quick is no robot. A mail is marked as sent a
    moment after it went out, so a robot's figure can lie below zero.
    """
    mailed = (
        select(func.min(OutboxMail.sent_at))
        .where(
            OutboxMail.subject_id == Signature.id,
            OutboxMail.kind == MailKind.CONFIRM,
        )
        .scalar_subquery()
    )
    return seconds_between(func.coalesce(mailed, Signature.submitted_at), Signature.confirmed_at)


class seconds_between(FunctionElement[float]):  # noqa: N801  # reads as the SQL function that neither database has
    """`seconds_between(start, end)`: the time from one moment to another as a number."""

    type = Float()
    inherit_cache = True


@compiles(seconds_between, "postgresql")
def _on_postgresql(element: seconds_between, compiler: Any, **options: Any) -> str:
    start, end = (compiler.process(part, **options) for part in element.clauses)
    return f"EXTRACT(EPOCH FROM ({end} - {start}))"


@compiles(seconds_between, "sqlite")
def _on_sqlite(element: seconds_between, compiler: Any, **options: Any) -> str:
    start, end = (compiler.process(part, **options) for part in element.clauses)
    return f"((julianday({end}) - julianday({start})) * 86400.0)"
