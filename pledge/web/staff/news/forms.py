"""The forms of news: their shape."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.fields import Field
from wtforms.validators import ValidationError

from pledge.campaigns.rules import FieldFault
from pledge.news.services import NewsFields
from pledge.web.forms import ByLanguage, StaffForm
from pledge.web.staff.campaigns.forms import StampedForm, whole_number
from pledge.web.staff.campaigns.saving import FAULTS


class NewsForm(StampedForm):
    title = ByLanguage(StringField, _l("Title"))
    body = ByLanguage(TextAreaField, _l("Text"))
    milestone = StringField(_l("Send when so many people have signed"))

    number: int | None = None

    def validate_milestone(self, field: Field) -> None:
        text = "".join((field.data or "").split())
        self.number = whole_number(text)
        if text and self.number is None:
            raise ValidationError(FAULTS[FieldFault.GOAL])

    @property
    def fields(self) -> NewsFields:
        return NewsFields(self.by_language("title"), self.by_language("body"), self.number)


class ReplyForm(StampedForm):
    """Where answers to the e-mails of the campaign go."""

    reply_to = StringField(_l("E-mail address for answers"))


class SeenForm(StaffForm):
    """A decision about what was seen."""

    seen = HiddenField()
