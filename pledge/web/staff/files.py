"""Files that are handed out; those from the storage as they are read."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from flask import Response
from flask_babel import gettext as _

from pledge.core.logs import log
from pledge.files.faults import StorageAway
from pledge.jobs.models import Job
from pledge.web.staff.auth.access import staff_error_page
from pledge.web.staff.blueprint import staff


def attachment(content: Any, media_type: str, name: str) -> Response:
    """A file, whole or in parts, under a name."""
    response = Response(content, mimetype=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def archive(job: Job, parts: Iterator[bytes], name: str) -> Response:
    """The file of a job. Raises StorageAway before anything is sent: that must give a page, not half a file."""
    first = next(parts, b"")
    response = attachment(chain((first,), parts), "application/zip", name)
    response.content_length = job.size
    return response


@staff.errorhandler(StorageAway)
def storage_away(_error: StorageAway) -> Response:
    log.error("storage away")
    message = _("The file storage is not responding. Please try again in a minute.")
    return staff_error_page(503, _("Nothing was downloaded"), message)
