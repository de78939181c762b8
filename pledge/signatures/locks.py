"""Locking many signatures at once: always by id, so that two who do it wait for each other and never both."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from pledge.signatures.models import Signature


def lock(session: Session, ids: Sequence[int]) -> None:
    """Lock these signatures until the caller's transaction ends."""
    rows = select(Signature.id).where(Signature.id.in_(ids)).order_by(Signature.id)
    session.execute(rows.with_for_update()).all()
