"""The forms of news: their shape."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import Optional

from pledge.campaigns.rules import FieldFault
from pledge.news.services import NewsFields
from pledge.web.forms import ByLanguage, StaffForm
from pledge.web.staff.forms import FAULTS, StampedForm, WholeNumberField


class NewsForm(StampedForm):
    title = ByLanguage(StringField, _l("Title"))
    body = ByLanguage(TextAreaField, _l("Text"))
    milestone = WholeNumberField(
        _l("Send when so many people have signed"), [Optional()], FAULTS[FieldFault.GOAL]
    )

    @property
    def fields(self) -> NewsFields:
        return NewsFields(self.by_language("title"), self.by_language("body"), self.milestone.data)


class ReplyForm(StampedForm):
    """Where answers to the e-mails of the campaign go."""

    reply_to = StringField(_l("E-mail address for answers"))


class SeenForm(StaffForm):
    """A decision about what was seen."""

    seen = HiddenField()
