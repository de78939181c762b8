"""Files that wait to be kept."""

from pledge.files import services
from tests.support.pictures import PDF, png


def stored_picture() -> str:
    """The name of a picture."""
    return services.store_picture(png(size=(64, 36)))


def stored_document() -> str:
    """The name of a PDF."""
    return services.store_document(PDF, services.PDF)
