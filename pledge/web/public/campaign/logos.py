"""The logo of an endorsement form: stored when the form is sent, and kept while other fields are corrected.

The hidden field of an accepted picture is signed, so that nobody has to choose it again and nobody can name a picture that
they have not sent.
"""

from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from pledge.core import tokens
from pledge.core.tokens import BadToken, Purpose
from pledge.files.faults import PictureFault
from pledge.files.services import BadPicture, StorageAway, store_picture
from pledge.files.words import PICTURE_WORDS, STORAGE_AWAY
from pledge.web.errors import answer_busy
from pledge.web.public.endorsing.forms import ContentForm

#: Bytes of a form with a logo: more than a logo may have, so that one that is too large is refused at its field and the
#: rest of the form is kept.
MAX_FORM = 8 * 1024 * 1024
MAX_FIELDS = 60


def take(form: ContentForm, own: str = "") -> bool:
    """Find the form's logo: uploaded now, accepted before, the organisation's `own`, or none.

    Sets `logo_name` and the hidden field. False when a picture is refused; its field then has the error, and the picture
    accepted before is kept.
    """
    form.logo_name = "" if form.logo_removed.data else _accepted_before(form, own)
    sent = form.logo.data
    fine = True
    if isinstance(sent, FileStorage) and sent.filename:
        try:
            form.logo_name = store_picture(sent.read())
        except BadPicture as error:
            form.logo.errors = [PICTURE_WORDS[error.fault]]
            if error.fault is PictureFault.BUSY:
                answer_busy()
            fine = False
        except StorageAway:
            form.logo.errors = [STORAGE_AWAY]
            fine = False
        finally:
            sent.close()
    form.logo_kept.data = mark(form.logo_name, own)
    return fine


def refuse(form: ContentForm) -> None:
    """The picture has been deleted meanwhile, or belongs to another organisation already."""
    form.logo_name, form.logo_kept.data = "", ""
    form.logo.errors = [_("Please choose the logo once more.")]


def mark(name: str, own: str = "") -> str:
    """The value of the hidden field for a picture; an organisation's own picture needs none."""
    return "" if name in ("", own) else tokens.mint(Purpose.UPLOAD, [name])


def _accepted_before(form: ContentForm, own: str) -> str:
    if not form.logo_kept.data:
        return own
    try:
        found = tokens.read(Purpose.UPLOAD, form.logo_kept.data)
    except BadToken:
        return own
    return own if found.expired or len(found.payload) != 1 else str(found.payload[0])
