"""What a PDF may contain (ISO 32000-1), checked in plain Python: no scripts, no attachments, no references to other files.

Names are searched in the whole file and in everything that can be unpacked, wherever they are; those searched for are so
long that compressed pictures do not contain them by chance. What cannot be unpacked here could hide them, and is refused:
encrypted documents, and object streams with another filter than Flate.
"""

import re
import zlib
from collections.abc import Iterator
from enum import Enum

from pledge.core.i18n import Phrase
from pledge.files.faults import FileRefused
from pledge.files.pictures import holds_program


class DocumentFault(Enum):
    EMPTY = Phrase("file", "The document is empty. Please choose it again.")
    TOO_LARGE = Phrase("file", "The document is larger than 5 MB. Please choose a smaller one.")
    WRONG_TYPE = Phrase("file", "This is not a PDF document.")
    DAMAGED = Phrase("file", "The document is incomplete. Please save it again and choose the new file.")
    EXTRA = Phrase(
        "file",
        "The file contains something besides the document. Please print it to a new PDF and choose that.",
    )
    ACTIVE = Phrase(
        "file",
        "The document contains a script, an attachment or a form that sends data. Please print it to a new PDF and choose that.",
    )
    UNCHECKABLE = Phrase(
        "file",
        "The document is encrypted or packed in an unusual way, so it cannot be checked. Please print it to a new PDF and choose that.",
    )


MAX_DOCUMENT = 5_000_000  #: bytes
#: Bytes; no letter unpacks to more.
MAX_UNPACKED = 64_000_000

_ACTIVE = (
    *("JavaScript", "Launch", "SubmitForm", "ImportData", "EmbeddedFile", "EmbeddedFiles", "RichMedia"),
    *("Rendition", "GoToE", "XFA"),
)
_STREAM = re.compile(rb"stream\r?\n")
_PART = 64 * 1024
#: The longest name of all, each letter written as `#xx`.
_OVERLAP = 64


def check_document(data: bytes) -> None:
    """Refuse a PDF with more than pages to read. Raises FileRefused."""
    if holds_program(data):
        raise FileRefused(DocumentFault.EXTRA)
    if _ENCRYPT.search(data):
        raise FileRefused(DocumentFault.UNCHECKABLE)
    if _NAMES.search(data):
        raise FileRefused(DocumentFault.ACTIVE)
    for at in _object_streams(data):
        if not _unpacks(data, at):
            raise FileRefused(DocumentFault.UNCHECKABLE)
    left = MAX_UNPACKED
    for stream in _STREAM.finditer(data):
        before = b""
        for part in _unpacked(data, stream.end()):
            left -= len(part)
            if left < 0:
                raise FileRefused(DocumentFault.UNCHECKABLE)
            if _NAMES.search(before + part):
                raise FileRefused(DocumentFault.ACTIVE)
            before = part[-_OVERLAP:]


def _name(*names: str) -> re.Pattern[bytes]:
    """Names as a reader understands them: any letter may be written as `#xx` (7.3.5)."""
    spelt = "|".join(
        "".join(f"(?:{letter}|#(?i:{ord(letter):02x}))" for letter in name)
        for name in sorted(names, key=len, reverse=True)
    )
    return re.compile(rf"/(?:{spelt})(?=[\s\0/<>\[\](){{}}%]|\Z)".encode())


_NAMES, _ENCRYPT = _name(*_ACTIVE), _name("Encrypt")
_OBJECT_STREAM, _PREDICTOR = _name("ObjStm"), _name("Predictor")
#: One filter, spelt as every writer spells it.
_FILTER = re.compile(rb"/Filter\s*(?:\[\s*/FlateDecode\s*\]|/FlateDecode(?=[\s/>]))")


def _object_streams(data: bytes) -> Iterator[tuple[int, int]]:
    """Offsets of each object stream: of its dictionary and of its bytes."""
    for match in _OBJECT_STREAM.finditer(data):
        begins = _STREAM.search(data, match.end())
        yield max(0, data.rfind(b"obj", 0, match.start())), begins.end() if begins else len(data)


def _unpacks(data: bytes, place: tuple[int, int]) -> bool:
    """Whether an object stream uses the Flate filter alone, so that its names can be read."""
    dictionary, begin = place
    if len(_FILTER.findall(data, dictionary, begin)) != 1 or _PREDICTOR.search(data, dictionary, begin):
        return False
    return any(_unpacked(data, begin))


def _unpacked(data: bytes, begin: int) -> Iterator[bytes]:
    """Yield a stream in parts, as far as Flate unpacks it; nothing for another filter."""
    inflater = zlib.decompressobj()
    whole = memoryview(data)  # whose slices copy nothing
    packed: bytes | memoryview = b""
    try:
        while not inflater.eof and (packed or begin < len(data)):
            packed = packed or whole[begin : (begin := begin + _PART)]
            yield inflater.decompress(packed, _PART)
            packed = inflater.unconsumed_tail
    except zlib.error:
        return
