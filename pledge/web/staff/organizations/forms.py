"""The forms on a case: a reason of the list, a note, why. What may be done is decided by the use cases."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.fields import Field
from wtforms.validators import ValidationError

from pledge.core.languages import Texts
from pledge.core.text.lines import is_readable
from pledge.endorsements.models import ReasonKind
from pledge.endorsements.review.reasons import CODE, MAX_REASON
from pledge.web.forms import ByLanguage, StaffForm, TickField
from pledge.web.staff.forms import check_resident_number

MAX_NUMBER = 2**63 - 1


def _check_text(field: Field, missing: Any = None) -> None:
    """Make one line of a text, and check it; `missing` is said when it may not be empty."""
    field.data = " ".join((field.data or "").split())
    if missing and not field.data:
        raise ValidationError(missing)
    if len(field.data) > MAX_REASON:
        raise ValidationError(_l("This can have up to 500 characters."))
    if not is_readable(field.data):
        raise ValidationError(_l("It contains a character that cannot be shown."))
    check_resident_number(field)


def _check_all_or_none(form: "RemovalForm", field: Field) -> None:
    _check_text(field)
    if form.words and not field.data:
        raise ValidationError(_l("Say it in every language, or leave all of them empty."))


def _check_wording(_form: StaffForm, field: Field) -> None:
    _check_text(field, _l("This field is required."))


class ReasonForm(StaffForm):
    """Turning down: a reason of the list, and what is added to it."""

    code = SelectField(_l("Reason"), validate_choice=False)
    note = TextAreaField(_l("Add to the e-mail"))

    def validate_note(self, field: Field) -> None:
        _check_text(field)


class RemovalForm(StaffForm):
    """Removing: a public reason of the list, or in other words in every language."""

    code = SelectField(_l("Public reason"), validate_choice=False)
    wording = ByLanguage(StringField, _l("Own wording"), check=_check_all_or_none)

    @property
    def words(self) -> Texts | None:
        return self.by_language("wording") or None


class OwnReasonForm(StaffForm):
    """What staff do for a reason of their own, for the audit log."""

    why = StringField(_l("Reason"))

    def validate_why(self, field: Field) -> None:
        _check_text(field, _l("Give a reason; it is kept in the audit log."))


class MergeForm(OwnReasonForm):
    into = RadioField(_l("The one that remains"), validate_choice=False)

    def validate_into(self, field: Field) -> None:
        text = field.data or ""
        if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= MAX_NUMBER):
            raise ValidationError(_l("Choose which one remains."))


class ReasonTextForm(StaffForm):
    """One reason of the editable list."""

    code = StringField(_l("Short name"))
    kind = SelectField(_l("Used for"), validate_choice=False)
    wording = ByLanguage(TextAreaField, _l("Reason"), check=_check_wording)
    active = TickField(_l("Offered"))

    def validate_code(self, field: Field) -> None:
        field.data = (field.data or "").strip()
        if not CODE.fullmatch(field.data):
            raise ValidationError(
                _l("Use 2 to 40 lower-case letters, digits and hyphens, and begin with a letter.")
            )

    def validate_kind(self, field: Field) -> None:
        if field.data not in set(ReasonKind):
            raise ValidationError(_l("Choose what it is used for."))
