"""Other endorsements of the same campaign that may be the same organisation, with the signs for it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, select

from pledge.core.db import reading
from pledge.core.languages import Texts
from pledge.endorsements.models import Endorsement, EndorsementState, EndorsementVersion, VerificationLevel
from pledge.endorsements.review.services import NEWEST
from pledge.endorsements.verification.domains import host_of, registrable
from pledge.endorsements.verification.names import Likeness, similar

#: At most so many are shown; more would not help.
MAX_CANDIDATES = 20


class DuplicateSign(StrEnum):
    """What two applications have in common, the strongest first."""

    REGISTRATION = "registration"  #: the same business registration number
    NAME = "name"  #: the same name but for spacing, case and legal form
    WEBSITE = "website"  #: websites of one owner
    MAIL_DOMAIN = "mail_domain"
    CONTAINED = "contained"  #: one name contains the other
    CLOSE = "close"  #: the names differ by a few letters


_BY_LIKENESS = {
    Likeness.EQUAL: DuplicateSign.NAME,
    Likeness.CONTAINED: DuplicateSign.CONTAINED,
    Likeness.CLOSE: DuplicateSign.CLOSE,
}


@dataclass(frozen=True)
class Candidate:
    id: int
    name: Texts
    state: EndorsementState
    level: VerificationLevel
    signs: list[DuplicateSign]


def candidates(endorsement_id: int) -> list[Candidate]:
    """Possible duplicates, the strongest signs first. Unconfirmed and merged endorsements are left out."""
    columns = (
        *(Endorsement.id, Endorsement.campaign_id, Endorsement.state, Endorsement.level),
        *(Endorsement.registration_hash, Endorsement.mail_domain),
        *(EndorsementVersion.name, EndorsementVersion.website),
    )
    newest = select(*columns).select_from(Endorsement).join(EndorsementVersion, NEWEST)
    with reading() as connection:
        own = connection.execute(newest.where(Endorsement.id == endorsement_id)).first()
        if own is None:
            return []
        others = connection.execute(
            newest.where(
                Endorsement.campaign_id == own.campaign_id,
                Endorsement.id != endorsement_id,
                Endorsement.state.not_in((EndorsementState.PENDING, EndorsementState.MERGED)),
            )
        ).all()
    found = [
        Candidate(other.id, other.name, EndorsementState(other.state), VerificationLevel(other.level), signs)
        for other in others
        if (signs := _signs(own, other))
    ]
    return sorted(found, key=lambda candidate: [list(DuplicateSign).index(sign) for sign in candidate.signs])[
        :MAX_CANDIDATES
    ]


def _signs(own: Row[*tuple[Any, ...]], other: Row[*tuple[Any, ...]]) -> list[DuplicateSign]:
    likeness = similar(own.name, other.name)
    site = registrable(host_of(own.website))
    common = {
        DuplicateSign.REGISTRATION: own.registration_hash is not None
        and own.registration_hash == other.registration_hash,
        DuplicateSign.WEBSITE: site is not None and site == registrable(host_of(other.website)),
        DuplicateSign.MAIL_DOMAIN: bool(own.mail_domain) and own.mail_domain == other.mail_domain,
    }
    if likeness is not None:
        common[_BY_LIKENESS[likeness]] = True
    return [sign for sign in DuplicateSign if common.get(sign)]
