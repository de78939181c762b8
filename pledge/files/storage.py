"""Where the bytes of files lie: a folder on this machine, or an S3-compatible bucket when PLEDGE_STORAGE_URL names one.

A key is `<name>/<part>`, as in `3f…/96.webp`. What lies under a key never changes, so any copy of it may be kept.
"""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from pledge.settings import Settings
from pledge.settings import current as settings

if TYPE_CHECKING:
    from obstore import GetResult

FOLDER = "files"  #: inside the instance folder
PART = 256 * 1024  #: bytes in hand while a large file is read


class StorageAway(Exception):
    """The storage cannot be reached or refuses; nothing was stored, and trying again later may help."""


class Storage(Protocol):
    def put(self, key: str, data: bytes) -> None:
        """Store it, whole or not at all. Raises StorageAway."""

    def get(self, key: str) -> bytes | None:
        """What lies there; None when nothing does. Raises StorageAway."""

    def put_file(self, key: str, file: BinaryIO) -> None:
        """The same with what an open file holds from here on, however large. Raises StorageAway."""

    def chunks(self, key: str) -> Iterator[bytes] | None:
        """What lies there, in parts; None when nothing does. Raises StorageAway, also while the parts are read."""

    def delete(self, key: str) -> None:
        """Remove it; nothing happens when there is nothing. Raises StorageAway."""


class Folder:
    """Files below a folder, each written beside its place and then moved there."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, data: bytes) -> None:
        self._put(key, lambda file: file.write(data))

    def put_file(self, key: str, file: BinaryIO) -> None:
        self._put(key, lambda copy: shutil.copyfileobj(file, copy))

    def chunks(self, key: str) -> Iterator[bytes] | None:
        try:
            file = (self._root / key).open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise StorageAway(type(error).__name__) from error
        return _read_in_parts(file)

    def _put(self, key: str, write: Callable[[BinaryIO], object]) -> None:
        target = self._root / key
        unfinished = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with unfinished.open("wb") as file:
                    write(file)
                    file.flush()
                    os.fsync(file.fileno())
                unfinished.replace(target)
            finally:
                unfinished.unlink(missing_ok=True)
        except OSError as error:
            raise StorageAway(type(error).__name__) from error

    def get(self, key: str) -> bytes | None:
        try:
            return (self._root / key).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
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


class Bucket:
    """Objects below a prefix of an S3-compatible bucket."""

    def __init__(self, settings: Settings) -> None:
        parts = urlsplit(settings.storage_url)
        given = {
            "endpoint": settings.storage_endpoint,
            "access_key_id": settings.storage_key_id,
            "secret_access_key": settings.storage_secret.get_secret_value(),
        }
        self._store = S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            config={name: value for name, value in given.items() if value},  # type: ignore[arg-type]  # the library declares a TypedDict
            region=settings.storage_region,
            client_options={
                "timeout": timedelta(seconds=10),
                "connect_timeout": timedelta(seconds=3),
                "allow_http": settings.storage_endpoint.startswith("http://"),
            },
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=10)},
        )

    def put(self, key: str, data: bytes) -> None:
        self._put(key, data)

    def put_file(self, key: str, file: BinaryIO) -> None:
        self._put(key, file)

    def _put(self, key: str, data: bytes | BinaryIO) -> None:
        try:
            obstore.put(self._store, key, data)
        except (BaseError, OSError) as error:
            raise StorageAway(type(error).__name__) from None

    def chunks(self, key: str) -> Iterator[bytes] | None:
        try:
            found = obstore.get(self._store, key)
        except (NotFoundError, FileNotFoundError):
            return None
        except (BaseError, OSError) as error:
            raise StorageAway(type(error).__name__) from None
        return _stream(found)

    def get(self, key: str) -> bytes | None:
        try:
            return bytes(obstore.get(self._store, key).bytes())
        except (NotFoundError, FileNotFoundError):
            return None
        except (BaseError, OSError) as error:
            raise StorageAway(type(error).__name__) from None

    def delete(self, key: str) -> None:
        try:
            obstore.delete(self._store, key)
        except (NotFoundError, FileNotFoundError):
            return
        except (BaseError, OSError) as error:
            raise StorageAway(type(error).__name__) from None


def current() -> Storage:
    """The storage of the running application."""
    return _storage(settings())


def _read_in_parts(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while part := file.read(PART):
            yield part


def _stream(found: "GetResult") -> Iterator[bytes]:
    try:
        for part in found.stream(min_chunk_size=PART):
            yield bytes(part)
    except (BaseError, OSError) as error:
        raise StorageAway(type(error).__name__) from None


@lru_cache(maxsize=8)
def _storage(settings: Settings) -> Storage:
    return Bucket(settings) if settings.storage_url else Folder(settings.instance_dir / FOLDER)
