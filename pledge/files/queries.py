"""Reading stored files by name, from the storage without the database."""

import re

from pledge.files.backends import current_storage

_NAME = re.compile(r"[0-9a-f]{32}")


def picture(name: str, size: int) -> bytes | None:
    """The WebP of a picture in one of its sizes; None when there is none. Raises StorageAway."""
    return _read(name, f"{size}.webp")


def document(name: str) -> bytes | None:
    """The bytes of a PDF; None when there is none. Raises StorageAway."""
    return _read(name, "document.pdf")


def _read(name: str, part: str) -> bytes | None:
    return current_storage().get(f"{name}/{part}") if _NAME.fullmatch(name) else None
