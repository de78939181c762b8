"""Storing the pictures of a zip, each checked and re-encoded as one logo is."""

import time

from pledge.files import services as files
from pledge.files.archives import unpack
from pledge.files.pictures import BadPicture, PictureFault

#: Seconds for all of them: a proxy gives up on an answer after 30.
_TIME = 20


def store(archive: bytes) -> tuple[dict[str, str], dict[str, PictureFault]]:
    """The pictures of a zip: stored, their names in `files` by the names of the files; and those refused, with the fault.

    What nobody keeps is deleted after a day. Raises BadArchive, StorageAway.
    """
    stored: dict[str, str] = {}
    refused: dict[str, PictureFault] = {}
    ends = time.monotonic() + _TIME
    for name, data in unpack(archive):
        if time.monotonic() > ends:
            refused[name] = PictureFault.BUSY
            break
        try:
            stored[name] = files.store_picture(data)
        except BadPicture as bad:
            refused[name] = bad.fault
    return stored, refused
