"""The interface of a storage of files, and its implementation by a folder on this machine.

A key is `<name>/<part>`, as in `3f…/96.webp`. The content of a key never changes, so it may be cached for ever.
"""

import io
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import BufferedRandom
from pathlib import Path
from typing import IO, BinaryIO, Protocol

from config import Config, current_config
from pledge.files.faults import StorageAway

FOLDER = "files"  #: inside the instance folder
PART = 256 * 1024  #: bytes read at a time from a large file


class Storage(Protocol):
    def put(self, key: str, data: bytes | IO[bytes]) -> None:
        """Store it, or the rest of an open file, whole or not at all. Raises StorageAway."""

    def get(self, key: str) -> bytes | None:
        """The content of a key; None when there is none. Raises StorageAway."""

    def open(self, key: str) -> BinaryIO | None:
        """The content as a file in which one can seek; None when there is none. Raises StorageAway, also while it is read."""

    def delete(self, key: str) -> None:
        """Delete a key; nothing happens when there is none. Raises StorageAway."""


class Folder:
    """Files below a folder, each written under a temporary name and then renamed."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def open(self, key: str) -> BinaryIO | None:
        try:
            return (self._root / key).open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise StorageAway(type(error).__name__) from error

    def put(self, key: str, data: bytes | IO[bytes]) -> None:
        target = self._root / key
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with replacing(target) as file:
                shutil.copyfileobj(io.BytesIO(data) if isinstance(data, bytes) else data, file)
        except OSError as error:
            raise StorageAway(type(error).__name__) from error

    def get(self, key: str) -> bytes | None:
        file = self.open(key)
        try:
            return None if file is None else b"".join(read_in_parts(file))
        except OSError as error:
            raise StorageAway(type(error).__name__) from error

    def delete(self, key: str) -> None:
        target = self._root / key
        try:
            target.unlink(missing_ok=True)
            for unfinished in target.parent.glob(f"{target.name}.*.part"):
                unfinished.unlink(missing_ok=True)  # of a process that was killed while it wrote
            if target.parent.is_dir() and not any(target.parent.iterdir()):
                target.parent.rmdir()
        except OSError as error:
            raise StorageAway(type(error).__name__) from error


@contextmanager
def replacing(target: Path) -> Iterator[BufferedRandom]:
    """Write to a temporary file that replaces the target once it is complete and on the disk; on an error it is deleted."""
    unfinished = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    try:
        with unfinished.open("w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def read_in_parts(file: BinaryIO) -> Iterator[bytes]:
    """The content of a file, which is closed then."""
    with file:
        while part := file.read(PART):
            yield part


def current_storage() -> Storage:
    """The storage of the running application."""
    return _storage(current_config())


@lru_cache(maxsize=8)
def _storage(config: Config) -> Storage:
    if not config.storage_url:
        return Folder(config.instance_dir / FOLDER)
    from pledge.files.bucket import Bucket  # noqa: PLC0415  # its library takes memory where there is no bucket

    return Bucket(config)
