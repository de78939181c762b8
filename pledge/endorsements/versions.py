"""The versions of an endorsement: proposing one, settling which one waits, deleting those no longer needed."""

from dataclasses import asdict

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from pledge.core import clock
from pledge.endorsements.models import Endorsement, EndorsementVersion, VersionState
from pledge.endorsements.rules import Content
from pledge.files import services as files

_CONTENT = tuple(Content.__dataclass_fields__)


def lock(session: Session, *conditions: ColumnElement[bool]) -> Endorsement | None:
    """The row that meets the conditions, locked until the transaction ends."""
    return session.scalar(select(Endorsement).where(*conditions).with_for_update())


def content_of(version: EndorsementVersion) -> Content:
    return Content(**{field: getattr(version, field) for field in _CONTENT})


def propose(
    session: Session, row: Endorsement, content: Content, spokesperson: str, *, applicant: str | None = None
) -> EndorsementVersion:
    """Add the next version, for review, and supersede what waited for it before.

    With an `applicant` (applications.py) it waits for its own mail first, as others may.

    Raises UnknownFile for a logo that is neither newly stored nor the organisation's own.
    """
    if applicant is None:
        move_versions(row, VersionState.PROPOSED, VersionState.SUPERSEDED)
    if content.logo and not _has_logo(row, content.logo):
        files.keep(session, content.logo)
    row.seq += 1
    version = EndorsementVersion(
        seq=row.seq,
        state=VersionState.PROPOSED,
        submitted_at=clock.now(),
        spokesperson=spokesperson,
        applicant=applicant,
        **asdict(content),
    )
    row.versions.append(version)
    session.flush()
    return version


def settle(session: Session, row: Endorsement, version: EndorsementVersion) -> None:
    """After the mail of this version was confirmed: make it the newest, and delete the others that waited."""
    for other in row.proposed:
        if other is not version:
            drop(session, row, other)
    version.seq, version.applicant = row.seq, None


def move_versions(row: Endorsement, before: VersionState, after: VersionState) -> None:
    """Change the state of all versions that are in one."""
    for version in row.versions:
        if version.state == before:
            version.state = after


def drop(session: Session, row: Endorsement, version: EndorsementVersion) -> None:
    """Delete a version, and its logo when no other version of the organisation has it."""
    row.versions.remove(version)
    session.flush()
    if version.logo and not _has_logo(row, version.logo):
        files.discard(session, version.logo)


def hide_spokesperson(row: Endorsement) -> None:
    """Take the person's name and title off the wall at once."""
    row.show_contact = False
    for version in row.versions:
        version.spokesperson = ""


def _has_logo(row: Endorsement, logo: str) -> bool:
    return any(version.logo == logo for version in row.versions)
