"""The verification levels that staff set: checked by hand, revoked, and the proof on a website.

The level that an organisation reaches by itself depends only on its mail domain and website, so it can be computed at any
time: `earned_level()`.
"""

from sqlalchemy.orm import Session

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.core.db import transaction
from pledge.endorsements.models import (
    Endorsement,
    EndorsementState,
    EndorsementVersion,
    VerificationLevel,
    VersionState,
)
from pledge.endorsements.review.cases import CaseInWrongState, SeenState, subject, take
from pledge.endorsements.verification.domains import belongs_to
from pledge.endorsements.versions import newest_version, version_in

#: States of cases without a level: over, or not begun.
_NOT_REVIEWED = (EndorsementState.PENDING, EndorsementState.MERGED)


def earned_level(mail_domain: str, website: str) -> VerificationLevel:
    """The level that mail and website prove together; a free-mail address (no domain) earns none above MAIL."""
    return (
        VerificationLevel.DOMAIN
        if mail_domain and website and belongs_to(mail_domain, website)
        else VerificationLevel.MAIL
    )


def certify(actor: Actor, endorsement_id: int, seen: SeenState, why: str) -> None:
    """Record that staff have checked the organisation. Raises UnknownCase, CaseChanged, CaseInWrongState."""
    with transaction() as session:
        row = take(session, endorsement_id, seen)
        if row.state in _NOT_REVIEWED or row.level == VerificationLevel.STAFF:
            raise CaseInWrongState
        before, row.level = row.level, VerificationLevel.STAFF
        record(session, actor, "endorsement.certify", subject(row), reason=why, before=before)


def uncertify(actor: Actor, endorsement_id: int, seen: SeenState, why: str) -> None:
    """Take the staff's check back: the level that mail and website prove remains. Raises as `certify`."""
    with transaction() as session:
        row = take(session, endorsement_id, seen)
        if row.level != VerificationLevel.STAFF:
            raise CaseInWrongState
        row.level = earned_level(row.mail_domain, _spoken_of(session, row).website)
        record(session, actor, "endorsement.uncertify", subject(row), reason=why, after=row.level)


def note_site_proof(actor: Actor, endorsement_id: int, seen: SeenState, found: bool) -> None:
    """Record whether the website's DNS or file has the proof. Whoever can write there belongs to the organisation.

    The website is read before, outside any transaction. Raises UnknownCase, CaseChanged.
    """
    with transaction() as session:
        row = take(session, endorsement_id, seen)
        website = _spoken_of(session, row).website
        if found and row.level in (VerificationLevel.MAIL, VerificationLevel.DOMAIN):
            row.level = VerificationLevel.SITE
        record(
            session,
            actor,
            "endorsement.check_site",
            subject(row),
            found=found,
            website=website,
            level=row.level,
        )


def _spoken_of(session: Session, row: Endorsement) -> EndorsementVersion:
    """The version whose website the level belongs to: the published one, or the one that waits."""
    return version_in(session, row, VersionState.PUBLISHED) or newest_version(session, row)
