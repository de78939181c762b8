"""What staff may do with paper signatures: enter a batch with its scan, count it as a second person, take it back.

The second person types the number that they counted: another one than the first disputes the batch. If both are the same, the
worker mails whom it concerns, and a day later puts it into the public log. Every use case is recorded in the audit log in
the same transaction.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from pledge.abuse.models import AlertKind
from pledge.accounts import staff_alerts, two_people
from pledge.audit.models import Actor, AuditEntry
from pledge.audit.services import record
from pledge.campaigns.models import Campaign
from pledge.campaigns.moderation import clean_reason, compare
from pledge.campaigns.rules import BadFields, Checker, FieldFault
from pledge.campaigns.staff_queries import NoSuchCampaign
from pledge.core import clock, languages
from pledge.core.db import fetch, transaction
from pledge.core.i18n import SEOUL
from pledge.core.languages import Texts
from pledge.files import services as files
from pledge.files.models import StoredFile
from pledge.ledger.models import MAX_BATCH, Kind, Reason
from pledge.ledger.services import append
from pledge.paper.models import MAX_PLACE, MAX_SHEETS, OBJECTION, PaperBatch, PaperNotice, PaperState

#: The states of a batch that can be corrected or removed.
OPEN = (PaperState.COUNTED, PaperState.DISPUTED)


@dataclass(frozen=True)
class PaperFields:
    """What the form holds; None for what is no number or no day."""

    place: Texts
    collected_on: date | None
    sheets: int | None
    signatures: int | None


def enter(actor: Actor, slug: str, fields: PaperFields, scan: str) -> int:
    """Enter what one person counted, with a scan that is in `files`; returns the number of the batch.

    Raises BadFields, NoSuchCampaign, UnknownFile, NeedsSecondPerson (who counted must be known by an account).
    """
    kept = clean(fields, has_scan=bool(scan))
    with transaction() as session:
        # Who counts for a campaign comes one after the other. Signing by people goes on: it shares the row's key.
        campaign = select(Campaign.id).where(Campaign.slug == slug).with_for_update(key_share=True)
        campaign_id = session.scalar(campaign)
        if campaign_id is None:
            raise NoSuchCampaign
        batch = PaperBatch(campaign_id=campaign_id, **vars(kept))
        _record_count(session, actor, batch, scan)
        session.add(batch)
        session.flush()
        record(session, actor, "paper.enter", _subject(batch), campaign=slug, **_facts(batch))
        return batch.id


def change(actor: Actor, slug: str, batch_id: int, seen: str, fields: PaperFields, *, scan: str = "") -> None:
    """Correct a batch that is not agreed; this counts as the first count, and a second person counts it again.

    Raises BadFields, EditedMeanwhile, WrongState, NoSuchProposal, UnknownFile, NeedsSecondPerson.
    """
    kept = clean(fields, has_scan=True)
    with _locked(slug, batch_id, *OPEN) as (session, batch):
        compare(seen, batch.content)
        for name, value in vars(kept).items():
            setattr(batch, name, value)
        _record_count(session, actor, batch, scan)
        record(session, actor, "paper.change", _subject(batch), **_facts(batch))


def check(actor: Actor, slug: str, batch_id: int, seen: str, signatures: int) -> bool:
    """Count as the second person, who has opened the scan. Whether both counted the same: then `announce_and_count` goes on.

    Raises BadFields (also before the scan was opened), NeedsSecondPerson, InvitedLately, NoSuchProposal, WrongState.
    """
    if not 1 <= signatures <= MAX_BATCH:
        raise BadFields({"checked": FieldFault.NUMBER})
    with _locked(slug, batch_id, PaperState.COUNTED, seen=seen) as (session, batch):
        agrees = signatures == batch.signatures
        batch.decide(session, actor, PaperState.AGREED if agrees else PaperState.DISPUTED)
        batch.checked_signatures = signatures
        if not _has_opened(session, actor, batch):
            raise BadFields({"checked": FieldFault.SCAN_NOT_OPENED})
        if not agrees:
            batch.send_back(actor, PaperState.DISPUTED, f"{batch.signatures} ≠ {signatures}")
        act = "paper.agree" if agrees else "paper.dispute"
        record(
            session,
            actor,
            act,
            _subject(batch),
            counted=signatures,
            **_facts(batch, signatures=batch.signatures),
        )
        return agrees


def withdraw(actor: Actor, slug: str, batch_id: int, reason: str) -> None:
    """Take an agreed batch back; if it counted, an entry of the public log says so. Raises BadFields, WrongState, NoSuchProposal."""
    reason = clean_reason(reason)
    with _locked(slug, batch_id, PaperState.AGREED) as (session, batch):
        batch.state = PaperState.WITHDRAWN
        notice = session.get(PaperNotice, batch.id)
        if notice is not None and notice.entry_id is not None:
            _append(session, batch, Reason.WITHDRAWN)
        record(
            session,
            actor,
            "paper.withdraw",
            _subject(batch),
            reason=reason,
            **_facts(batch, signatures=batch.signatures),
        )


def announce_and_count() -> int:
    """The worker's part: mail administrators and both counters that a batch is agreed, and a day later have the log count what was
    mailed, unless it was taken back. Returns how many batches it saw through a step.
    """
    batch_of = PaperNotice.batch_id == PaperBatch.id
    is_due = and_(PaperNotice.entry_id.is_(None), PaperNotice.mailed_at <= clock.now() - OBJECTION)
    is_as_mailed = and_(
        PaperNotice.signatures == PaperBatch.signatures, PaperNotice.scan_sha256 == PaperBatch.scan_sha256
    )
    wanted = (
        select(PaperBatch, PaperNotice)
        .outerjoin(PaperNotice, batch_of)
        .where(PaperBatch.state == PaperState.AGREED)
        .where(or_(PaperNotice.batch_id.is_(None), and_(is_due, is_as_mailed)))
    )
    if not fetch(select(wanted.exists())).scalar_one():
        return 0
    with transaction() as session:
        rows: Sequence[Any] = session.execute(wanted.with_for_update(of=PaperBatch, key_share=True)).all()
        for batch, notice in rows:
            if notice is None:
                _announce(session, batch)
            else:
                notice.entry_id = _append(session, batch, Reason.CONFIRMED)
        return len(rows)


def _announce(session: Session, batch: PaperBatch) -> None:
    notice = PaperNotice(
        batch_id=batch.id,
        signatures=batch.signatures,
        scan_sha256=batch.scan_sha256,
        mailed_at=clock.now(),
    )
    session.add(notice)
    staff_alerts.alert(
        session,
        AlertKind.PAPER_AGREED,
        _subject(batch),
        also={batch.proposed_by, batch.decided_by},
        signatures=batch.signatures,
        place=dict(batch.place),
    )


def note_download(actor: Actor, slug: str, batch_id: int) -> None:
    """Record that somebody gets the scan, which has names on it. Raises NoSuchProposal."""
    with _locked(slug, batch_id, *PaperState) as (session, batch):
        record(session, actor, "paper.download", _subject(batch), campaign=slug, scan=batch.scan_sha256.hex())


def remove(actor: Actor, slug: str, batch_id: int, seen: str, reason: str) -> None:
    """Delete a batch that was never agreed, with its scan. Raises BadFields, EditedMeanwhile, WrongState, NoSuchProposal."""
    reason = clean_reason(reason)
    with _locked(slug, batch_id, *OPEN) as (session, batch):
        compare(seen, batch.content)
        files.discard(session, batch.scan)
        record(session, actor, "paper.remove", _subject(batch), reason=reason, **_facts(batch))
        session.delete(batch)


def erase_scans(campaign_ids: Sequence[int]) -> int:
    """Delete the scans of campaigns whose people are forgotten; how many there were. The numbers name nobody, and stay."""
    kept = select(PaperBatch).where(PaperBatch.campaign_id.in_(campaign_ids), PaperBatch.scan != "")
    with transaction() as session:
        batches = session.scalars(kept).all() if campaign_ids else []
        for batch in batches:
            batch.scan = files.replace(session, batch.scan, "")
        return len(batches)


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
    return replace(fields, place=place)


def _record_count(session: Session, actor: Actor, batch: PaperBatch, scan: str) -> None:
    """The actor has counted it, perhaps on a new scan. Raises NeedsSecondPerson, UnknownFile, BadFields."""
    batch.propose(actor, PaperState.COUNTED)
    batch.checked_signatures = None
    if scan:
        batch.scan = files.replace(session, batch.scan or "", scan)
        batch.scan_sha256 = session.scalars(select(StoredFile.sha256).where(StoredFile.name == scan)).one()
        _refuse_twin(session, batch)


def _refuse_twin(session: Session, batch: PaperBatch) -> None:
    """A scan is counted once, also when somebody enters it again by mistake. Raises BadFields."""
    twin = exists().where(
        *(PaperBatch.campaign_id == batch.campaign_id, PaperBatch.scan_sha256 == batch.scan_sha256),
        *(PaperBatch.state != PaperState.WITHDRAWN, PaperBatch.id != (batch.id or 0)),
    )
    with session.no_autoflush:
        if session.scalar(select(twin)):
            raise BadFields({"scan": FieldFault.SCAN_TWICE})


def _has_opened(session: Session, actor: Actor, batch: PaperBatch) -> bool:
    """Whether the audit log says that the actor downloaded the scan that the batch has now."""
    downloads = exists().where(
        AuditEntry.subject == _subject(batch),
        AuditEntry.action == "paper.download",
        AuditEntry.staff_id == actor.staff_id,
        AuditEntry.details.contains(batch.scan_sha256.hex()),
    )
    return bool(session.scalar(select(downloads)))


def _append(session: Session, batch: PaperBatch, reason: Reason) -> int:
    """The batch's entry in the public log; its id."""
    return append(
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


def _locked(
    slug: str, batch_id: int, *states: PaperState, seen: str | None = None
) -> AbstractContextManager[tuple[Session, PaperBatch]]:
    """The batch with its campaign, locked as `enter` does."""
    query = (
        select(PaperBatch)
        .join(Campaign, Campaign.id == PaperBatch.campaign_id)
        .where(PaperBatch.id == batch_id, Campaign.slug == slug)
        .with_for_update(key_share=True)
    )
    return two_people.locked(query, *states, seen=seen)


def _facts(batch: PaperBatch, **counted: int) -> dict[str, Any]:
    """What the audit log says of it: enough to tell which batch it is. What the first person counted is said only once two have: the
    second reads it.
    """
    return {
        "place": batch.place.in_language(languages.default()),
        "collected": batch.collected_on.isoformat(),
        "sheets": batch.sheets,
        "scan": batch.scan_sha256.hex(),
        **counted,
    }


def _subject(batch: PaperBatch) -> str:
    return f"paper:{batch.id}"
