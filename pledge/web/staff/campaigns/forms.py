"""The forms of the campaign screens: their shape. The use cases decide what may be stored."""

from collections.abc import Mapping
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from wtforms import FileField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields import Field
from wtforms.validators import ValidationError

from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.events import EventFields
from pledge.campaigns.media import PhotoFocus
from pledge.campaigns.models import PartnerRole
from pledge.campaigns.partners import PartnerFields, SisterFields
from pledge.campaigns.rules import FAULT_MESSAGES, FieldFault
from pledge.campaigns.staff_queries import CampaignAdmin
from pledge.core import languages
from pledge.core.i18n import SEOUL
from pledge.web.forms import ByLanguage, StaffForm, TickField
from pledge.web.staff.forms import (
    SavingProblem,
    StampedForm,
    WholeNumberField,
    day_field,
    in_seoul,
    moment_field,
    time_field,
    whole_number,
)

#: Two long texts in Korean, three bytes a letter, with room for the rest of the form.
TEXT_BODY = 512 * 1024


class NewForm(StaffForm):
    slug = StringField(_l("Address"))
    title = ByLanguage(StringField, _l("Title"))
    copy_of = SelectField(_l("Begin with a copy of"), validate_choice=False)


class TextsForm(StampedForm):
    title = ByLanguage(StringField, _l("Title"))
    tagline = ByLanguage(StringField, _l("Tagline"))
    summary = ByLanguage(TextAreaField, _l("Summary"))
    body = ByLanguage(TextAreaField, _l("Text"))


class RecipientForm(StampedForm):
    recipient = ByLanguage(StringField, _l("Recipient of the totals"))
    reason = TextAreaField(_l("Reason"))


class ReplyForm(StampedForm):
    """Where answers to the e-mails of the campaign go."""

    reply_to = StringField(_l("E-mail address for answers"))


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


class NumbersField(TextAreaField):
    """Whole numbers, one a line."""

    def process_formdata(self, valuelist: list[str]) -> None:
        found = [whole_number(word) for text in valuelist for word in text.split()]
        self.data = [number for number in found if number is not None]
        if len(self.data) < len(found):
            raise ValueError(FAULT_MESSAGES[FieldFault.STEPS])

    def _value(self) -> str:
        return "\n".join(self.raw_data or [f"{number:,}" for number in self.data or ()])


class ScheduleForm(StampedForm):
    goal = WholeNumberField(_l("Goal"), invalid_value_message=FAULT_MESSAGES[FieldFault.GOAL])
    goal_steps = NumbersField(_l("Steps on the way"))
    opens_at = moment_field(_l("Opens"))
    closes_at = moment_field(_l("Closes"))
    reason = TextAreaField(_l("Reason"))


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
    start_day = day_field(_l("Day"), required=_l("Enter the day."))
    start_time = time_field(_l("Time"))
    end_day = day_field(_l("Last day"))
    end_time = time_field(_l("End"))
    is_online = TickField(_l("People can take part online"))
    url = StringField(_l("Web address"))
    outcome = ByLanguage(TextAreaField, _l("Outcome"))

    def validate_end_day(self, field: Field) -> None:
        if self.start_time.data is not None and self.end_time.data is None:
            raise ValidationError(_l("Enter the end time too, or leave the last day empty."))

    def validate_end_time(self, field: Field) -> None:
        if self.start_time.data is None:
            raise ValidationError(_l("Enter the start time too."))

    @property
    def places(self) -> Mapping[str, str]:
        """An event that ends before it begins is told at the field that says when."""
        return {"ends_at": "end_day" if self.start_time.data is None else "end_time"}

    @classmethod
    def typed(cls, fields: EventFields) -> dict[str, object]:
        first, last = fields.starts_at.astimezone(SEOUL), fields.ends_at and fields.ends_at.astimezone(SEOUL)
        return {
            **super().typed(fields),
            "start_day": first.date(),
            "start_time": None if fields.all_day else first.time(),
            "end_day": last.date() if last and last.date() != first.date() else None,
            "end_time": last.time() if last and not fields.all_day else None,
        }

    @property
    def fields(self) -> EventFields:
        """The fields for the use case; the form must have been validated."""
        first, last = self.start_day.data, self.end_day.data
        starts, ends = self.start_time.data, self.end_time.data
        if starts is None:
            ends_at = in_seoul(last) if last else None
        else:
            ends_at = in_seoul(last or first, ends) if ends else None
        return EventFields(
            title=self.by_language("title"),
            place=self.by_language("place"),
            url=self.url.data or "",
            is_online=self.is_online.data,
            all_day=starts is None,
            starts_at=in_seoul(first, starts),
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


OK = SavingProblem(200)


def section_page(
    template: str, desk: CampaignAdmin, form: object, problem: SavingProblem, **more: object
) -> Response:
    """A section of a campaign with its form."""
    page = render_template(
        template,
        desk=desk,
        form=form,
        problem=problem,
        saved=request.args.get("saved") == "1",
        **more,
    )
    return make_response(page, problem.status)


def saved(section: str, slug: str) -> AnyResponse:
    """Back to the section, which says that it is saved."""
    return redirect(url_for(f"staff.{section}", slug=slug, saved=1), 303)


def removal_page(
    slug: str, what: object, back: str, form: RemoveForm, problem: SavingProblem = OK
) -> Response:
    """The page that asks for the reason before an item is removed."""
    return section_page(
        "staff/campaigns/remove.html", campaigns.desk(slug), form, problem, what=what, back=back
    )
