"""Opening a pack: only what `packing.py` can have written is a pack, to the byte where a zip allows choices (docs/pack.md)."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from copy import copy
from pathlib import Path
from typing import Self

from pledge.delivery.pack_format import MEMBERS

#: Bytes that are read and inflated at once.
_PART = 1 << 16
_LINE, _END = "<4s4B4H3L5H2L", "<4s4H2LH"  # PKWARE APPNOTE 4.3.12 and 4.3.16
#: For a member that was begun before its length was known the second, with sizes of eight bytes in its head.
_VERSIONS = (20, 45)
_EARLIEST = 33  #: 1980-01-01
_UNIX, _PLAIN_FILE = 3, 0o100644 << 16
_ELSEWHERE = 0xFFFFFFFF  #: the number is in the extra field


class BadArchive(ValueError):
    """Not a zip, damaged, or with other members than a pack has."""


class PackFiles:
    """The members of a pack, as a context manager. Raises BadArchive, OSError."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        try:
            self._archive = zipfile.ZipFile(self._file)
            self._check_members()
            self._check_layout()
        except (zipfile.BadZipFile, struct.error, NotImplementedError, ValueError) as error:
            self._file.close()
            raise BadArchive(str(error)) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()
        self._file.close()

    def chunks(self, name: str) -> Iterator[bytes]:
        """The content of a member in parts, never more than its head says. Raises BadArchive."""
        try:
            with self._archive.open(name) as member:
                while part := member.read(_PART):
                    yield part
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise BadArchive(f"{name}: {error}") from None
        if not self._is_tight(self._archive.getinfo(name)):
            raise BadArchive(f"{name} ends in bits that mean nothing")

    def whole(self, name: str, longest: int) -> bytes:
        """A member as a whole. Raises BadArchive where it is longer than `longest`."""
        if self._archive.getinfo(name).file_size > longest:
            raise BadArchive(f"{name} is longer than such a file can be")
        return b"".join(self.chunks(name))

    def _check_members(self) -> None:
        names = tuple(info.filename for info in self._archive.infolist())
        if names == MEMBERS:
            return
        missing, foreign = set(MEMBERS) - set(names), set(names) - set(MEMBERS)
        if missing or foreign:
            raise BadArchive(f"missing: {sorted(missing)}; not part of a pack: {sorted(foreign)}")
        raise BadArchive("a member stands twice, or they are not in their order")

    def _check_layout(self) -> None:
        """Nothing but members, their heads and the directory, and all of them as packing.py writes them."""
        infos = self._archive.infolist()
        place, directory = 0, b""
        for info in infos:
            head = self._head(info)
            if info.header_offset != place or self._read(place, len(head)) != head:
                raise BadArchive(f"{info.filename} has two different heads")
            directory += self._line(info)
            place += len(head) + info.compress_size
        number = len(infos)
        end = directory + struct.pack(_END, b"PK\5\6", 0, 0, number, number, len(directory), place, 0)
        if self._read(place, len(end) + 1) != end:
            raise BadArchive("something lies between or behind the members, or is not written as in a pack")
        if {info.extract_version for info in infos} - set(_VERSIONS):
            raise BadArchive("a member is not written as in a pack")

    @staticmethod
    def _line(info: zipfile.ZipInfo) -> bytes:
        """What stands in the directory for a member."""
        version, name, extra = info.extract_version, info.filename.encode(), b""
        sizes = (info.compress_size, info.file_size)
        if max(sizes) > zipfile.ZIP64_LIMIT:  # APPNOTE 4.5.3
            extra = struct.pack("<2H2Q", 1, 16, *reversed(sizes))
            sizes = (_ELSEWHERE, _ELSEWHERE)
        fields = (version, _UNIX, version, 0, 0, zipfile.ZIP_DEFLATED, 0, _EARLIEST, info.CRC, *sizes)
        lengths = (len(name), len(extra), 0, 0, 0)
        place = (_PLAIN_FILE, info.header_offset)
        return struct.pack(_LINE, b"PK\1\2", *fields, *lengths, *place) + name + extra

    @staticmethod
    def _head(info: zipfile.ZipInfo) -> bytes:
        """What zipfile writes before such a member."""
        info = copy(info)
        info.extra = b""  # that of the directory
        return info.FileHeader(zip64=info.extract_version == _VERSIONS[1])

    def _is_tight(self, info: zipfile.ZipInfo) -> bool:
        """Whether a deflated member gives just as much as its head says, and has no bit set behind its end.

        zipfile stops reading where the head says, and so would not see what another program then unpacks. Whether a bit
        of the last byte stands behind the end is seen by clearing its highest one: that must matter.
        """
        given = 0
        left, inflater = info.compress_size - 1, zlib.decompressobj(-zlib.MAX_WBITS)
        self._file.seek(info.header_offset + len(self._head(info)))
        while left > 0:
            part = self._file.read(min(_PART, left))
            left -= len(part)
            while part:
                given += len(inflater.decompress(part, _PART))
                if given > info.file_size:
                    return False
                part = inflater.unconsumed_tail
        last, shorter = self._file.read(1)[0], inflater.copy()
        if inflater.copy().eof:
            return False
        content = inflater.decompress(bytes([last]))
        if not inflater.eof or given + len(content) != info.file_size:
            return False
        if last == 0:
            return True
        try:
            other = shorter.decompress(bytes([last ^ 1 << last.bit_length() - 1]))
        except zlib.error:
            return True
        return not (shorter.eof and other == content)

    def _read(self, place: int, length: int) -> bytes:
        self._file.seek(place)
        return self._file.read(length)
