"""What a file is by its bytes, read in plain Python before any decoder sees it.

Formats: PNG (W3C, third edition), JPEG (ITU-T T.81), WebP (RFC 9649). Each is walked from its first byte to its last, so
that nothing can stand behind the picture; a second look finds what other programs would take for a file of their own.
"""

import re
import struct

from pledge.files.faults import BadPicture, PictureFault

LARGEST_PICTURE = 1_000_000  #: bytes
MOST_PIXELS = 4_000_000
#: Pixels of one side. Making a strip of one by four millions smaller takes a hundred times as long as a square.
MAX_SIDE = 8_000

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"

#: A marker inside the data of a JPEG scan: not a stuffed zero, not a restart, not a fill byte.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_LONE_MARKERS = frozenset({0x01, *range(0xD0, 0xD8)})

#: What a browser or an interpreter would run. Long enough that compressed picture data does not hold it by chance.
_PROGRAMS = (b"<script", b"<!doctype", b"<?php", b"<html", b"w3.org/2000/svg")
_ARCHIVES = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c")
_PDF_WITHIN = 1024  #: readers look for %PDF- that far into a file
_ZIP_END, _ZIP_END_SIZE, _ZIP_END_WITHIN = b"PK\5\6", 22, 22 + 65535


def inspect(data: bytes) -> str:
    """The format of a picture: "PNG", "JPEG" or "WEBP". Raises BadPicture."""
    if not data:
        raise BadPicture(PictureFault.EMPTY)
    if len(data) > LARGEST_PICTURE:
        raise BadPicture(PictureFault.TOO_LARGE)
    if data.startswith(_PNG):
        kind, walk = "PNG", _walk_png
    elif data.startswith(_JPEG):
        kind, walk = "JPEG", _walk_jpeg
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind, walk = "WEBP", _walk_webp
    else:
        raise BadPicture(PictureFault.VECTOR if _is_vector(data) else PictureFault.WRONG_TYPE)
    try:
        end = walk(data)
    except (struct.error, IndexError):
        raise BadPicture(PictureFault.DAMAGED) from None
    # Some cameras fill up with zeros; nothing reads those.
    if data[end:].strip(b"\0") or _holds_another_file(data):
        raise BadPicture(PictureFault.EXTRA)
    return kind


def is_bare_webp(data: bytes) -> bool:
    """Whether it is a WebP picture without metadata and without anything behind it."""
    try:
        return inspect(data) == "WEBP" and not {b"EXIF", b"XMP ", b"ICCP"} & set(_webp_chunks(data))
    except BadPicture:
        return False


def _walk_png(data: bytes) -> int:
    """Where the picture ends."""
    at = len(_PNG)
    while True:
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if at == len(_PNG):
            if kind != b"IHDR":
                raise BadPicture(PictureFault.DAMAGED)
            _check_pixels(*struct.unpack_from(">II", data, at + 8))
        if kind == b"acTL":
            raise BadPicture(PictureFault.ANIMATED)
        at += 12 + length
        if at > len(data):
            raise BadPicture(PictureFault.DAMAGED)
        if kind == b"IEND":
            return at


def _walk_jpeg(data: bytes) -> int:
    at = 2
    while True:
        while data[at] == data[at + 1] == 0xFF:  # fill bytes
            at += 1
        if data[at] != 0xFF:
            raise BadPicture(PictureFault.DAMAGED)
        marker = data[at + 1]
        at += 2
        if marker == _END_OF_IMAGE:
            return at
        if marker in _LONE_MARKERS:
            continue
        length = int.from_bytes(data[at : at + 2], "big")
        if length < 2:
            raise BadPicture(PictureFault.DAMAGED)
        if marker in _FRAME_HEADERS:
            height, width = struct.unpack_from(">HH", data, at + 3)
            _check_pixels(width, height)
        at += length
        if marker == _START_OF_SCAN:
            found = _MARKER.search(data, at)
            if found is None:
                raise BadPicture(PictureFault.DAMAGED)
            at = found.start()


def _walk_webp(data: bytes) -> int:
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise BadPicture(PictureFault.DAMAGED)
    chunks = _webp_chunks(data)
    if {b"ANIM", b"ANMF"} & set(chunks):
        raise BadPicture(PictureFault.ANIMATED)
    return end


def _webp_chunks(data: bytes) -> list[bytes]:
    """The names of all chunks; the size of the picture is checked on the way."""
    names, at, end = [], 12, 8 + int.from_bytes(data[4:8], "little")
    while at < end:
        name, length = struct.unpack_from("<4sI", data, at)
        body = at + 8
        if body + length > end:
            raise BadPicture(PictureFault.DAMAGED)
        if name == b"VP8X":
            _check_pixels(*(1 + int.from_bytes(data[body + n : body + n + 3], "little") for n in (4, 7)))
        elif name == b"VP8L":
            (bits,) = struct.unpack_from("<I", data, body + 1)
            _check_pixels(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
        elif name == b"VP8 ":
            width, height = struct.unpack_from("<HH", data, body + 6)
            _check_pixels(width & 0x3FFF, height & 0x3FFF)
        names.append(name)
        at = body + length + length % 2
    return names


def _check_pixels(width: int, height: int) -> None:
    if not width or not height:
        raise BadPicture(PictureFault.DAMAGED)
    if width * height > MOST_PIXELS or max(width, height) > MAX_SIDE:
        raise BadPicture(PictureFault.TOO_MANY_PIXELS)


def _is_vector(data: bytes) -> bool:
    start = data[:4096].lower()
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16
        start = start.replace(b"\0", b"")
    return b"<svg" in start or b"<!doctype svg" in start


def holds_program(data: bytes) -> bool:
    """Whether a browser or an interpreter could find something of its own in it."""
    lowered = data.lower()
    return any(word in lowered for word in _PROGRAMS)


def _holds_another_file(data: bytes) -> bool:
    return (
        holds_program(data)
        or any(word in data for word in _ARCHIVES)
        or b"%PDF-" in data[:_PDF_WITHIN]
        or _ends_like_zip(data)
    )


def _ends_like_zip(data: bytes) -> bool:
    """A ZIP archive is read from its end; its last record says how many bytes of comment follow (APPNOTE 4.3.16)."""
    at = data.rfind(_ZIP_END, max(0, len(data) - _ZIP_END_WITHIN))
    while at >= 0:
        if at + _ZIP_END_SIZE <= len(data):
            (comment,) = struct.unpack_from("<H", data, at + 20)
            if at + _ZIP_END_SIZE + comment <= len(data):
                return True
        at = data.rfind(_ZIP_END, max(0, len(data) - _ZIP_END_WITHIN), at)
    return False
