"""The forms of paper signatures: their shape."""

from flask_babel import lazy_gettext as _l
from wtforms import FileField, HiddenField, StringField

from pledge.campaigns.rules import FieldFault
from pledge.paper.services import PaperFields
from pledge.web.forms import ByLanguage, StaffForm
from pledge.web.staff.forms import FAULTS, StampedForm, WholeNumberField, day_field


class BatchForm(StampedForm):
    place = ByLanguage(StringField, _l("Place or event"))
    collected_on = day_field(_l("Day"), required=FAULTS[FieldFault.MISSING])
    sheets = WholeNumberField(_l("Sheets"), None, FAULTS[FieldFault.NUMBER])
    signatures = WholeNumberField(_l("Signatures"), None, FAULTS[FieldFault.NUMBER])
    scan = FileField(_l("Scan"))
    scan_kept = HiddenField()

    @property
    def fields(self) -> PaperFields:
        """The fields for the use case; the form must have been validated."""
        return PaperFields(
            place=self.by_language("place"),
            collected_on=self.collected_on.data,
            sheets=self.sheets.data,
            signatures=self.signatures.data,
        )


class CheckForm(StaffForm):
    """What the second person counted, and of which batch."""

    seen = HiddenField()
    checked = WholeNumberField(_l("How many signatures do you count?"))
