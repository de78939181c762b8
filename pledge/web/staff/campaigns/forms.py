"""The forms of the campaign screens: their shape. The use cases decide what may be stored."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import FileField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields import Field
from wtforms.validators import ValidationError

from pledge.campaigns.events import EventFields
from pledge.campaigns.models import PartnerRole
from pledge.campaigns.partners import PartnerFields
from pledge.campaigns.photo import PhotoFocus
from pledge.campaigns.rules import FieldFault
from pledge.campaigns.sisters import SisterFields
from pledge.core import languages
from pledge.core.organization_types import OrganizationType
from pledge.web.forms import ByLanguage, StaffForm, TickField
from pledge.web.staff.auth.moments import at, day, hour, moment, typed_event
from pledge.web.staff.campaigns.saving import FAULTS


class StampedForm(StaffForm):
    """Contains the stamp of what its editor saw."""

    seen = HiddenField()


class NewForm(StaffForm):
    slug = StringField(_l("Address"))
    title = ByLanguage(StringField, _l("Title"))


class TextsForm(StampedForm):
    title = ByLanguage(StringField, _l("Title"))
    tagline = ByLanguage(StringField, _l("Tagline"))
    summary = ByLanguage(TextAreaField, _l("Summary"))
    recipient = ByLanguage(StringField, _l("Recipient of the totals"))
    body = ByLanguage(TextAreaField, _l("Text"))
    reason = TextAreaField(_l("Reason"))


class PledgeForm(StampedForm):
    wording = ByLanguage(TextAreaField, _l("Pledge text"))


class PublishForm(PledgeForm):
    """The same wording, and the version as which it is published."""

    version = HiddenField()
    one_language = TickField(_l("The text in the other languages stays as it is: it already says the same"))

    @property
    def agreed(self) -> int:
        """The version that was shown; 0 for anything else."""
        text = self.version.data or ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0


def whole_number(text: str) -> int | None:
    """The number of a text in digits, perhaps with commas; None for anything else."""
    digits = text.replace(",", "")
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 10 else None


class ScheduleForm(StampedForm):
    goal = StringField(_l("Goal"))
    goal_steps = TextAreaField(_l("Steps on the way"))
    opens_at = StringField(_l("Opens"))
    closes_at = StringField(_l("Closes"))
    reason = TextAreaField(_l("Reason"))

    def validate_goal(self, field: Field) -> None:
        number = whole_number("".join((field.data or "").split()))
        if number is None:
            raise ValidationError(FAULTS[FieldFault.GOAL])
        self.number = number

    def validate_goal_steps(self, field: Field) -> None:
        found = [whole_number(word) for word in (field.data or "").split()]
        self.steps = [number for number in found if number is not None]
        if len(self.steps) < len(found):
            raise ValidationError(FAULTS[FieldFault.STEPS])

    def validate_opens_at(self, field: Field) -> None:
        self.opens = moment(field.data)

    def validate_closes_at(self, field: Field) -> None:
        self.closes = moment(field.data)

    number: int = 0
    steps: Sequence[int] = ()
    opens: datetime | None = None
    closes: datetime | None = None


class ItemForm(StampedForm):
    """The form of an item of a list."""

    @property
    def places(self) -> Mapping[str, str]:
        """The names of the form's fields where those of the use case differ."""
        return {}

    @property
    def fields(self) -> Any:
        """The fields for the use case; the form must have been validated."""
        raise NotImplementedError

    @classmethod
    def typed(cls, fields: Any) -> dict[str, object]:
        """Stored fields, as the form shows them."""
        return languages.as_fields(vars(fields))


class PartnerForm(ItemForm):
    role = SelectField(_l("Role"), validate_choice=False)
    type = SelectField(_l("Kind of organisation"), validate_choice=False)
    name = ByLanguage(StringField, _l("Name"))
    url = StringField(_l("Web address"))
    logo = FileField(_l("Logo"))
    logo_kept = HiddenField()
    drop_logo = TickField(_l("Remove the logo"))

    def validate_role(self, field: Field) -> None:
        if field.data not in set(PartnerRole):
            raise ValidationError(_l("Choose a role from the list."))

    @property
    def types(self) -> list[str]:
        return [kind.value for kind in OrganizationType]

    @property
    def fields(self) -> PartnerFields:
        return PartnerFields(
            PartnerRole(self.role.data),
            self.by_language("name"),
            self.url.data or "",
            self.type.data or "",
        )


class EventForm(ItemForm):
    """A day without a time means a whole day."""

    title = ByLanguage(StringField, _l("Title"))
    place = ByLanguage(StringField, _l("Place"))
    start_day = StringField(_l("Day"))
    start_time = StringField(_l("Time"))
    end_day = StringField(_l("Last day"))
    end_time = StringField(_l("End"))
    is_online = TickField(_l("People can take part online"))
    url = StringField(_l("Web address"))
    outcome = ByLanguage(TextAreaField, _l("What became of it"))

    def validate_start_day(self, field: Field) -> None:
        self.starts_on = day(field.data)
        if self.starts_on is None:
            raise ValidationError(_l("Enter the day."))

    def validate_start_time(self, field: Field) -> None:
        self.starts = hour(field.data)

    def validate_end_day(self, field: Field) -> None:
        self.ends_on = day(field.data)
        if self.ends_on and (self.start_time.data or "").strip() and not (self.end_time.data or "").strip():
            raise ValidationError(_l("Enter the end time too, or leave the last day empty."))

    def validate_end_time(self, field: Field) -> None:
        self.ends = hour(field.data)
        if self.ends is not None and not (self.start_time.data or "").strip():
            raise ValidationError(_l("Enter the start time too."))

    starts_on: date | None = None
    starts: time | None = None
    ends_on: date | None = None
    ends: time | None = None

    @property
    def places(self) -> Mapping[str, str]:
        """An event that ends before it begins is told at the field that says when."""
        return {"ends_at": "end_time" if (self.start_time.data or "").strip() else "end_day"}

    @classmethod
    def typed(cls, fields: EventFields) -> dict[str, object]:
        return typed_event(fields)

    @property
    def fields(self) -> EventFields:
        """The fields for the use case; the form must have been validated."""
        first = self.starts_on or date.min
        if self.starts is None:
            ends_at = at(self.ends_on) if self.ends_on else None
        else:
            ends_at = at(self.ends_on or first, self.ends) if self.ends else None
        return EventFields(
            title=self.by_language("title"),
            place=self.by_language("place"),
            url=self.url.data or "",
            is_online=self.is_online.data,
            all_day=self.starts is None,
            starts_at=at(first, self.starts),
            ends_at=ends_at,
            outcome=self.by_language("outcome"),
        )


class PhotoForm(StampedForm):
    photo = FileField(_l("Photograph"))
    photo_kept = HiddenField()
    alt = ByLanguage(StringField, _l("What the photograph shows"))
    focus = SelectField(_l("Stays in sight"), validate_choice=False)
    drop_photo = TickField(_l("Remove the photograph"))

    def validate_focus(self, field: Field) -> None:
        if field.data not in set(PhotoFocus):
            raise ValidationError(_l("Choose one from the list."))


class VideoForm(StampedForm):
    video = StringField(_l("Address of the video"))
    own = FileField(_l("Video file"))
    own_kept = HiddenField()
    drop_own = TickField(_l("Remove the video file"))
    captions = ByLanguage(TextAreaField, _l("Captions"))
    still = FileField(_l("Picture"))
    still_kept = HiddenField()
    drop_still = TickField(_l("Use the default picture again"))


class QuotationForm(StampedForm):
    quotation = ByLanguage(TextAreaField, _l("Quotation"))
    speaker = ByLanguage(StringField, _l("Name"))
    speaker_role = ByLanguage(StringField, _l("Office or role"))
    portrait = FileField(_l("Portrait"))
    portrait_kept = HiddenField()
    drop_portrait = TickField(_l("Remove the portrait"))
    portrait_alt = ByLanguage(StringField, _l("What the portrait shows"))


class LettersForm(StampedForm):
    letter = ByLanguage(FileField, _l("Letter"))
    letter_kept = ByLanguage(HiddenField, "", "letter_{lang}_kept")
    drop = ByLanguage(TickField, _l("Remove the letter"))


class LetterTextForm(StampedForm):
    text = ByLanguage(TextAreaField, _l("Letter"))


class SisterForm(ItemForm):
    name = ByLanguage(StringField, _l("Name"))
    place = ByLanguage(StringField, _l("Place"))
    sentence = ByLanguage(StringField, _l("One sentence"))
    url = StringField(_l("Web address"))
    logo = FileField(_l("Logo"))
    logo_kept = HiddenField()
    drop_logo = TickField(_l("Remove the logo"))

    @property
    def fields(self) -> SisterFields:
        return SisterFields(
            name=self.by_language("name"),
            place=self.by_language("place"),
            sentence=self.by_language("sentence"),
            url=self.url.data or "",
        )


class StateForm(StaffForm):
    before = HiddenField()
    reason = TextAreaField(_l("Reason"))


class ImportForm(StaffForm):
    """Partners by the dozen: a table, pictures in a zip, or both."""

    table = FileField(_l("Table"))
    logos = FileField(_l("Logos"))


class PlannedImportForm(StampedForm):
    """What was read from the files, carried through the preview."""

    lines = HiddenField()
    pictures = HiddenField()


class RemoveForm(StampedForm):
    reason = TextAreaField(_l("Reason"))
