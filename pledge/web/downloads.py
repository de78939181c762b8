"""Files that are handed out under a name; those from the storage as they are read."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from flask import Response


def attachment(content: Any, media_type: str, name: str) -> Response:
    """A file, whole or in parts, under a name."""
    response = Response(content, mimetype=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def archive(size: int, parts: Iterator[bytes], name: str) -> Response:
    """The file of a job. Raises StorageAway before anything is sent: that must give a page, not half a file."""
    first = next(parts, b"")
    response = attachment(chain((first,), parts), "application/zip", name)
    response.content_length = size
    return response
