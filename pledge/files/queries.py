"""Reading stored files by name, from the storage without the database."""

import re
from typing import BinaryIO

from pledge.files.pictures import SIZES, WIDE_SIZES
from pledge.files.storage import current_storage

_NAME = re.compile(r"[0-9a-f]{32}")


def picture(name: str, size: int) -> bytes | None:
    """The WebP of a picture in one of its sizes; None when there is none. Raises StorageAway.

    The pictures of videos were once stored small only; those are sent for a wide size too.
    """
    content = _read(name, f"{size}.webp")
    return _read(name, f"{SIZES[-1]}.webp") if content is None and size in WIDE_SIZES else content


def document(name: str) -> bytes | None:
    """The bytes of a PDF; None when there is none. Raises StorageAway."""
    return _read(name, "document.pdf")


def video(name: str, ending: str) -> BinaryIO | None:
    """A video as an open file, `ending` mp4 or webm; None when there is none. Raises StorageAway."""
    return current_storage().open(f"{name}/video.{ending}") if _NAME.fullmatch(name) else None


def _read(name: str, part: str) -> bytes | None:
    return current_storage().get(f"{name}/{part}") if _NAME.fullmatch(name) else None
