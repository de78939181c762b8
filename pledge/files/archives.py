"""Pictures out of a zip that somebody sends, by the names of their files."""

import io
import lzma
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from enum import Enum
from pathlib import PurePosixPath

from pledge.core.i18n import Phrase
from pledge.files.faults import FileRefused
from pledge.files.pictures import MAX_PICTURE

MAX_ARCHIVE = 20_000_000  #: bytes
MAX_PICTURES = 60
#: Entries of any kind, also folders and what systems add.
_MAX_ENTRIES = 1000
#: What macOS and Windows put beside the files of a folder.
_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini"})
#: General purpose flags of an entry (APPNOTE.TXT 4.4.4): encrypted; the name is UTF-8.
_ENCRYPTED, _UTF_8 = 0x1, 0x800
#: What the library raises of a broken zip, and of a compression that it does not know.
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError)


class ArchiveFault(Enum):
    """What is wrong with an archive, in words for who sent it."""

    TOO_LARGE = Phrase("file", "The zip is larger than 20 MB. Please send the logos in parts.")
    WRONG_TYPE = Phrase("file", "This is not a zip file.")
    DAMAGED = Phrase("file", "The zip is damaged or of an unusual kind. Please make it again.")
    ENCRYPTED = Phrase("file", "The zip has a password. Please make one without.")
    EMPTY = Phrase("file", "There is no file in the zip.")
    #: more pictures than MAX_PICTURES
    TOO_MANY = Phrase("file", "There are more than 60 files in the zip. Please send the logos in parts.")
    #: two files of one name in different folders
    REPEATED = Phrase("file", "Two files in the zip have the same name.")


def unpack(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The files of a zip one after the other: the name without folders, and at most one byte more than a picture may have.

    What is in them is not looked at. Raises FileRefused.
    """
    if len(data) > MAX_ARCHIVE:
        raise FileRefused(ArchiveFault.TOO_LARGE)
    if not data.startswith(b"PK"):
        raise FileRefused(ArchiveFault.WRONG_TYPE)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name, entry in _wanted(archive).items():
                with archive.open(entry) as file:
                    content = file.read(MAX_PICTURE + 1)
                yield name, content
    except _DAMAGED:
        raise FileRefused(ArchiveFault.DAMAGED) from None


def _wanted(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    entries = archive.infolist()
    if len(entries) > _MAX_ENTRIES:
        raise FileRefused(ArchiveFault.TOO_MANY)
    wanted: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        path = PurePosixPath(_path(entry).replace("\\", "/"))
        if entry.is_dir() or _is_of_the_system(path):
            continue
        if entry.flag_bits & _ENCRYPTED:
            raise FileRefused(ArchiveFault.ENCRYPTED)
        if path.name in wanted:
            raise FileRefused(ArchiveFault.REPEATED)
        wanted[path.name] = entry
    if not wanted:
        raise FileRefused(ArchiveFault.EMPTY)
    if len(wanted) > MAX_PICTURES:
        raise FileRefused(ArchiveFault.TOO_MANY)
    return wanted


def _path(entry: zipfile.ZipInfo) -> str:
    """Korean Windows writes names in CP949 and macOS in UTF-8, neither saying so; the library takes both for CP437."""
    name = entry.filename
    if not entry.flag_bits & _UTF_8:
        raw = name.encode("cp437", errors="replace")
        for encoding in ("utf-8", "cp949"):
            try:
                name = raw.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    return unicodedata.normalize("NFC", name)


def _is_of_the_system(path: PurePosixPath) -> bool:
    return "__MACOSX" in path.parts or path.name.startswith(".") or path.name.casefold() in _SYSTEM_FILES
