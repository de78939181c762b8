"""Where the bytes of files lie: a folder on this machine, or an S3-compatible bucket when PLEDGE_STORAGE_URL names one.

A key is `<name>/<part>`, as in `3f…/96.webp`. What lies under a key never changes, so any copy of it may be kept.
"""

import os
import secrets
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from pledge.settings import Settings
from pledge.settings import current as settings

FOLDER = "files"  #: inside the instance folder


class StorageAway(Exception):
    """The storage cannot be reached or refuses; nothing was stored, and trying again later may help."""


class Storage(Protocol):
    def put(self, key: str, data: bytes) -> None:
        """Store it, whole or not at all. Raises StorageAway."""

    def get(self, key: str) -> bytes | None:
        """What lies there; None when nothing does. Raises StorageAway."""

    def delete(self, key: str) -> None:
        """Remove it; nothing happens when there is nothing. Raises StorageAway."""


class Folder:
    """Files below a folder, each written beside its place and then moved there."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, data: bytes) -> None:
        target = self._root / key
        unfinished = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with unfinished.open("wb") as file:
                    file.write(data)
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
        try:
            obstore.put(self._store, key, data)
        except (BaseError, OSError) as error:
            raise StorageAway(type(error).__name__) from None

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


@lru_cache(maxsize=8)
def _storage(settings: Settings) -> Storage:
    return Bucket(settings) if settings.storage_url else Folder(settings.instance_dir / FOLDER)
