"""Open data: once a day, and after closing, what is public of a campaign in one file that anybody may use and cite.

It is made of the members of a pack, by their writers, so both say the same. A file is kept for good at its address.
"""

import csv
import zipfile
from dataclasses import replace
from datetime import datetime, time
from hashlib import sha256
from typing import Any, BinaryIO

from pydantic import TypeAdapter
from sqlalchemy import Row, select

from config import current_config
from pledge.campaigns.models import Campaign, CampaignState
from pledge.campaigns.queries import slugs
from pledge.core import clock
from pledge.core.db import fetch, transaction
from pledge.core.i18n import SEOUL
from pledge.core.text.tables import BOM
from pledge.core.urls import public_url
from pledge.deliveries import freezing
from pledge.deliveries.document import Document
from pledge.deliveries.letter.texts import LetterTexts
from pledge.deliveries.pack import packing
from pledge.deliveries.queries import public_deliveries
from pledge.jobs import services as jobs
from pledge.jobs.models import Job, JobKind, JobState
from pledge.jobs.services import MadeFile, Progress
from pledge.ledger import log_queries
from pledge.ledger import queries as ledger
from pledge.ledger.models import Checkpoint
from pledge.statistics.places import published_places
from pledge.statistics.totals import NoSuchCheckpoint, campaign_facts

_OF_A_PACK = (
    *("totals.csv", "totals.json", "organizations.csv", "integrity.json", "pledge-texts.json"),
    *("log/checkpoint", "log/key"),
)
_OF_A_DELIVERY = ("recipient", "occasion", "receipt_number", "handed_over_at", "answer_due", "answered_at")
#: Columns that are no text, in the words of Table Schema.
_TYPES = {
    **dict.fromkeys(("people", "target_year", "interim_year", "interim_percent", "base_year"), "integer"),
    "published_on": "date",
}

_FILES = (
    select(Campaign.slug, Checkpoint.size, Job.id, Job.size.label("bytes"), Job.created_at)
    .join(Checkpoint, Checkpoint.campaign_id == Campaign.id)
    .join(Job, Job.subject_id == Checkpoint.id)
    .where(Job.kind == JobKind.DATA)
    .order_by(Job.id.desc())
    .limit(1)
)


def enqueue_due() -> None:
    """Have a file made of each campaign of which newer places are shown, if its last one is of before today or before its end.

    It is of their checkpoint: files of any two moments would give away by subtraction who came between (docs/adr/0015).
    """
    now = clock.now()
    midnight = datetime.combine(now.astimezone(SEOUL).date(), time(), SEOUL)
    is_shown = Campaign.state.in_((CampaignState.OPEN, CampaignState.CLOSED))
    with transaction() as session:
        # One worker at a time; who signs shares the key of the row, and does not wait.
        for campaign in session.scalars(select(Campaign).where(is_shown).with_for_update(key_share=True)):
            newest = log_queries.newest(campaign.id, published_places(campaign.id).log_size)
            last = session.execute(_FILES.where(Checkpoint.campaign_id == campaign.id)).first()
            ended = campaign.closes_at if campaign.closes_at and campaign.closes_at <= now else midnight
            is_due = last is None or last.created_at < max(midnight, ended)
            if newest and is_due and (last is None or last.size < newest.size):
                jobs.enqueue(session, JobKind.DATA, newest.id)


def file(campaign_id: int, size: int | None = None) -> Row[str, int, int, int, datetime] | None:
    """The newest file of a campaign, or that of the checkpoint of this size: `slug`, `size`, `id` of its job, `bytes`."""
    query = _FILES.where(Checkpoint.campaign_id == campaign_id, Job.state == JobState.DONE)
    return fetch(query if size is None else query.where(Checkpoint.size == size)).first()


def newest_address(campaign_id: int) -> str | None:
    """Where the newest file of a campaign is; None before the first."""
    newest = file(campaign_id)
    return None if newest is None else _address(newest.slug, newest.size)


def _address(slug: str, size: int) -> str:
    return public_url("api.data", slug=slug, size=size)


def make(checkpoint_id: int, file: BinaryIO, progress: Progress) -> MadeFile:
    """The maker of these files, for the worker. Raises NoSuchCheckpoint, DoesNotAddUp."""
    checkpoint = log_queries.checkpoint(checkpoint_id)
    if checkpoint is None:
        raise NoSuchCheckpoint
    number = checkpoint.campaign_id
    document = freezing.document_at(campaign_facts(slugs()[number]), checkpoint, LetterTexts())
    # Each has a moment of its own: on a busy day the checkpoint is never the newest one.
    document = replace(document, sign_ups=freezing.sign_ups(number))
    about = {"licence": current_config().data_licence, "file": _address(document.slug, checkpoint.size)}
    statements = [
        statement for statement in ledger.public_statements(number) if statement.index < checkpoint.size
    ]
    content = {
        "README.txt": packing.readme(document, packing.READMES / "data", **about),
        **{name: write(document) for name in _OF_A_PACK if (write := packing.MEMBERS[name].write)},
        "statements.json": _json(statements),
        "deliveries.json": _json(
            [
                {name: getattr(row, name) for name in _OF_A_DELIVERY} | {"checkpoint": row.checkpoint.size}
                for row in public_deliveries(number)
            ]
        ),
    }
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(packing.zip_info("datapackage.json"), _json(_package(document, content, **about)))
        for done, (name, part) in enumerate(content.items()):
            progress(done, len(content))
            archive.writestr(packing.zip_info(name), part)
    return MadeFile()


def _package(document: Document, content: dict[str, bytes], *, licence: str, file: str) -> dict[str, Any]:
    """The description of the file (Frictionless Data Package, version 1)."""
    lang = document.languages[0]
    return {
        "name": document.slug,
        "id": file,
        "title": document.title.in_language(lang),
        "homepage": public_url("public.progress", lang=lang, slug=document.slug),
        "created": document.checkpoint.signed_at,
        "version": str(document.checkpoint.size),
        "licenses": [{"path": licence}],
        "contributors": [
            {"title": name.in_language(lang), "role": "publisher"} for name in document.secretariat
        ],
        "resources": [_resource(name, part) for name, part in content.items()],
    }


def _resource(path: str, part: bytes) -> dict[str, Any]:
    facts = {
        "name": path.lower().replace("/", "-"),
        "path": path,
        "bytes": len(part),
        "hash": f"sha256:{sha256(part).hexdigest()}",
    }
    if not path.endswith(".csv"):
        return facts
    head = next(csv.reader(part.removeprefix(BOM).decode().splitlines()))
    fields = [{"name": name, "type": _TYPES.get(name, "string")} for name in head]
    return facts | {"profile": "tabular-data-resource", "encoding": "utf-8", "schema": {"fields": fields}}


def _json(value: Any) -> bytes:
    return TypeAdapter(Any).dump_json(value, indent=1) + b"\n"
