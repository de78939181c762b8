"""Lists of names for a recipient that a law entitles to ask: one person requests, another approves, the worker encrypts.

Only signers who agreed to exactly these terms and are counted are on a list (name_lists/rows.py). Nothing here shows a name.
"""

import secrets
from collections.abc import Iterator

from pyrage import RecipientError, x25519  # type: ignore[import-untyped]  # the library publishes no types
from sqlalchemy import select
from sqlalchemy.orm import Session

from pledge.accounts import two_people
from pledge.audit.models import WORKER, Actor
from pledge.audit.services import note, record, stated
from pledge.campaigns.models import Campaign, ListTerms
from pledge.core import clock
from pledge.core.db import transaction
from pledge.jobs import services
from pledge.jobs.models import Job, JobKind, JobState
from pledge.jobs.services import JobView
from pledge.name_lists import queries
from pledge.name_lists.models import ListState, NamedList

#: Who notes what nobody of the staff did.

MAX_REASON = 1000
_SECRET_KEY = "AGE-SECRET-KEY-"  # noqa: S105  # how each of them begins, not one of them


class BadRecipientKey(ValueError):
    """Not the public key of a recipient in the age format. `is_secret`: it is a secret key."""

    def __init__(self, *, is_secret: bool = False) -> None:
        super().__init__("secret key" if is_secret else "no key")
        self.is_secret = is_secret


class NoSuchTerms(LookupError):
    """The campaign never asked under these terms."""


class NobodyAgreed(Exception):
    """No counted signer has agreed to these terms: there is nothing to hand over."""


class NameListInWrongState(Exception):
    """The request is not in a state that allows this: somebody else was faster, or it was decided long ago."""


class ApprovalOver(Exception):
    """The approval has expired: two people have to decide again."""


class NoFile(Exception):
    """There is no file, or no longer: it is not made yet, it has expired, or making it failed."""


def read_key(text: str) -> str:
    """A recipient's public key (age-encryption.org/v1, X25519 recipient) as it will be kept. Raises BadRecipientKey."""
    key = "".join(text.split())
    if key.upper().startswith(_SECRET_KEY):
        raise BadRecipientKey(is_secret=True)
    try:
        return str(x25519.Recipient.from_str(key))
    except (RecipientError, UnicodeError):
        raise BadRecipientKey from None


def ask(actor: Actor, slug: str, version: int, reason: str, recipient_key: str) -> int:
    """Request a list of those who agreed to these terms; returns its number. Nothing is made before it is approved.

    Raises NoReason, BadRecipientKey, NoSuchTerms, NobodyAgreed, NeedsSecondPerson (who asks must be known, so that somebody else can
    decide).
    """
    reason, key = stated(reason), read_key(recipient_key)
    if actor.staff_id is None:
        raise two_people.NeedsSecondPerson
    with transaction() as session:
        terms = session.scalar(
            select(ListTerms)
            .join(Campaign, Campaign.id == ListTerms.campaign_id)
            .where(Campaign.slug == slug, ListTerms.version == version)
        )
        if terms is None:
            raise NoSuchTerms
        people = queries.agreed(session, terms.campaign_id, terms.id)
        if not people:
            raise NobodyAgreed
        row = NamedList(
            campaign_id=terms.campaign_id,
            list_terms_id=terms.id,
            state=ListState.REQUESTED,
            reason=reason,
            recipient_key=key,
            watermark=secrets.token_hex(8),
            asked_by=actor.staff_id,
            asked_name=actor.name,
            asked_at=clock.now(),
        )
        session.add(row)
        session.flush()
        record(
            session,
            actor,
            "list.ask",
            _subject(row.id),
            reason=reason,
            campaign=slug,
            terms=version,
            people=people,
            recipient_key=key,
            watermark=row.watermark,
        )
        return row.id


def approve(actor: Actor, list_id: int) -> None:
    """Have the list encrypted by the worker. Raises NeedsSecondPerson, InvitedLately, NameListInWrongState."""
    with transaction() as session:
        row = _decided(session, actor, list_id, ListState.APPROVED)
        row.people = queries.agreed(session, row.campaign_id, row.list_terms_id)
        services.enqueue(session, JobKind.LIST, row.id)
        record(session, actor, "list.approve", _subject(row.id), reason=row.reason, people=row.people)


def retry(actor: Actor, list_id: int) -> None:
    """Start making a list again that was given up, while its approval is valid. Raises NameListInWrongState, ApprovalOver."""
    with transaction() as session:
        row = session.scalar(
            select(NamedList)
            .where(NamedList.id == list_id, NamedList.state == ListState.APPROVED)
            .with_for_update()
        )
        if row is None:
            raise NameListInWrongState
        if not queries.is_fresh(row.decided_at):
            raise ApprovalOver
        try:
            job = services.begin_anew(session, Job.kind == JobKind.LIST, Job.subject_id == list_id)
        except services.NotFailed:
            raise NameListInWrongState from None
        record(session, actor, "list.retry", _subject(row.id), reason=row.reason, job=job.id)


def refuse(actor: Actor, list_id: int, why: str) -> None:
    """Decide against it. Raises NoReason, NeedsSecondPerson, InvitedLately, NameListInWrongState."""
    why = stated(why)
    with transaction() as session:
        row = _decided(session, actor, list_id, ListState.REFUSED)
        row.decided_why = why
        record(session, actor, "list.refuse", _subject(row.id), reason=why)


def retract(actor: Actor, list_id: int) -> None:
    """Withdraw one's own request before anybody has decided. Raises NameListInWrongState, also for somebody else's."""
    with transaction() as session:
        row = _locked(session, list_id)
        if actor.staff_id is None or row.asked_by != actor.staff_id:
            raise NameListInWrongState
        row.state, row.decided_at = ListState.RETRACTED, clock.now()
        record(session, actor, "list.retract", _subject(row.id), reason=row.reason)


def download(actor: Actor, list_id: int, why: str) -> tuple[JobView, Iterator[bytes]]:
    """The encrypted file, in parts. The download and its reason are recorded before the first of them is returned.

    Raises NoReason, NoFile, StorageAway.
    """
    why = stated(why)
    job = services.newest(JobKind.LIST, list_id)
    parts = None if job is None else services.chunks(job.id)
    if job is None or parts is None:
        raise NoFile
    note(
        actor, "list.download", _subject(list_id), reason=why, rows=job.rows, size=job.size, sha256=job.sha256
    )
    return job, parts


def note_expired() -> int:
    """Record each file that was deleted as gone; returns how many. The worker calls this from time to time."""
    noted = 0
    while True:
        with transaction() as session:
            row = session.scalar(
                select(NamedList)
                .join(Job, (Job.subject_id == NamedList.id) & (Job.kind == JobKind.LIST))
                .where(
                    NamedList.state == ListState.APPROVED,
                    NamedList.expired_at.is_(None),
                    Job.state == JobState.GONE,
                    Job.expires_at.is_not(None),  # else it was given up and never had a file
                )
                .limit(1)
                .with_for_update(skip_locked=True, of=NamedList)
            )
            if row is None:
                return noted
            row.expired_at = clock.now()
            record(session, WORKER, "list.expired", _subject(row.id))
        noted += 1


def _decided(session: Session, actor: Actor, list_id: int, state: ListState) -> NamedList:
    """The row with a second person's decision in it."""
    row = _locked(session, list_id)
    two_people.check(session, row.asked_by, actor.staff_id)
    row.state = state
    row.decided_by, row.decided_name, row.decided_at = actor.staff_id, actor.name, clock.now()
    return row


def _locked(session: Session, list_id: int) -> NamedList:
    """A request that waits for a decision, locked; a simultaneous decision waits here and is then refused."""
    row = session.scalar(
        select(NamedList)
        .where(NamedList.id == list_id, NamedList.state == ListState.REQUESTED)
        .with_for_update()
    )
    if row is None:
        raise NameListInWrongState
    return row


def _subject(list_id: int) -> str:
    """How the audit log names a list."""
    return f"list:{list_id}"
