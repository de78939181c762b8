"""Pictures: the type by the first bytes, before any decoder reads them, then a child process (resizing.py) re-encodes them in
our sizes, and what it gives is checked to hold pixels alone.

Formats: PNG (W3C, third edition), JPEG (ITU-T T.81), WebP (RFC 9649).
"""

import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path

from pledge.core.concurrency import Busy, ConcurrencyLimit
from pledge.core.i18n import Phrase
from pledge.files.faults import FileRefused

MAX_PICTURE = 1_000_000  #: bytes; the message below says so


class PictureFault(Enum):
    """What is wrong with a picture, in words for who sent it; resizing.py names some of them."""

    EMPTY = Phrase("file", "The picture is empty. Please choose it again.")
    TOO_LARGE = Phrase("file", "The picture is larger than 1 MB. Please choose a smaller one.")
    #: by its content, whatever it is called: not PNG, JPEG or WebP
    WRONG_TYPE = Phrase("file", "This is not a PNG, JPEG or WebP picture. Please save it as one of these.")
    #: SVG: it may contain scripts
    VECTOR = Phrase("file", "We cannot take SVG files. Please save the picture as PNG.")
    ANIMATED = Phrase("file", "Moving pictures cannot be used. Please choose a still one.")
    TOO_MANY_PIXELS = Phrase(
        "file",
        "The picture has more than 4 million pixels, or a side of more than 8,000. Please make it smaller.",
    )
    #: cut off, or not what its first bytes say
    DAMAGED = Phrase(
        "file", "The picture is damaged or incomplete. Please save it again and choose the new file."
    )
    #: took more memory or time than a picture of this size needs
    TOO_HARD = Phrase("file", "We could not read the picture. Please save it as a simple PNG and try again.")
    BUSY = Phrase("file", "Many pictures are being sent at the moment. Please try again in a minute.")


_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"

#: The chunks of a WebP without metadata; each occurs at most once.
_PIXEL_CHUNKS = frozenset({b"VP8X", b"ALPH", b"VP8 ", b"VP8L"})

#: What a browser or an interpreter would run. Long enough not to occur in compressed data by chance.
_PROGRAMS = (b"<script", b"<!doctype", b"<?php", b"<html", b"w3.org/2000/svg")


def picture_format(data: bytes) -> str:
    """The format by the first bytes: "PNG", "JPEG" or "WEBP". Raises FileRefused."""
    if not data:
        raise FileRefused(PictureFault.EMPTY)
    if len(data) > MAX_PICTURE:
        raise FileRefused(PictureFault.TOO_LARGE)
    if data.startswith(_PNG):
        return "PNG"
    if data.startswith(_JPEG):
        return "JPEG"
    if _is_webp(data):
        return "WEBP"
    raise FileRefused(PictureFault.VECTOR if _is_vector(data) else PictureFault.WRONG_TYPE)


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


#: Pixels of the longer side: in lists, and on an organisation's own page.
SIZES = (96, 320)
#: The same for a photograph across the page.
WIDE_SIZES = (640, 1080, 1600)

MEDIA_TYPE = "image/webp"
#: Then a child is killed that got too little of the processor; one that computes too long is ended by its own limit before.
WALL_SECONDS = 3.4
WALL_SECONDS_WIDE = 12  #: the same for three larger pictures, which only staff send
#: The child: isolated from the environment and the working folder, started by its path so that it imports nothing of ours.
COMMAND = (sys.executable, "-I", "-B", str(Path(__file__).with_name("resizing.py")))
#: Children at a time in one process: each may take a core and a quarter of a gigabyte.
_limit = ConcurrencyLimit(running=1, waiting=1)


def renditions(data: bytes, *, wide: bool = False) -> dict[int, bytes]:
    """The picture as WebP, by size: upright, transparent where it was, scaled to fit, without metadata.

    `wide`: as a photograph across the page, larger and opaque, the smallest at most 60 kB for any photograph.
    Raises FileRefused with the fault: BUSY at once while other pictures are being made, else within WALL_SECONDS of its turn.
    """
    kind = picture_format(data)
    sizes, arguments, seconds = (
        (WIDE_SIZES, ("wide",), WALL_SECONDS_WIDE) if wide else (SIZES, (), WALL_SECONDS)
    )
    try:
        with _limit.slot():
            answer = _ask_child(kind.encode() + b"\n" + data, arguments, seconds)
    except (Busy, subprocess.TimeoutExpired):
        raise FileRefused(PictureFault.BUSY) from None
    return dict(zip(sizes, _parse(answer, sizes), strict=True))


def _ask_child(question: bytes, arguments: Sequence[str], seconds: float) -> bytes:
    """The child's answer. Raises TimeoutExpired, and FileRefused when a limit has ended it."""
    # Files, not pipes: the child's own limit on files bounds its answer, whatever has become of it.
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out:
        given.write(question)
        given.seek(0)
        child = subprocess.run(
            (*COMMAND, *arguments),
            stdin=given,
            stdout=out,
            stderr=subprocess.DEVNULL,
            env={},
            timeout=seconds,
            check=False,
        )
        if child.returncode != 0:
            raise FileRefused(PictureFault.TOO_HARD)
        out.seek(0)
        return out.read()


def _parse(answer: bytes, sizes: Sequence[int]) -> list[bytes]:
    """The pictures in the child's answer. A malicious picture may control the child, so all of it is checked."""
    line, _, rest = answer.partition(b"\n")
    word, *numbers = line.decode(errors="replace").split(" ")
    if word != "ok":
        raise FileRefused(PictureFault.__members__.get(word.upper(), PictureFault.TOO_HARD))
    pictures, at = [], 0
    for number in numbers:
        length = int(number) if number.isdecimal() else 0
        pictures.append(rest[at : at + length])
        at += length
    if len(pictures) != len(sizes) or at != len(rest) or not all(map(is_bare_webp, pictures, sizes)):
        raise FileRefused(PictureFault.TOO_HARD)
    return pictures
