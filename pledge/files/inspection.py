"""The type of a file by its first bytes, before any decoder reads it, and whether a re-encoded picture holds pixels alone.

Formats: PNG (W3C, third edition), JPEG (ITU-T T.81), WebP (RFC 9649).
"""

import struct
from collections.abc import Iterator

from pledge.files.faults import BadPicture, PictureFault

MAX_PICTURE = 1_000_000  #: bytes

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"

#: The chunks of a WebP without metadata; each occurs at most once.
_PIXEL_CHUNKS = frozenset({b"VP8X", b"ALPH", b"VP8 ", b"VP8L"})

#: What a browser or an interpreter would run. Long enough not to occur in compressed data by chance.
_PROGRAMS = (b"<script", b"<!doctype", b"<?php", b"<html", b"w3.org/2000/svg")


def picture_format(data: bytes) -> str:
    """The format by the first bytes: "PNG", "JPEG" or "WEBP". Raises BadPicture."""
    if not data:
        raise BadPicture(PictureFault.EMPTY)
    if len(data) > MAX_PICTURE:
        raise BadPicture(PictureFault.TOO_LARGE)
    if data.startswith(_PNG):
        return "PNG"
    if data.startswith(_JPEG):
        return "JPEG"
    if _is_webp(data):
        return "WEBP"
    raise BadPicture(PictureFault.VECTOR if _is_vector(data) else PictureFault.WRONG_TYPE)


def is_bare_webp(data: bytes, max_side: int) -> bool:
    """Whether it is one WebP picture of at most that size, without metadata and without trailing data."""
    try:
        chunks = list(_webp_chunks(data)) if _is_webp(data) else []
        names = [name for name, _ in chunks]
        sides = [side for name, body in chunks for side in _sides(name, body)]
    except (struct.error, IndexError, ValueError):
        return False
    return (
        bool(sides)
        and len(set(names)) == len(names)
        and _PIXEL_CHUNKS.issuperset(names)
        and all(0 < side <= max_side for side in sides)
        and not holds_program(data)
    )


def holds_program(data: bytes) -> bool:
    """Whether it contains something that a browser or an interpreter would run."""
    lowered = data.lower()
    return any(word in lowered for word in _PROGRAMS)


def _is_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of each chunk. Raises ValueError when they do not end with the file."""
    if 8 + int.from_bytes(data[4:8], "little") != len(data):
        raise ValueError("not as long as it says")
    at = 12
    while at < len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        yield name, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    if at != len(data):
        raise ValueError("a chunk ends beyond the file")


def _sides(name: bytes, body: bytes) -> tuple[int, ...]:
    """Width and height according to a chunk."""
    if name == b"VP8X":
        return tuple(1 + int.from_bytes(body[at : at + 3], "little") for at in (4, 7))
    if name == b"VP8L":
        (bits,) = struct.unpack_from("<I", body, 1)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if name == b"VP8 ":
        return tuple(side & 0x3FFF for side in struct.unpack_from("<HH", body, 6))
    return ()


def _is_vector(data: bytes) -> bool:
    start = data[:4096].lower()
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16
        start = start.replace(b"\0", b"")
    return b"<svg" in start or b"<!doctype svg" in start
