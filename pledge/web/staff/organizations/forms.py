"""The forms on a case: a reason of the list, a note, why. What may be done is decided by the use cases."""

from dataclasses import dataclass

from flask import request
from flask_babel import lazy_gettext as _l
from wtforms import Form, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields import Field
from wtforms.validators import ValidationError

from pledge.core.languages import Texts
from pledge.core.text.lines import is_readable
from pledge.endorsements.models import ReasonKind
from pledge.endorsements.review.reasons import CODE, MAX_REASON
from pledge.web.forms import ByLanguage, StaffForm, TickField
from pledge.web.staff.forms import check_resident_number

MAX_NOTE = 500
MAX_NUMBER = 2**63 - 1


def _check_text(field: Field, *, required: bool) -> None:
    text = " ".join((field.data or "").split())
    if required and not text:
        raise ValidationError(_l("Give a reason; it is kept in the audit log."))
    if len(text) > MAX_NOTE:
        raise ValidationError(_l("This can have up to 500 characters."))
    if not is_readable(text):
        raise ValidationError(_l("It contains a character that cannot be shown."))
    check_resident_number(field)
    field.data = text


def _check_all_or_none(form: "RemovalForm", field: Field) -> None:
    _check_text(field, required=False)
    if form.words and not field.data:
        raise ValidationError(_l("Say it in every language, or leave all of them empty."))


def _check_wording(_form: StaffForm, field: Field) -> None:
    field.data = " ".join((field.data or "").split())
    if not field.data:
        raise ValidationError(_l("This field is required."))
    if len(field.data) > MAX_REASON:
        raise ValidationError(_l("This can have up to 500 characters."))
    if not is_readable(field.data):
        raise ValidationError(_l("It contains a character that cannot be shown."))
    check_resident_number(field)


class ReasonForm(StaffForm):
    """Turning down: a reason of the list, and what is added to it."""

    code = SelectField(_l("Reason"), validate_choice=False)
    note = TextAreaField(_l("Add to the e-mail"))

    def validate_note(self, field: Field) -> None:
        _check_text(field, required=False)


class RemovalForm(StaffForm):
    """Removing: a public reason of the list, or in other words in every language."""

    code = SelectField(_l("Public reason"), validate_choice=False)
    wording = ByLanguage(StringField, _l("Own wording"), check=_check_all_or_none)

    @property
    def words(self) -> Texts | None:
        return self.by_language("wording") or None


class OwnReasonForm(StaffForm):
    """What staff do for a reason of their own, for the audit log."""

    why = StringField(_l("Why"))

    def validate_why(self, field: Field) -> None:
        _check_text(field, required=True)


class MergeForm(OwnReasonForm):
    into = RadioField(_l("The one that remains"), validate_choice=False)

    def validate_into(self, field: Field) -> None:
        text = field.data or ""
        if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= MAX_NUMBER):
            raise ValidationError(_l("Choose which one remains."))

    @property
    def number(self) -> int:
        return int(self.into.data)


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


@dataclass(frozen=True)
class Forms:
    """All forms of a case's page, each with a prefix of its own, so that no two fields share an id."""

    changes: ReasonForm
    decline: ReasonForm
    remove: RemovalForm
    merge: MergeForm
    reinstate: OwnReasonForm
    reopen: OwnReasonForm
    certify: OwnReasonForm
    uncertify: OwnReasonForm
    note: OwnReasonForm

    @classmethod
    def empty(cls) -> "Forms":
        return cls._made({})

    @classmethod
    def sent(cls) -> "Forms":
        """What this request carries: one form is filled, the others are empty."""
        return cls._made(request.form)

    def named(self, name: str) -> Form | None:
        found: Form | None = getattr(self, name, None)
        return found

    @classmethod
    def _made(cls, data: object) -> "Forms":
        given = data or None
        return cls(
            ReasonForm(given, prefix="changes-"),
            ReasonForm(given, prefix="decline-"),
            RemovalForm(given, prefix="remove-"),
            MergeForm(given, prefix="merge-"),
            OwnReasonForm(given, prefix="reinstate-"),
            OwnReasonForm(given, prefix="reopen-"),
            OwnReasonForm(given, prefix="certify-"),
            OwnReasonForm(given, prefix="uncertify-"),
            OwnReasonForm(given, prefix="note-"),
        )
