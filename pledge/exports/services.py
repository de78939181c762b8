"""Exports by staff: requested, made by the worker, kept for a day. Nothing in them names a signer; it is all public."""

from datetime import timedelta
from typing import BinaryIO

from sqlalchemy import select

from pledge.audit.models import Actor
from pledge.audit.services import note, record
from pledge.campaigns.models import Campaign
from pledge.core import clock, languages
from pledge.core.db import load, transaction
from pledge.exports.files import write_export
from pledge.exports.models import Export
from pledge.exports.rows import KINDS
from pledge.jobs import services
from pledge.jobs.models import JobKind
from pledge.jobs.services import MadeFile, Progress

FORMATS = ("csv", "xlsx")
DELETE_AFTER = timedelta(hours=24)


class UnknownExport(LookupError):
    """There is no such campaign, kind of rows or format."""


def request(actor: Actor, slug: str, kind: str, form: str, *, lang: str) -> int:
    """Request a file with rows of a campaign; returns the number of the export. Raises UnknownExport."""
    row = unsaved(slug, kind=kind, form=form, lang=lang)
    row.asked_by, row.asked_name = actor.staff_id, actor.name
    with transaction() as session:
        session.add(row)
        session.flush()
        services.enqueue(session, JobKind.EXPORT, row.id)
        record(
            session,
            actor,
            "export.request",
            f"export:{row.id}",
            rows=kind,
            campaign=slug,
            format=form,
            lang=lang,
        )
        return row.id


def newest(limit: int = 20) -> list[Export]:
    """The last exports, newest first."""
    return load(select(Export).order_by(Export.id.desc()).limit(limit))


def find(export_id: int) -> Export | None:
    return next(iter(load(select(Export).where(Export.id == export_id))), None)


def note_download(actor: Actor, export: Export) -> None:
    """Record that somebody took the file."""
    note(actor, "export.download", f"export:{export.id}")


def make(export_id: int, file: BinaryIO, progress: Progress) -> MadeFile:
    """The maker of exports, for the worker."""
    export = find(export_id)
    if export is None:
        raise UnknownExport(export_id)
    return MadeFile(write_export(export, file, progress), keep=DELETE_AFTER)


def unsaved(slug: str, *, kind: str, form: str, lang: str) -> Export:
    """An export as of now that nobody has asked for yet; it can be written. Raises UnknownExport."""
    campaigns = load(select(Campaign).where(Campaign.slug == slug))
    if not campaigns or kind not in KINDS or form not in FORMATS or lang not in languages.codes():
        raise UnknownExport(slug)
    about = {"campaign": campaigns[0], "campaign_id": campaigns[0].id}
    return Export(kind=kind, format=form, lang=lang, asked_at=clock.now(), **about)
