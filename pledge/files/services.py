"""Storing uploaded files, and deleting those that nothing refers to.

An entry point stores a file first and passes the name to a use case, which calls `keep` in its transaction. A file that
nothing keeps within a day is deleted, so an unfinished form leaves nothing behind.
"""

import hashlib
import re
import secrets
from datetime import timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from pledge.core import clock
from pledge.core.db import transaction
from pledge.core.logs import log
from pledge.files import pictures
from pledge.files.backends import current_storage
from pledge.files.documents import check_document
from pledge.files.faults import BadDocument, BadPicture, DocumentFault, PictureFault
from pledge.files.models import FileKind, StoredFile
from pledge.files.storage import StorageAway

__all__ = [
    "BadDocument",
    "BadPicture",
    "DocumentFault",
    "PictureFault",
    "StorageAway",
    "UnknownFile",
    "check_stored",
    "discard",
    "keep",
    "store_document",
    "store_picture",
    "store_wide_picture",
    "sweep",
]

MAX_DOCUMENT = 5_000_000  #: bytes
PDF = "application/pdf"

#: A file that nothing keeps is deleted after this time: long enough to correct the rest of a form.
UNKEPT = timedelta(days=1)
#: Files deleted in one transaction: the storage may be slow, and on SQLite nobody else can write meanwhile.
BATCH = 10


class UnknownFile(Exception):
    """There is no such file, it has expired, or another row keeps it already."""


def store_picture(data: bytes) -> str:
    """Re-encode a picture in all sizes and store it; returns its random name.

    Raises BadPicture with the fault, or StorageAway; then nothing is stored. Not inside a transaction: it has its own.
    """
    return _store_renditions(pictures.renditions(data))


def store_wide_picture(data: bytes) -> str:
    """As store_picture, for a photograph across the page, in its sizes."""
    return _store_renditions(pictures.wide_renditions(data))


def _store_renditions(made: dict[int, bytes]) -> str:
    return _store(
        FileKind.PICTURE,
        pictures.MEDIA_TYPE,
        {f"{size}.webp": bytes_ for size, bytes_ in made.items()},
    )


def store_document(data: bytes, media_type: str) -> str:
    """Store a PDF as it is, if it is nothing but pages to read (documents.py); returns its random name.

    Raises BadDocument with the fault, or StorageAway.
    """
    if not data:
        raise BadDocument(DocumentFault.EMPTY)
    if len(data) > MAX_DOCUMENT:
        raise BadDocument(DocumentFault.TOO_LARGE)
    if media_type != PDF or not data.startswith(b"%PDF-"):
        raise BadDocument(DocumentFault.WRONG_TYPE)
    # ISO 32000-1 §7.5.5: the last line is %%EOF; writers leave some white space behind it.
    if not re.search(rb"%%EOF\s*\Z", data[-1024:]):
        raise BadDocument(DocumentFault.DAMAGED)
    check_document(data)
    return _store(FileKind.DOCUMENT, PDF, {"document.pdf": data})


def keep(session: Session, name: str) -> None:
    """A row now refers to this file. Raises UnknownFile.

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


def check_stored(session: Session, name: str) -> None:
    """Check that a file is there for a row that will keep it later. Raises UnknownFile when it is gone."""
    there = select(StoredFile.name).where(
        StoredFile.name == name,
        or_(StoredFile.delete_after.is_(None), StoredFile.delete_after > clock.now()),
    )
    if session.scalar(there) is None:
        raise UnknownFile


def discard(session: Session, name: str) -> None:
    """No row refers to this file any more; the next sweep deletes it. Nothing happens for "" or an unknown name."""
    session.execute(update(StoredFile).where(StoredFile.name == name).values(delete_after=clock.now()))


def sweep() -> int:
    """Delete the files that nothing keeps; returns how many. When the storage is away the rest waits for the next time."""
    gone = 0
    while True:
        try:
            with transaction() as session:
                names = _delete_rows(session)
                for name in names:
                    _remove(name)  # inside: if it fails, the rows stay and the next sweep tries again
        except StorageAway as away:
            log.error("files not deleted", storage=str(away))
            return gone
        gone += len(names)
        if len(names) < BATCH:
            return gone


def _store(kind: FileKind, media_type: str, parts: dict[str, bytes]) -> str:
    name = secrets.token_hex(16)
    largest = max(parts.values(), key=len)
    now = clock.now()
    # The row first: if this process dies in between, the sweep finds by it what is in the storage.
    with transaction() as session:
        session.add(
            StoredFile(
                name=name,
                kind=kind,
                media_type=media_type,
                size=len(largest),
                sha256=hashlib.sha256(largest).digest(),
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


def _delete_rows(session: Session) -> list[str]:
    old = select(StoredFile.name).where(StoredFile.delete_after <= clock.now()).limit(BATCH)
    return list(
        session.scalars(
            delete(StoredFile)
            .where(StoredFile.name.in_(old), StoredFile.delete_after <= clock.now())
            .returning(StoredFile.name)
        )
    )


def _remove(name: str) -> None:
    for part in (*(f"{size}.webp" for size in (*pictures.SIZES, *pictures.WIDE_SIZES)), "document.pdf"):
        current_storage().delete(f"{name}/{part}")
