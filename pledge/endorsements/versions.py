"""The versions of an endorsement: proposing one, finding the newest, deleting those no longer needed."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from pledge.core import clock
from pledge.endorsements import rules
from pledge.endorsements.models import ENDED, Endorsement, EndorsementState, EndorsementVersion, VersionState
from pledge.endorsements.rules import Content
from pledge.files import services as files

_CONTENT = tuple(Content.__dataclass_fields__)


def lock(session: Session, *conditions: ColumnElement[bool]) -> Endorsement | None:
    """The row that meets the conditions, locked until the transaction ends."""
    return session.scalar(select(Endorsement).where(*conditions).with_for_update())


def content_of(version: EndorsementVersion) -> Content:
    return Content(**{field: getattr(version, field) for field in _CONTENT})


def newest_version(session: Session, row: Endorsement) -> EndorsementVersion:
    return session.scalars(
        select(EndorsementVersion)
        .where(EndorsementVersion.endorsement_id == row.id)
        .order_by(EndorsementVersion.seq.desc())
        .limit(1)
    ).one()


def version_in(session: Session, row: Endorsement, state: VersionState) -> EndorsementVersion | None:
    """The newest one in this state."""
    query = select(EndorsementVersion).where(
        EndorsementVersion.endorsement_id == row.id, EndorsementVersion.state == state
    )
    return session.scalar(query.order_by(EndorsementVersion.seq.desc()).limit(1))


def propose(
    session: Session, row: Endorsement, content: Content, spokesperson: str, *, applicant: str | None = None
) -> EndorsementVersion:
    """Add the next version, for review, and supersede what waited for it before.

    With an `applicant` (applications.py) it waits for its own mail first, as others may.

    Raises UnknownFile for a logo that is neither newly stored nor the organisation's own.
    """
    if applicant is None:
        move_versions(session, row, VersionState.PROPOSED, VersionState.SUPERSEDED)
    if content.logo and not _has_logo(session, row.id, content.logo):
        files.keep(session, content.logo)
    row.seq += 1
    version = EndorsementVersion(
        endorsement_id=row.id,
        seq=row.seq,
        state=VersionState.PROPOSED,
        submitted_at=clock.now(),
        spokesperson=spokesperson,
        applicant=applicant,
        **asdict(content),
    )
    session.add(version)
    session.flush()
    return version


def settle(session: Session, row: Endorsement, version: EndorsementVersion) -> None:
    """After the mail of this version was confirmed: make it the newest, and delete the others that waited."""
    for other in waiting(session, row):
        if other is not version:
            drop(session, other)
    session.flush()
    version.seq, version.applicant = row.seq, None


def move_versions(
    session: Session, row: Endorsement, before: VersionState, after: VersionState, **values: Any
) -> None:
    """Change the state of all versions that are in one."""
    session.execute(
        update(EndorsementVersion)
        .where(EndorsementVersion.endorsement_id == row.id, EndorsementVersion.state == before)
        .values(state=after, **values)
    )


def is_waiting(session: Session, row: Endorsement) -> bool:
    """Whether its newest version waits for the mail to be confirmed, as a first or as a renewed application."""
    if row.state not in ENDED:
        return row.state == EndorsementState.PENDING
    return newest_version(session, row).state == VersionState.PROPOSED


def drop(session: Session, version: EndorsementVersion) -> None:
    """Delete a version, and its logo when no other version of the organisation has it."""
    session.delete(version)
    session.flush()
    if version.logo and not _has_logo(session, version.endorsement_id, version.logo):
        files.discard(session, version.logo)


def spokesperson(row: Endorsement) -> str:
    """Name and title of the person who speaks for the organisation, as the wall shows them; "" without their consent."""
    return rules.spokesperson(row.contact_name, row.contact_title) if row.show_contact else ""


def hide_spokesperson(session: Session, row: Endorsement) -> None:
    """Take the person's name and title off the wall at once."""
    row.show_contact = False
    session.execute(
        update(EndorsementVersion)
        .where(EndorsementVersion.endorsement_id == row.id, EndorsementVersion.spokesperson != "")
        .values(spokesperson="")
    )


def waiting(session: Session, row: Endorsement) -> list[EndorsementVersion]:
    """The versions that wait for their mail to be confirmed, or for review."""
    query = select(EndorsementVersion).where(
        EndorsementVersion.endorsement_id == row.id, EndorsementVersion.state == VersionState.PROPOSED
    )
    return list(session.scalars(query))


def _has_logo(session: Session, endorsement_id: int, logo: str) -> bool:
    query = select(EndorsementVersion.id).where(
        EndorsementVersion.endorsement_id == endorsement_id, EndorsementVersion.logo == logo
    )
    return session.scalar(query.limit(1)) is not None
