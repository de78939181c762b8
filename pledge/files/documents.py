"""What a PDF may hold (ISO 32000-1), read in plain Python: nothing that runs, nothing that is attached, no other file.

Names are looked for in the whole file and in everything that unpacks, so that it does not matter where they stand; those
looked for are so long that packed pictures do not hold them by chance. What cannot be unpacked here could hide them, and is
refused: encrypted documents, and object streams that are not packed by Flate alone.
"""

import re
import zlib
from collections.abc import Iterator

from pledge.files.faults import BadDocument, DocumentFault
from pledge.files.inspection import holds_program

#: Bytes; more than any letter unpacks to.
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
    """Refuse a PDF that holds more than pages to read. Raises BadDocument."""
    if holds_program(data):
        raise BadDocument(DocumentFault.EXTRA)
    if _ENCRYPT.search(data):
        raise BadDocument(DocumentFault.UNCHECKABLE)
    if _NAMES.search(data):
        raise BadDocument(DocumentFault.ACTIVE)
    for at in _object_streams(data):
        if not _unpacks(data, at):
            raise BadDocument(DocumentFault.UNCHECKABLE)
    left = MAX_UNPACKED
    for found in _STREAM.finditer(data):
        before = b""
        for part in _unpacked(data, found.end()):
            left -= len(part)
            if left < 0:
                raise BadDocument(DocumentFault.UNCHECKABLE)
            if _NAMES.search(before + part):
                raise BadDocument(DocumentFault.ACTIVE)
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
    """Where the dictionary of each begins, and where its bytes do."""
    for found in _OBJECT_STREAM.finditer(data):
        begins = _STREAM.search(data, found.end())
        yield max(0, data.rfind(b"obj", 0, found.start())), begins.end() if begins else len(data)


def _unpacks(data: bytes, place: tuple[int, int]) -> bool:
    """Whether an object stream is packed by Flate alone, so that its names can be read."""
    dictionary, begin = place
    if len(_FILTER.findall(data, dictionary, begin)) != 1 or _PREDICTOR.search(data, dictionary, begin):
        return False
    return any(_unpacked(data, begin))


def _unpacked(data: bytes, begin: int) -> Iterator[bytes]:
    """A stream in parts, as far as Flate unpacks it; nothing of one that is packed otherwise."""
    inflater = zlib.decompressobj()
    packed = b""
    try:
        while not inflater.eof and (packed or begin < len(data)):
            packed = packed or data[begin : (begin := begin + _PART)]
            yield inflater.decompress(packed, _PART)
            packed = inflater.unconsumed_tail
    except zlib.error:
        return
