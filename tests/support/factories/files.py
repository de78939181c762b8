"""Files that wait to be kept."""

import io

from pledge.files import services
from tests.support.pictures import PDF, png
from tests.support.videos import mp4


def stored_picture() -> str:
    """The name of a picture."""
    return services.store_picture(png(size=(64, 36)))


def stored_document() -> str:
    """The name of a PDF."""
    return services.store_document(PDF, services.PDF)


def stored_video(data: bytes = b"") -> str:
    """The name of a video, an MP4 unless data is given."""
    return services.store_video(io.BytesIO(data or mp4()))


def stored_wide_picture() -> str:
    """The name of a picture in wide sizes."""
    return services.store_wide_picture(png(size=(64, 36)))
