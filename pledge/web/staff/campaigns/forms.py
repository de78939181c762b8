"""The forms of the campaign screens: their shape. The use cases decide what may be stored."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from wtforms import FileField, Form, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields import Field
from wtforms.validators import ValidationError

from config import Config
from pledge.accounts.roles import Permission
from pledge.campaigns import moderation
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.events import EventFields
from pledge.campaigns.models import PartnerRole
from pledge.campaigns.partners import PartnerFields, SisterFields
from pledge.campaigns.rules import FAULT_MESSAGES, FieldFault
from pledge.campaigns.staff_queries import CampaignAdmin
from pledge.core import i18n, languages
from pledge.core.i18n import SEOUL
from pledge.core.languages import Texts
from pledge.web.forms import ByLanguage, StaffForm, TickField
from pledge.web.request_checks import allows
from pledge.web.staff.auth.access import actor, needs, was_shown_lately
from pledge.web.staff.blueprint import staff
from pledge.web.staff.forms import (
    SavingProblem,
    StampedForm,
    WholeNumberField,
    attempt,
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


class NumbersField(TextAreaField):
    """Whole numbers, one a line."""

    def process_formdata(self, valuelist: list[str]) -> None:
        found = [whole_number(word) for text in valuelist for word in text.split()]
        self.data = [number for number in found if number is not None]
        if len(self.data) < len(found):
            raise ValueError(FAULT_MESSAGES[FieldFault.STEPS])

    def _value(self) -> str:
        return "\n".join(self.raw_data or [f"{number:,}" for number in self.data or ()])


#: Stores the file of a field of a form.
Taker = Callable[[Form, str], str]


class SectionForm(StampedForm):
    """A part of a campaign that is saved by itself."""

    max_body: int | Callable[[Config], int] = TEXT_BODY

    @classmethod
    def stored(cls, desk: CampaignAdmin) -> dict[str, object]:
        """What the form shows before anybody types, with the stamp of it."""
        raise NotImplementedError

    def takes(self) -> dict[str, Taker]:
        """Its fields for files, and what stores a file of each."""
        return {}

    def check(self, files: Mapping[str, str]) -> None:
        """What `save` would refuse. Raises BadFields."""

    def save(self, slug: str, files: Mapping[str, str]) -> None:
        """Call the use case; `files` are the stored ones by their fields."""
        raise NotImplementedError


def section_views(
    path: str, sections: Mapping[str, type[SectionForm]], page: Callable[..., Response]
) -> None:
    """Add a view that saves each section; `page` shows all of them, with the form that was sent and what was wrong with it."""
    for name, form in sections.items():
        view = allows(body=form.max_body)(needs(Permission.EDIT_CAMPAIGNS)(_saving(name, form, page)))
        rule = f"/campaigns/<slug>/{path}/{name.replace('_', '-')}"
        staff.add_url_rule(rule, f"campaign_{name}", view, methods=["POST"])


def _saving(
    name: str, form_type: type[SectionForm], page: Callable[..., Response]
) -> Callable[..., AnyResponse]:
    def save(slug: str) -> AnyResponse:
        form = form_type(request.form)
        files = {field: take(form, field) for field, take in form.takes().items()}
        problem = attempt(form, lambda: form.save(slug, files), check=lambda: form.check(files))
        return page(slug, problem, {name: form}) if problem else saved(page.__name__, slug)

    return save


def section_forms(
    sections: Mapping[str, type[StampedForm]], desk: CampaignAdmin, sent: Mapping[str, StampedForm]
) -> dict[str, StampedForm]:
    """The forms of a page, for its template: as they are stored, except for the one that was sent."""
    return {
        f"{name}_form": sent[name] if name in sent else form(data=form.stored(desk))
        for name, form in sections.items()
    }


class ScheduleForm(SectionForm):
    goal = WholeNumberField(_l("Goal"), invalid_value_message=FAULT_MESSAGES[FieldFault.GOAL])
    goal_steps = NumbersField(_l("Steps on the way"))
    opens_at = moment_field(_l("Opens"))
    closes_at = moment_field(_l("Closes"))
    reason = TextAreaField(_l("Reason"))

    @classmethod
    def stored(cls, desk: CampaignAdmin) -> dict[str, object]:
        return {**vars(desk.schedule), "seen": desk.schedule.stamp}

    def save(self, slug: str, files: Mapping[str, str]) -> None:
        moderation.edit_schedule(
            *(actor(), slug, self.seen.data or ""),
            goal=self.goal.data or 0,
            goal_steps=self.goal_steps.data,
            opens_at=self.opens_at.data,
            closes_at=self.closes_at.data,
            reason=self.reason.data or "",
            is_stepped_up=was_shown_lately(),
        )


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
    outcome = ByLanguage(TextAreaField, _l("What became of it"))

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


def confirmation_page(
    desk: CampaignAdmin, form: StaffForm, problem: SavingProblem, **words: object
) -> Response:
    """The page before a step that is not taken back in one press: it names the thing and may ask for a reason."""
    return section_page("staff/campaigns/confirm.html", desk, form, problem, **words)


def removal_page(
    slug: str, what: Texts, back: str, form: RemoveForm, problem: SavingProblem = OK
) -> Response:
    """The page that asks for the reason before an item is removed."""
    name, *others = dict.fromkeys(text for lang in (i18n.language(), *what) if (text := what.of(lang)))
    return confirmation_page(
        campaigns.desk(slug),
        form,
        problem,
        heading=_("Remove “%(name)s”?", name=name),
        lines=others,
        verb=_("Remove"),
        is_step_back=True,
        is_reason_needed=True,
        back=back,
    )
