"""Storing uploaded files, and deleting those that nothing refers to.

An entry point stores a file first and passes the name to a use case, which calls `keep` in its transaction. A file that
nothing keeps within a day is deleted, so an unfinished form leaves nothing behind.
"""

import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import IO

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from config import current_config
from pledge.core import clock
from pledge.core.db import fetch, transaction
from pledge.core.i18n import Phrase
from pledge.core.logs import log
from pledge.files import pictures
from pledge.files.documents import MAX_DOCUMENT, DocumentFault, check_document
from pledge.files.faults import FileRefused, StorageAway
from pledge.files.models import FileKind, StoredFile
from pledge.files.storage import current_storage


class VideoFault(Enum):
    EMPTY = Phrase("file", "The video is empty. Please choose it again.")
    #: more bytes than the setting allows
    TOO_LARGE = Phrase(
        "file",
        "The video is larger than %(limit)s MB. Please save it with a lower resolution, or make it shorter.",
    )
    #: by its first bytes: not MP4 or WebM
    WRONG_TYPE = Phrase("file", "This is not an MP4 or WebM video. Please save it as one of these.")


PDF = "application/pdf"
MEGABYTE = 1_000_000  #: bytes
VIDEO_ENDINGS = {"video/mp4": "mp4", "video/webm": "webm"}

#: Bytes with the brand of an MP4, or the whole EBML header of a WebM.
_VIDEO_START = 64

#: A file that nothing keeps is deleted after this time: long enough to correct the rest of a form.
UNKEPT = timedelta(days=1)
#: Files deleted in one transaction: the storage may be slow, and on SQLite nobody else can write meanwhile.
BATCH = 10


class UnknownFile(Exception):
    """There is no such file, it has expired, or another row keeps it already."""


def store_picture(data: bytes, *, wide: bool = False) -> str:
    """Re-encode a picture in all sizes, or in those of a wide one, and store it; returns its random name.

    Raises FileRefused with the fault, or StorageAway; then nothing is stored. Not inside a transaction: it has its own.
    """
    return store_renditions(pictures.renditions(data, wide=wide))


def store_renditions(made: dict[int, bytes]) -> str:
    """Store a picture in sizes made by `pictures.renditions`. Returns its random name."""
    largest = max(made.values(), key=len)
    parts = {f"{size}.webp": data for size, data in made.items()}
    return store_parts(
        FileKind.PICTURE, pictures.MEDIA_TYPE, parts, len(largest), hashlib.sha256(largest).digest()
    )


def store_document(data: bytes, media_type: str) -> str:
    """Store a PDF as it is, if it is nothing but pages to read (documents.py); returns its random name.

    Raises FileRefused with the fault, or StorageAway.
    """
    if not data:
        raise FileRefused(DocumentFault.EMPTY)
    if len(data) > MAX_DOCUMENT:
        raise FileRefused(DocumentFault.TOO_LARGE)
    if media_type != PDF or not data.startswith(b"%PDF-"):
        raise FileRefused(DocumentFault.WRONG_TYPE)
    # ISO 32000-1 §7.5.5: the last line is %%EOF; writers leave some white space behind it.
    if not re.search(rb"%%EOF\s*\Z", data[-1024:]):
        raise FileRefused(DocumentFault.DAMAGED)
    check_document(data)
    return store_parts(
        FileKind.DOCUMENT, PDF, {"document.pdf": data}, len(data), hashlib.sha256(data).digest()
    )


def store_video(file: IO[bytes]) -> str:
    """Store a video as it is; returns its random name.

    Only its first bytes are looked at: whether browsers have its codec and what it says about the place where it was
    recorded is the business of whoever uploads it. Raises FileRefused with the fault, or StorageAway.
    """
    size = file.seek(0, os.SEEK_END)
    if size > current_config().max_video_mb * MEGABYTE:
        raise FileRefused(VideoFault.TOO_LARGE, limit=current_config().max_video_mb)
    file.seek(0)
    media_type = _video_type(file.read(_VIDEO_START))
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").digest()  # type: ignore[arg-type]  # IO has no readinto, uploads and files do
    file.seek(0)
    return store_parts(FileKind.VIDEO, media_type, {f"video.{VIDEO_ENDINGS[media_type]}": file}, size, digest)


def _video_type(start: bytes) -> str:
    """The media type by the first bytes: the brand of an MP4 (ISO/IEC 14496-12), the EBML header of a WebM (RFC 9559)."""
    if not start:
        raise FileRefused(VideoFault.EMPTY)
    if start[4:8] == b"ftyp" and start[8:12] != b"qt  ":
        return "video/mp4"
    if start.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in start:
        return "video/webm"
    raise FileRefused(VideoFault.WRONG_TYPE)


def keep(session: Session, name: str) -> None:
    """Note that a row now refers to this file. Raises UnknownFile.

    Only once: passing on the name of a picture that another page shows does not give access to it.
    """
    kept = session.execute(
        update(StoredFile)
        .where(StoredFile.name == name, StoredFile.delete_after > clock.now())
        .values(delete_after=None)
        .returning(StoredFile.name)
    )
    if kept.one_or_none() is None:
        raise UnknownFile


def video_ending(session: Session, name: str) -> str:
    """The ending of a stored video, mp4 or webm. Raises UnknownFile for another file, or one that is gone."""
    media_type = session.scalar(select(StoredFile.media_type).where(StoredFile.name == name))
    if media_type not in VIDEO_ENDINGS:
        raise UnknownFile
    return VIDEO_ENDINGS[media_type]


def stored_at(name: str) -> datetime | None:
    """When a file was stored (UTC); None when there is none."""
    return fetch(select(StoredFile.created_at).where(StoredFile.name == name)).scalar_one_or_none()


def check_stored(session: Session, name: str) -> None:
    """Check that a file is there for a row that will keep it later. Raises UnknownFile when it is gone."""
    there = select(StoredFile.name).where(
        StoredFile.name == name,
        or_(StoredFile.delete_after.is_(None), StoredFile.delete_after > clock.now()),
    )
    if session.scalar(there) is None:
        raise UnknownFile


def discard(session: Session, name: str) -> None:
    """Note that no row refers to this file any more; the next sweep deletes it. Ignores "" and unknown names."""
    session.execute(update(StoredFile).where(StoredFile.name == name).values(delete_after=clock.now()))


def replace(session: Session, old: str, new: str) -> str:
    """Keep `new` and discard `old`; either may be "". Returns `new`. Raises UnknownFile."""
    discard(session, old)
    if new:
        keep(session, new)
    return new


def sweep() -> int:
    """Delete the files that nothing keeps; returns how many. When the storage is away the rest waits for the next time."""
    gone = 0
    while True:
        try:
            with transaction() as session:
                is_due = StoredFile.delete_after <= clock.now()
                due = select(StoredFile.name).where(is_due).limit(BATCH)
                gone_rows = delete(StoredFile).where(StoredFile.name.in_(due), is_due)
                names = session.scalars(gone_rows.returning(StoredFile.name)).all()
                for name in names:
                    _remove(name)  # inside: if it fails, the rows stay and the next sweep tries again
        except StorageAway as away:
            log.error("files not deleted", storage=str(away))
            return gone
        gone += len(names)
        if len(names) < BATCH:
            return gone


def store_parts(
    kind: FileKind, media_type: str, parts: Mapping[str, bytes | IO[bytes]], size: int, sha256: bytes
) -> str:
    """Store parts by their names, for a module that has checked them; returns the random name. Raises StorageAway."""
    name = secrets.token_hex(16)
    now = clock.now()
    # The row first: if this process dies in between, the sweep finds by it what is in the storage.
    with transaction() as session:
        session.add(
            StoredFile(
                name=name,
                kind=kind,
                media_type=media_type,
                size=size,
                sha256=sha256,
                created_at=now,
                delete_after=now + UNKEPT,
            )
        )
    try:
        for part, data in parts.items():
            current_storage().put(f"{name}/{part}", data)
    except StorageAway as away:
        log.error("file not stored", storage=str(away))
        with transaction() as session:
            discard(session, name)
        raise
    return name


def _remove(name: str) -> None:
    renditions = (f"{size}.webp" for size in (*pictures.SIZES, *pictures.WIDE_SIZES))
    videos = (f"video.{ending}" for ending in VIDEO_ENDINGS.values())
    for part in (*renditions, "document.pdf", *videos, FileKind.SCAN):
        current_storage().delete(f"{name}/{part}")
