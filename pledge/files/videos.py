"""Whether browsers can play a video, read from the structure of its container. Nothing is decoded here.

MP4: ISO/IEC 14496-12 (boxes). WebM: RFC 8794 (EBML elements), RFC 9559 (Matroska).
"""

import os
from collections.abc import Iterator, Sequence
from typing import IO

from pledge.files.faults import BadVideoFile, VideoFault

MP4, WEBM = "video/mp4", "video/webm"

#: What Chromium, Firefox and Safari all play: H.264 and AV1 in MP4; VP8, VP9 and AV1 in WebM.
_MP4_CODECS = frozenset({b"avc1", b"avc3", b"av01"})
_WEBM_CODECS = frozenset({b"V_VP8", b"V_VP9", b"V_AV1"})

#: Boxes or elements that are looked at; a film of some minutes in fragments has a few thousand.
_MAX_PARTS = 50_000
_BLANK = 64_000  #: bytes that are overwritten at once
#: Boxes inside each other on the way to the names of codecs.
_TO_CODECS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
_MAX_VALUE = 40  #: bytes of a name
#: Boxes that describe a film, as phones note the place in them (8.10, 8.11), and those that may have them inside, by level.
_MP4_METADATA = frozenset({b"udta", b"meta", b"uuid"})
_WITH_METADATA = (frozenset({b"moov", b"moof"}), frozenset({b"trak", b"traf"}), frozenset[bytes]())

_EBML, _DOC_TYPE = 0x1A45DFA3, 0x4282
_SEGMENT, _CLUSTER, _TRACKS, _TRACK, _CODEC = 0x18538067, 0x1F43B675, 0x1654AE6B, 0xAE, 0x86
_TAGS, _VOID = 0x1254C367, b"\xec"


def video_type(file: IO[bytes]) -> str:
    """The media type of a video, MP4 or WEBM. Raises BadVideoFile when no browser could play it, or not every one."""
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    start = file.read(12)
    if not start:
        raise BadVideoFile(VideoFault.EMPTY)
    try:
        if start[4:8] == b"ftyp" and start[8:12] != b"qt  ":
            return _check_mp4(file, end)
        if start[:4] == _EBML.to_bytes(4, "big"):
            return _check_webm(file, end)
    except ValueError:
        raise BadVideoFile(VideoFault.DAMAGED) from None
    raise BadVideoFile(VideoFault.WRONG_TYPE)


def blank_metadata(file: IO[bytes], media_type: str) -> None:
    """Overwrite what describes a video that video_type has accepted, such as the place of a phone; all else stays where it is.

    The tracks stay as they are, also one in which a camera wrote its way. Raises BadVideoFile, then nothing is written.
    """
    end = file.seek(0, os.SEEK_END)
    find = _mp4_metadata if media_type == MP4 else _webm_metadata
    try:
        found = list(find(_Reader(file), 0, end))
    except ValueError:
        raise BadVideoFile(VideoFault.DAMAGED) from None
    for at, new, stop in found:
        file.seek(at)
        file.write(new)
        while (left := stop - file.tell()) > 0:
            file.write(bytes(min(left, _BLANK)))


class _Reader:
    """Reads numbers from the file, and counts its parts: one made of nothing but empty parts must not keep us busy."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._left = _MAX_PARTS

    def count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise ValueError("too many parts")

    def at(self, place: int, length: int) -> bytes:
        self._file.seek(place)
        data = self._file.read(length)
        if len(data) < length:
            raise ValueError("it ends too early")
        return data


# --- MP4 ---


def _check_mp4(file: IO[bytes], end: int) -> str:
    reader = _Reader(file)
    outer = [name for name, _, _ in _boxes(reader, 0, end)]
    if b"moov" not in outer or b"mdat" not in outer:
        raise BadVideoFile(VideoFault.DAMAGED)
    if not any(codec in _MP4_CODECS for codec in _mp4_codecs(reader, 0, end)):
        raise BadVideoFile(VideoFault.CODEC)
    return MP4


def _mp4_codecs(reader: _Reader, begin: int, end: int, path: Sequence[bytes] = _TO_CODECS) -> Iterator[bytes]:
    """The entries of every `stsd` (sample description, 8.5.2): their names are those of codecs."""
    for name, inside, stop in _boxes(reader, begin, end):
        if name != path[0]:
            continue
        if len(path) == 1:
            yield from (codec for codec, _, _ in _boxes(reader, inside + 8, stop))
        else:
            yield from _mp4_codecs(reader, inside, stop, path[1:])


def _mp4_metadata(reader: _Reader, begin: int, end: int, level: int = 0) -> Iterator[tuple[int, bytes, int]]:
    """Where to write, what, and up to where zeros follow: such a box becomes a `free` one of the same size (8.1.2)."""
    at = begin
    for name, inside, stop in _boxes(reader, begin, end):
        if name in _MP4_METADATA:
            yield at + 4, b"free" + reader.at(at + 8, inside - at - 8), stop
        elif name in _WITH_METADATA[level]:
            yield from _mp4_metadata(reader, inside, stop, level + 1)
        at = stop


def _boxes(reader: _Reader, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, begin of the content and end of each box (4.2). Raises ValueError when they do not end where they should."""
    while begin < end:
        reader.count()
        size, name, inside = int.from_bytes(reader.at(begin, 4), "big"), reader.at(begin + 4, 4), begin + 8
        if size == 1:
            size, inside = int.from_bytes(reader.at(inside, 8), "big"), inside + 8
        stop = end if size == 0 else begin + size
        if not inside <= stop <= end:
            raise ValueError("a box ends outside")
        yield name, inside, stop
        begin = stop


# --- WebM ---


def _check_webm(file: IO[bytes], end: int) -> str:
    reader = _Reader(file)
    codecs: set[bytes] = set()
    has_cluster = False
    for element, begin, stop in _elements(reader, 0, end):
        if element == _EBML and (_DOC_TYPE, b"webm") not in _values(reader, begin, stop):
            raise BadVideoFile(VideoFault.WRONG_TYPE)
        for inner, inside, ends in _elements(reader, begin, stop) if element == _SEGMENT else ():
            if inner == _TRACKS:
                codecs |= {
                    value
                    for track, first, last in _elements(reader, inside, ends)
                    if track == _TRACK
                    for name, value in _values(reader, first, last)
                    if name == _CODEC
                }
            elif inner == _CLUSTER:
                has_cluster = True
    if not has_cluster:
        raise BadVideoFile(VideoFault.DAMAGED)
    if not codecs & _WEBM_CODECS:
        raise BadVideoFile(VideoFault.CODEC)
    return WEBM


def _webm_metadata(reader: _Reader, begin: int, end: int) -> Iterator[tuple[int, bytes, int]]:
    """As _mp4_metadata: inside the tags (RFC 9559, 5.1.8) nothing is left but one Void element (RFC 8794, 11.3.2)."""
    segments = [(first, last) for name, first, last in _elements(reader, begin, end) if name == _SEGMENT]
    for element, inside, stop in (part for segment in segments for part in _elements(reader, *segment)):
        if element == _TAGS and (length := stop - inside) >= 2:
            size = bytes([0x80 | length - 2]) if length < 9 else (1 << 56 | length - 9).to_bytes(8, "big")
            yield inside, _VOID + size, stop


def _values(reader: _Reader, begin: int, end: int) -> list[tuple[int, bytes]]:
    """The short elements with what they hold: names of formats and codecs."""
    return [
        (element, reader.at(inside, stop - inside).rstrip(b"\0"))
        for element, inside, stop in _elements(reader, begin, end)
        if stop - inside <= _MAX_VALUE
    ]


def _elements(reader: _Reader, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, begin of the content and end of each element (RFC 8794, 4 to 6). Raises ValueError as _boxes does.

    One whose size was unknown when it was written, as recorders do, reaches to the end of the element around it.
    """
    while begin < end:
        reader.count()
        number, begin = _number(reader, begin, 4, with_marker=True)
        size, begin = _number(reader, begin, 8, with_marker=False)
        stop = end if size is None else begin + size
        if number is None or stop > end:
            raise ValueError("an element ends outside")
        yield number, begin, stop
        begin = stop


def _number(reader: _Reader, at: int, max_length: int, *, with_marker: bool) -> tuple[int | None, int]:
    """A number of variable length and where it ends; None for the reserved one, all bits set, that means an unknown size."""
    first = reader.at(at, 1)[0]
    length = 9 - first.bit_length()
    if length > max_length:
        raise ValueError("not a number")
    value = int.from_bytes(reader.at(at, length), "big")
    if with_marker:
        return value, at + length
    bits = 7 * length
    value &= (1 << bits) - 1
    return (None if value == (1 << bits) - 1 else value), at + length
