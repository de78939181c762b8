"""What the forms of the staff area share: their fields, the reason for the audit log, and the way to a use case and back.

Errors are shown at their fields, and nothing that was entered is lost.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from flask import Response, make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage
from wtforms import (
    DateField,
    DateTimeLocalField,
    FileField,
    Form,
    HiddenField,
    TextAreaField,
    TimeField,
)
from wtforms.fields import Field
from wtforms.validators import InputRequired, Optional, ValidationError

from pledge.accounts.two_people import WrongState
from pledge.audit.services import MAX_REASON
from pledge.campaigns.models import CampaignState
from pledge.campaigns.moderation import CampaignIncomplete, CampaignInWrongState, EditedMeanwhile
from pledge.campaigns.rules import BadFields, FieldFault
from pledge.campaigns.staff_queries import MissingText, NoSuchCampaign
from pledge.core import tokens
from pledge.core.i18n import SEOUL
from pledge.core.text.lines import LineFault, holds_resident_number
from pledge.core.tokens import BadToken, Purpose
from pledge.files import scans
from pledge.files import services as files
from pledge.files.faults import STORAGE_AWAY, FileRefused, StorageAway
from pledge.files.pictures import PictureFault
from pledge.files.services import UnknownFile
from pledge.web.errors import answer_busy
from pledge.web.forms import StaffForm
from pledge.web.routes import Body

#: A request with a picture, which may be too large to be kept, and the fields beside it.
PICTURE_BYTES = 8_000_000
PICTURE_BODY = Body(PICTURE_BYTES)


#: Years that a form accepts: others are mistakes, and some of them cannot be represented.
YEARS = range(2000, 2101)


def _check_year(_form: Form, field: Field) -> None:
    if field.data is not None and field.data.year not in YEARS:
        raise ValidationError(FieldFault.MOMENT.value)


def moment_field(label: object) -> DateTimeLocalField:
    """A day and a time of day in Korea; may be empty."""
    return DateTimeLocalField(
        label,
        [Optional(), _check_year],
        format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        invalid_value_message=FieldFault.MOMENT.value,
        tz=SEOUL,
    )


def day_field(label: object, required: object = None) -> DateField:
    """A day; may be empty, unless there is a message for that."""
    presence = Optional() if required is None else InputRequired(required)
    return DateField(label, [presence, _check_year], invalid_value_message=FieldFault.MOMENT.value)


def time_field(label: object) -> TimeField:
    """A time of day; may be empty."""
    return TimeField(
        label,
        [Optional()],
        format=["%H:%M", "%H:%M:%S"],
        invalid_value_message=FieldFault.MOMENT.value,
    )


def in_seoul(day: date, hour: time | None = None) -> datetime:
    """A time of a day in Korea, by default its beginning."""
    return datetime.combine(day, hour or time(), SEOUL)


def check_resident_number(field: Field) -> None:
    """Refuse resident registration numbers: the audit log cannot be changed."""
    if holds_resident_number(field.data or ""):
        raise ValidationError(LineFault.RESIDENT_NUMBER.value)


def check_reason(field: Field) -> None:
    """Check a reason for the audit log, without the spaces around it."""
    field.data = (field.data or "").strip()
    if not field.data:
        raise ValidationError(FieldFault.REASON.value)
    if len(field.data) > MAX_REASON:
        raise ValidationError(FieldFault.TOO_LONG.value)
    check_resident_number(field)


class StatedReasonForm(StaffForm):
    why = TextAreaField(_l("Reason"))

    def validate_why(self, field: Field) -> None:
        check_reason(field)


class StampedForm(StaffForm):
    """Contains the stamp of what its editor saw."""

    seen = HiddenField(default="")


def form_page(template: str, form: Any, **values: Any) -> Response:
    """A page with its form, and the status of that: 429 for too early, 422 for wrong, else 200."""
    response = make_response(render_template(template, form=form, **values))
    if wait := getattr(form, "wait", 0):
        response.status_code = 429
        response.headers["Retry-After"] = str(wait)
    elif form.errors:
        response.status_code = 422
    return response


@dataclass(frozen=True)
class SavingProblem:
    """Why nothing was saved: the status, and what the page says besides the errors at its fields."""

    status: int
    stored: dict[str, Any] = field(default_factory=dict)  #: what is stored now, after somebody else's edit
    state: CampaignState | None = None  #: the state that does not allow it
    missing: list[MissingText] = field(default_factory=list)
    gone: bool = False  #: somebody removed it meanwhile
    decided: bool = False  #: somebody decided about it meanwhile


def attempt(
    form: Form,
    act: Callable[[], object],
    places: Mapping[str, str] | None = None,
    check: Callable[[], object] | None = None,
) -> SavingProblem | None:
    """Run a use case when the form is valid; None when it succeeded.

    Errors are shown at the fields; `places` maps the use case's field names to the form's where they differ. When the form or
    a file was refused, `check` finds the other errors, so that all are shown at once.
    """
    refused_files = {name: list(errors) for name, errors in form.errors.items()}
    if not form.validate() or refused_files:
        refused = {name: list(errors) for name, errors in form.errors.items()} | refused_files
        if check is not None:
            try:
                check()
            except BadFields as wrong:
                show_faults(form, wrong, places)
        _set_errors(form, refused)
        return SavingProblem(422)
    problem = None
    try:
        act()
    except (BadFields, UnknownFile) as wrong:
        show_faults(form, wrong, places)
        problem = SavingProblem(422)
    except EditedMeanwhile as meanwhile:
        form["seen"].data = meanwhile.stamp
        problem = SavingProblem(409, stored=as_typed(form, meanwhile.stored))
    except CampaignInWrongState as wrong:
        problem = SavingProblem(409, state=wrong.state)
    except CampaignIncomplete as incomplete:
        problem = SavingProblem(409, missing=incomplete.missing)
    except NoSuchCampaign:
        problem = SavingProblem(409, gone=True)
    except WrongState:
        problem = SavingProblem(409, decided=True)
    return problem


def as_typed(form: Form, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as somebody would type them into the fields of a form."""
    filled = type(form)(data=values)
    has_text = {name for name in values if name in filled and hasattr(filled[name], "_value")}
    return {name: filled[name]._value() if name in has_text else value for name, value in values.items()}  # noqa: SLF001  # as widgets do


def show_faults(form: Form, wrong: Exception, places: Mapping[str, str] | None = None) -> None:
    """Show what is wrong at the fields; `places` as in attempt()."""
    if isinstance(wrong, BadFields):
        _set_errors(form, {(places or {}).get(name, name): [wrong.words(name)] for name in wrong.faults})
    else:
        for item in form:
            if isinstance(item, UploadField) and item.kept:
                item.errors = [_("Please choose the file once more.")]


def _set_errors(form: Form, errors: Mapping[str, list[Any]]) -> None:
    for name, words in errors.items():
        form[name].errors = words


#: How a file is stored, by what it is.
_STORES: dict[str, Callable[[FileStorage], str]] = {
    "picture": lambda sent: files.store_picture(sent.read()),
    "wide picture": lambda sent: files.store_picture(sent.read(), wide=True),
    "document": lambda sent: files.store_document(sent.read(), sent.mimetype),
    "video": lambda sent: files.store_video(sent.stream),
    "scan": lambda sent: scans.store_scan(sent.read()),
}


class UploadField(FileField):
    """A file that is stored when it comes, so that nobody chooses it again when another field is refused: a hidden field has its
    token.
    """

    def __init__(self, label: object, kind: str = "picture", **options: Any) -> None:
        super().__init__(label, **options)
        self._kind = kind
        self.kept = ""  #: the token

    def process(self, formdata: Any, *values: Any, **options: Any) -> None:
        super().process(formdata, *values, **options)
        self.kept = formdata.get(f"{self.name}_kept", "") if formdata else ""

    def store(self) -> str:
        """Store what was chosen now; returns its name in `files`, or that of an earlier attempt, "" when nothing was chosen or
        it was refused.
        """
        sent = request.files.get(self.name)
        if sent is None or not sent.filename:
            return _file_of(self.kept)
        try:
            stored = _STORES[self._kind](sent)
        except FileRefused as bad:
            self.errors = [str(bad.message)]
            if bad.fault is PictureFault.BUSY:
                answer_busy()
        except StorageAway:
            self.errors = [str(STORAGE_AWAY)]
        else:
            self.kept = tokens.mint(Purpose.UPLOAD, [stored])
            return stored
        self.kept = ""
        return ""


def _file_of(ticket: str) -> str:
    try:
        token = tokens.read(Purpose.UPLOAD, ticket)
    except BadToken:
        return ""
    return "" if token.expired else str(token.payload[0])
