"""Files in an S3-compatible bucket; storage.py uses it when PLEDGE_STORAGE_URL names one."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import IO, TYPE_CHECKING, Any, BinaryIO, TypeVar
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from config import Config
from pledge.files.faults import StorageAway

if TYPE_CHECKING:
    from obstore import ReadableFile


T = TypeVar("T")


class Bucket:
    """Objects below a prefix of an S3-compatible bucket."""

    def __init__(self, config: Config) -> None:
        parts = urlsplit(config.storage_url)
        given = {
            "endpoint": config.storage_endpoint,
            "access_key_id": config.storage_key_id,
            "secret_access_key": config.storage_secret.get_secret_value(),
        }
        self._store = S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            config={name: value for name, value in given.items() if value},  # type: ignore[arg-type]  # the library declares a TypedDict
            region=config.storage_region,
            client_options={
                "timeout": timedelta(seconds=10),
                "connect_timeout": timedelta(seconds=3),
                "allow_http": config.storage_endpoint.startswith("http://"),
            },
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=10)},
        )

    def put(self, key: str, data: bytes | IO[bytes]) -> None:
        try:
            obstore.put(self._store, key, data)
        except (BaseError, OSError) as error:
            raise StorageAway(type(error).__name__) from None

    def open(self, key: str) -> BinaryIO | None:
        return _if_there(lambda: io.BufferedReader(_RemoteFile(obstore.open_reader(self._store, key))))

    def get(self, key: str) -> bytes | None:
        return _if_there(lambda: bytes(obstore.get(self._store, key).bytes()))

    def delete(self, key: str) -> None:
        _if_there(lambda: obstore.delete(self._store, key))


def _if_there(call: Callable[[], T]) -> T | None:
    """The result of a library call; None where there is no such object. Raises StorageAway."""
    try:
        return call()
    except (NotFoundError, FileNotFoundError):
        return None
    except (BaseError, OSError) as error:
        raise StorageAway(type(error).__name__) from None


class _RemoteFile(io.RawIOBase):
    """The library's reader with the interface of Python's own files."""

    def __init__(self, reader: "ReadableFile") -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._reader.seek(offset, whence)

    def tell(self) -> int:
        return self._reader.tell()

    def readinto(self, buffer: Any) -> int:
        try:
            data = bytes(self._reader.read(len(buffer)))
        except (BaseError, OSError) as error:
            raise StorageAway(type(error).__name__) from None
        buffer[: len(data)] = data
        return len(data)
