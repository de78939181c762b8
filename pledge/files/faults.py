"""The faults for which a file is refused; words.py has the messages."""

from enum import StrEnum


class PictureFault(StrEnum):
    EMPTY = "empty"
    TOO_LARGE = "too_large"  #: more bytes than a picture may have
    WRONG_TYPE = "wrong_type"  #: by its content, whatever it is called: not PNG, JPEG or WebP
    VECTOR = "vector"  #: SVG: it may contain scripts
    ANIMATED = "animated"
    TOO_MANY_PIXELS = "too_many_pixels"
    DAMAGED = "damaged"  #: cut off, or not what its first bytes say
    TOO_HARD = "too_hard"  #: took more memory or time than a picture of this size needs
    BUSY = "busy"  #: many pictures at this moment; the same one may pass a little later


class DocumentFault(StrEnum):
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    WRONG_TYPE = "wrong_type"
    DAMAGED = "damaged"
    EXTRA = "extra"  #: contains a page or a script besides the document
    ACTIVE = "active"  #: contains a script, an action or an attachment
    UNCHECKABLE = "uncheckable"  #: encrypted, or packed so that its content cannot be checked


class VideoFault(StrEnum):
    EMPTY = "empty"
    TOO_LARGE = "too_large"  #: more bytes than the setting allows
    WRONG_TYPE = "wrong_type"  #: by its first bytes: not MP4 or WebM


class ScanFault(StrEnum):
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    WRONG_TYPE = "wrong_type"  #: by its content: neither PDF nor JPEG nor PNG


class BadPicture(ValueError):
    """A picture that is refused; `fault` says why."""

    def __init__(self, fault: PictureFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class BadDocument(ValueError):
    """A document that is refused; `fault` says why."""

    def __init__(self, fault: DocumentFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class BadVideoFile(Exception):
    """A video that is refused; `fault` says why."""

    def __init__(self, fault: VideoFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class BadScan(ValueError):
    """A scan that is refused; `fault` says why."""

    def __init__(self, fault: ScanFault) -> None:
        super().__init__(fault.value)
        self.fault = fault
