"""The forms of paper signatures: their shape."""

from flask_babel import lazy_gettext as _l
from wtforms import FileField, HiddenField, StringField

from pledge.paper.services import PaperFields
from pledge.web.forms import ByLanguage, StaffForm
from pledge.web.staff.auth.moments import day
from pledge.web.staff.campaigns.forms import StampedForm, whole_number


class BatchForm(StampedForm):
    place = ByLanguage(StringField, _l("Place or event"))
    collected_on = StringField(_l("Day"))
    sheets = StringField(_l("Sheets"))
    signatures = StringField(_l("Signatures"))
    scan = FileField(_l("Scan"))
    scan_kept = HiddenField()

    def validate_collected_on(self, field: StringField) -> None:
        day(field.data)

    @property
    def fields(self) -> PaperFields:
        """The fields for the use case; the form must have been validated."""
        return PaperFields(
            place=self.by_language("place"),
            collected_on=day(self.collected_on.data),
            sheets=_number(self.sheets),
            signatures=_number(self.signatures),
        )


class CheckForm(StaffForm):
    """What the second person counted, and of which batch."""

    seen = HiddenField()
    checked = StringField(_l("How many signatures do you count?"))

    @property
    def number(self) -> int | None:
        return _number(self.checked)


def _number(field: StringField) -> int | None:
    return whole_number("".join((field.data or "").split()))
