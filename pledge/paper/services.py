"""What staff may do with paper signatures: enter a batch with its scan, count it as a second person, take it back.

The second person types the number that they counted: the same one puts the batch into the public log, another one
disputes it. Every use case is recorded in the audit log in the same transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from pledge.accounts import two_people
from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.campaigns import rules
from pledge.campaigns.models import Campaign
from pledge.campaigns.moderation import clean_reason, compare
from pledge.campaigns.rules import BadFields, Checker, FieldFault
from pledge.campaigns.staff_queries import NoSuchCampaign
from pledge.core import clock, languages
from pledge.core.db import transaction
from pledge.core.i18n import SEOUL
from pledge.core.languages import Texts
from pledge.files import services as files
from pledge.files.models import StoredFile
from pledge.ledger.models import MAX_BATCH, Kind, Reason
from pledge.ledger.services import append
from pledge.paper.models import MAX_PLACE, MAX_SHEETS, PaperBatch, PaperState

_OPEN = (PaperState.COUNTED, PaperState.DISPUTED)


class NoSuchBatch(LookupError):
    """There is no batch of this number in this campaign."""


class BatchInWrongState(Exception):
    """The batch is not, or no longer, in a state that allows this, or says something else than was seen."""


@dataclass(frozen=True)
class PaperFields:
    """What the form holds; None for what is no number or no day."""

    place: Texts
    collected_on: date | None
    sheets: int | None
    signatures: int | None


FIELDS = tuple(PaperFields.__annotations__)


def content(batch: PaperBatch | PaperFields, scan_sha256: bytes) -> dict[str, object]:
    """What an edit and a second count are compared with."""
    return {**{name: getattr(batch, name) for name in FIELDS}, "scan": scan_sha256.hex()}


def enter(actor: Actor, slug: str, fields: PaperFields, scan: str) -> int:
    """Enter what one person counted, with a scan that is in `files`; returns the number of the batch.

    Raises BadFields, NoSuchCampaign, UnknownFile, NeedsSecondPerson (who counted must be known by an account).
    """
    kept = clean(fields, has_scan=bool(scan))
    with transaction() as session:
        campaign_id = _lock_campaign(session, slug)
        if campaign_id is None:
            raise NoSuchCampaign
        batch = PaperBatch(campaign_id=campaign_id, **vars(kept))
        _take(session, actor, batch, scan)
        session.add(batch)
        session.flush()
        record(session, actor, "paper.enter", _subject(batch), campaign=slug, **_said(batch))
        return batch.id


def change(actor: Actor, slug: str, batch_id: int, seen: str, fields: PaperFields, *, scan: str = "") -> None:
    """Correct a batch that is not agreed; whoever does so has counted it, and a second person counts it again.

    Raises BadFields, EditedMeanwhile, BatchInWrongState, NoSuchBatch, UnknownFile, NeedsSecondPerson.
    """
    kept = clean(fields, has_scan=True)
    with _locked(slug, batch_id, *_OPEN) as (session, batch):
        compare(seen, content(batch, batch.scan_sha256))
        for name, value in vars(kept).items():
            setattr(batch, name, value)
        _take(session, actor, batch, scan)
        record(session, actor, "paper.change", _subject(batch), **_said(batch))


def check(actor: Actor, slug: str, batch_id: int, seen: str, signatures: int) -> bool:
    """Count as the second person. Whether both counted the same: then the batch is in the public log from now on.

    Raises NeedsSecondPerson, InvitedLately, NoSuchBatch, BatchInWrongState, also when the batch is another one than was seen.
    """
    with _locked(slug, batch_id, PaperState.COUNTED) as (session, batch):
        if seen != stamp(batch):
            raise BatchInWrongState
        two_people.check(session, batch.counted_by, actor.staff_id)
        now = clock.now()
        agrees = signatures == batch.signatures
        batch.state = PaperState.AGREED if agrees else PaperState.DISPUTED
        batch.checked_by, batch.checked_name, batch.checked_at = actor.staff_id, actor.name, now
        batch.checked_signatures = signatures
        if agrees:
            _append(session, batch, Reason.CONFIRMED)
        act = "paper.agree" if agrees else "paper.dispute"
        record(session, actor, act, _subject(batch), counted=signatures, **_numbered(batch))
        return agrees


def withdraw(actor: Actor, slug: str, batch_id: int, reason: str) -> None:
    """Take an agreed batch back; an entry of the public log says so. Raises ReasonMissing, BatchInWrongState, NoSuchBatch."""
    reason = clean_reason(reason)
    with _locked(slug, batch_id, PaperState.AGREED) as (session, batch):
        batch.state = PaperState.WITHDRAWN
        _append(session, batch, Reason.WITHDRAWN)
        record(session, actor, "paper.withdraw", _subject(batch), reason=reason, **_numbered(batch))


def note_download(actor: Actor, slug: str, batch_id: int) -> None:
    """Record that somebody gets the scan, which has names on it. Raises NoSuchBatch."""
    with _locked(slug, batch_id, *PaperState) as (session, batch):
        record(session, actor, "paper.download", _subject(batch), campaign=slug, scan=batch.scan_sha256.hex())


def remove(actor: Actor, slug: str, batch_id: int, seen: str, reason: str) -> None:
    """Delete a batch that was never agreed, with its scan. Raises ReasonMissing, EditedMeanwhile, BatchInWrongState, NoSuchBatch."""
    reason = clean_reason(reason)
    with _locked(slug, batch_id, *_OPEN) as (session, batch):
        compare(seen, content(batch, batch.scan_sha256))
        files.discard(session, batch.scan)
        record(session, actor, "paper.remove", _subject(batch), reason=reason, **_said(batch))
        session.delete(batch)


def stamp(batch: PaperBatch) -> str:
    """A hash of what a batch says."""
    return rules.stamp(content(batch, batch.scan_sha256))


def clean(fields: PaperFields, *, has_scan: bool) -> PaperFields:
    """The fields as they will be kept. Raises BadFields with all faults."""
    check = Checker()
    place = check.lines("place", fields.place, MAX_PLACE)
    check.any_language("place", place)
    if fields.collected_on is None:
        check.add("collected_on", FieldFault.MISSING)
    elif fields.collected_on > clock.now().astimezone(SEOUL).date():
        check.add("collected_on", FieldFault.FUTURE)
    for name, number, most in (
        ("sheets", fields.sheets, MAX_SHEETS),
        ("signatures", fields.signatures, MAX_BATCH),
    ):
        if number is None or not 1 <= number <= most:
            check.add(name, FieldFault.NUMBER)
    if not has_scan:
        check.add("scan", FieldFault.MISSING)
    check.finish()
    return PaperFields(place, fields.collected_on, fields.sheets, fields.signatures)


def _take(session: Session, actor: Actor, batch: PaperBatch, scan: str) -> None:
    """The actor has counted it, perhaps on a new scan. Raises NeedsSecondPerson, UnknownFile, BadFields."""
    if actor.staff_id is None:
        raise two_people.NeedsSecondPerson
    if scan:
        files.keep(session, scan)
        if batch.scan:
            files.discard(session, batch.scan)
        batch.scan = scan
        batch.scan_sha256 = session.scalars(select(StoredFile.sha256).where(StoredFile.name == scan)).one()
        _refuse_twin(session, batch)
    batch.state = PaperState.COUNTED
    batch.counted_by, batch.counted_name, batch.counted_at = actor.staff_id, actor.name, clock.now()
    batch.checked_by = batch.checked_at = batch.checked_signatures = None
    batch.checked_name = ""


def _refuse_twin(session: Session, batch: PaperBatch) -> None:
    """A scan is counted once, also when somebody enters it again by mistake. Raises BadFields."""
    twin = exists().where(
        *(PaperBatch.campaign_id == batch.campaign_id, PaperBatch.scan_sha256 == batch.scan_sha256),
        *(PaperBatch.state != PaperState.WITHDRAWN, PaperBatch.id != (batch.id or 0)),
    )
    with session.no_autoflush:
        if session.scalar(select(twin)):
            raise BadFields({"scan": FieldFault.SCAN_TWICE})


def _append(session: Session, batch: PaperBatch, reason: Reason) -> None:
    """The batch's entry in the public log: the fold counts it if the audit log says who agreed (counting.py)."""
    append(
        session,
        campaign_id=batch.campaign_id,
        kind=Kind.PAPER,
        reason=reason,
        subject_id=batch.id,
        at=clock.now(),
        pledge_text_id=None,
        commitment=batch.scan_sha256 if reason is Reason.CONFIRMED else None,
        times=batch.signatures,
    )


def _lock_campaign(session: Session, slug: str) -> int | None:
    """Who counts for a campaign comes one after the other. Signing by people goes on: it shares the row's key."""
    query = select(Campaign.id).where(Campaign.slug == slug)
    return session.scalar(query.with_for_update(key_share=True))


@contextmanager
def _locked(slug: str, batch_id: int, *states: PaperState) -> Iterator[tuple[Session, PaperBatch]]:
    """The row in one of these states, locked with its campaign until the transaction ends. Raises NoSuchBatch, BatchInWrongState."""
    with transaction() as session:
        campaign_id = _lock_campaign(session, slug)
        if campaign_id is None:
            raise NoSuchBatch(batch_id)
        batch = session.scalar(
            select(PaperBatch)
            .where(PaperBatch.id == batch_id, PaperBatch.campaign_id == campaign_id)
            .with_for_update()
        )
        if batch is None:
            raise NoSuchBatch(batch_id)
        if batch.state not in states:
            raise BatchInWrongState
        yield session, batch


def _said(batch: PaperBatch) -> dict[str, Any]:
    """What the audit log says of it: enough to tell which batch it is. Not what the first person counted: the second reads it."""
    return {
        "place": batch.place.of(languages.default()),
        "collected": batch.collected_on.isoformat(),
        "sheets": batch.sheets,
        "scan": batch.scan_sha256.hex(),
    }


def _numbered(batch: PaperBatch) -> dict[str, Any]:
    """The same once two people have counted, with the first number."""
    return {**_said(batch), "signatures": batch.signatures}


def _subject(batch: PaperBatch) -> str:
    return f"paper:{batch.id}"
