"""Scans of sheets with names on them: kept byte for byte, so that their SHA-256 is that of the file which others hold.

They are encrypted with the data key before they are stored (docs/adr/0006), and only staff get them, as a download.
"""

from enum import Enum
from hashlib import sha256

from sqlalchemy import select

from pledge.core.db import fetch
from pledge.core.encryption import vault
from pledge.core.i18n import Phrase
from pledge.files.faults import FileRefused
from pledge.files.models import FileKind, StoredFile
from pledge.files.services import PDF, store_parts
from pledge.files.storage import current_storage


class ScanFault(Enum):
    EMPTY = Phrase("file", "The file is empty. Please choose it again.")
    TOO_LARGE = Phrase(
        "file", "The scan is larger than 25 MB. Please scan in black and white, or make two batches."
    )
    #: by its content: neither PDF nor JPEG nor PNG
    WRONG_TYPE = Phrase("file", "This is not a PDF, JPEG or PNG file. Please save the scan as one of these.")


MAX_SCAN = 25_000_000  #: bytes
_CONTEXT = "stored_files.scan"

#: The type by the first bytes, and the ending of the name under which it is downloaded.
TYPES = {
    b"%PDF-": (PDF, "pdf"),
    b"\xff\xd8\xff": ("image/jpeg", "jpg"),
    b"\x89PNG\r\n\x1a\n": ("image/png", "png"),
}


def store_scan(data: bytes) -> str:
    """Store a scan; returns its random name. Raises FileRefused, StorageAway. Not inside a transaction: it has its own."""
    if not data:
        raise FileRefused(ScanFault.EMPTY)
    if len(data) > MAX_SCAN:
        raise FileRefused(ScanFault.TOO_LARGE)
    media_type, _ = type_of(data)
    sealed = vault().seal_bytes(data, _CONTEXT)
    return store_parts(FileKind.SCAN, media_type, {FileKind.SCAN: sealed}, len(data), sha256(data).digest())


def scan(name: str) -> bytes | None:
    """The bytes as they were uploaded; None when there is none (any more). Raises StorageAway, Unreadable."""
    sealed = current_storage().get(f"{name}/{FileKind.SCAN}")
    return None if sealed is None else vault().unseal_bytes(sealed, _CONTEXT)


def reencrypt() -> int:
    """Re-encrypt scans with the newest data key. Returns their number. Raises StorageAway, Unreadable."""
    newest, done = vault().newest, 0
    names = fetch(select(StoredFile.name).where(StoredFile.kind == FileKind.SCAN)).scalars().all()
    for name in names:
        sealed = current_storage().get(f"{name}/{FileKind.SCAN}")
        if sealed is not None and not sealed.startswith(newest):
            data = vault().unseal_bytes(sealed, _CONTEXT)
            current_storage().put(f"{name}/{FileKind.SCAN}", vault().seal_bytes(data, _CONTEXT))
            done += 1
    return done


def type_of(data: bytes) -> tuple[str, str]:
    """The media type and the ending, by the first bytes. Raises FileRefused."""
    for start, media_type in TYPES.items():
        if data.startswith(start):
            return media_type
    raise FileRefused(ScanFault.WRONG_TYPE)
