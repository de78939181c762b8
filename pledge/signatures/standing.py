"""Which of a person's rows in a campaign is the current one."""

from sqlalchemy import BindParameter, ScalarSelect, Select, and_, exists, func, literal, or_, select, text
from sqlalchemy.orm import Session, aliased

from pledge.signatures.models import SETTLED, Signature, SignatureState

OTHER = aliased(Signature, name="o")
#: OTHER is a row of the person of a row of Signature in the same campaign; that row itself is one.
OF_PERSON = and_(OTHER.address_hash == Signature.address_hash, OTHER.campaign_id == Signature.campaign_id)
#: The person's signature counts, or was taken out of the count.
IS_SETTLED = exists().where(OF_PERSON, text(f"o.{SETTLED}"))
#: Nothing is left to confirm: it is settled, or the person has confirmed some submission since this one, even if they have
#: withdrawn it again.
HAS_CONFIRMED = exists().where(
    OF_PERSON, or_(text(f"o.{SETTLED}"), OTHER.confirmed_at >= Signature.submitted_at)
)

#: Staff have refused this row while it was held: it has never been counted.
IS_REFUSED = (Signature.state == SignatureState.INVALIDATED) & Signature.hold_reason.is_not(None)


def standing(signature_id: int | BindParameter[int]) -> ScalarSelect[int]:
    """The id of the settled row of the person that this row is about; its own id when they have none.

    As SQL, for a condition on Signature.id.
    """
    named, settled = aliased(Signature), Signature.__table__.alias("o")
    found = (
        select(settled.c.id)
        .join(
            named,
            (settled.c.address_hash == named.address_hash) & (settled.c.campaign_id == named.campaign_id),
        )
        .where(named.id == signature_id, text(f"o.{SETTLED}"))
    )
    own = (
        signature_id if isinstance(signature_id, BindParameter) else literal(signature_id, Signature.id.type)
    )
    return select(func.coalesce(found.scalar_subquery(), own)).scalar_subquery()


def standing_id(session: Session, signature_id: int) -> int:
    """The same, read now."""
    return int(session.scalar(_read(signature_id)))


def _read(signature_id: int) -> Select[tuple[int]]:
    return select(standing(signature_id))
