"""The message for each fault, the same wherever files are uploaded. Lazy: in the language of the page that shows it."""

from flask_babel import lazy_gettext as _l

from pledge.files.faults import DocumentFault, PictureFault, ScanFault, VideoFault

PICTURE_WORDS = {
    PictureFault.EMPTY: _l("The picture is empty. Please choose it again."),
    PictureFault.TOO_LARGE: _l("The picture is larger than 1 MB. Please choose a smaller one."),
    PictureFault.WRONG_TYPE: _l("This is not a PNG, JPEG or WebP picture. Please save it as one of these."),
    PictureFault.VECTOR: _l("We cannot take SVG files. Please save the picture as PNG."),
    PictureFault.ANIMATED: _l("Moving pictures cannot be used. Please choose a still one."),
    PictureFault.TOO_MANY_PIXELS: _l(
        "The picture has more than 4 million pixels, or a side of more than 8,000. Please make it smaller."
    ),
    PictureFault.DAMAGED: _l(
        "The picture is damaged or incomplete. Please save it again and choose the new file."
    ),
    PictureFault.TOO_HARD: _l("We could not read the picture. Please save it as a simple PNG and try again."),
    PictureFault.BUSY: _l("Many pictures are being sent at the moment. Please try again in a minute."),
}

DOCUMENT_WORDS = {
    DocumentFault.EMPTY: _l("The document is empty. Please choose it again."),
    DocumentFault.TOO_LARGE: _l("The document is larger than 5 MB. Please choose a smaller one."),
    DocumentFault.WRONG_TYPE: _l("This is not a PDF document."),
    DocumentFault.DAMAGED: _l("The document is incomplete. Please save it again and choose the new file."),
    DocumentFault.EXTRA: _l(
        "The file contains something besides the document. Please print it to a new PDF and choose that."
    ),
    DocumentFault.ACTIVE: _l(
        "The document contains a script, an attachment or a form that sends data. Please print it to a new PDF and choose that."
    ),
    DocumentFault.UNCHECKABLE: _l(
        "The document is encrypted or packed in an unusual way, so it cannot be checked. Please print it to a new PDF and choose that."
    ),
}

VIDEO_WORDS = {
    VideoFault.EMPTY: _l("The video is empty. Please choose it again."),
    VideoFault.TOO_LARGE: _l(
        "The video is larger than %(limit)s MB. Please save it with a lower resolution, or make it shorter."
    ),
    VideoFault.WRONG_TYPE: _l("This is not an MP4 or WebM video. Please save it as one of these."),
}

SCAN_WORDS = {
    ScanFault.EMPTY: _l("The file is empty. Please choose it again."),
    ScanFault.TOO_LARGE: _l(
        "The scan is larger than 25 MB. Please scan in black and white, or make two batches."
    ),
    ScanFault.WRONG_TYPE: _l("This is not a PDF, JPEG or PNG file. Please save the scan as one of these."),
}

STORAGE_AWAY = _l("The file could not be stored just now. Please try again in a moment; the rest is kept.")
