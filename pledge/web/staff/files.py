"""The page of the staff area while the storage of files does not answer."""

from flask import Response
from flask_babel import gettext as _

from pledge.core.logs import log
from pledge.files.faults import StorageAway
from pledge.web.staff.auth.access import staff_error_page
from pledge.web.staff.blueprint import staff


@staff.errorhandler(StorageAway)
def storage_away(_error: StorageAway) -> Response:
    log.error("storage away")
    message = _("The file storage is not responding. Please try again in a minute.")
    return staff_error_page(503, _("Nothing was downloaded"), message)
