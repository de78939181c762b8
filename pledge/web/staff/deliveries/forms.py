"""The forms of the delivery screens: their shape, and the messages for their faults."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import Form, SelectField, StringField, TextAreaField
from wtforms.fields import Field
from wtforms.validators import ValidationError

from pledge.campaigns.rules import FieldFault
from pledge.core.i18n import Phrase, format_datetime
from pledge.deliveries.document import Reply
from pledge.deliveries.letter.texts import LetterTexts
from pledge.deliveries.models import Channel
from pledge.deliveries.services import Answer, HandingOver
from pledge.web.forms import ByLanguage, StaffForm
from pledge.web.staff.forms import day_field, moment_field

CHANNELS: dict[Channel, Any] = {
    Channel.IN_PERSON: _l("In person"),
    Channel.POST: _l("By post"),
    Channel.EMAIL: _l("By e-mail"),
    Channel.PORTAL: _l("Through a government portal"),
    Channel.OTHER: _l("Another way"),
}

#: Below the fields, in the language of each.
EXAMPLES = {
    "recipient": Phrase("delivery", "For example: the Minister of Climate, Energy and Environment"),
    "occasion": Phrase("delivery", "For example: the handing-over ceremony"),
    "person": Phrase("delivery", "For example: Hong Gildong, Head of Team"),
}


class DraftForm(StaffForm):
    """What is frozen besides the numbers. The use case checks the texts."""

    checkpoint = SelectField(_l("Numbers as of"), validate_choice=False)
    recipient = ByLanguage(StringField, _l("Recipient of the letter"))
    occasion = ByLanguage(StringField, _l("Occasion"))
    number = StringField(_l("Document number"))
    department = ByLanguage(StringField, _l("Department in charge (Attention)"))
    submitted_as = SelectField(_l("Submitted as"), validate_choice=False)
    person = ByLanguage(StringField, _l("Person in charge"))
    phone = StringField(_l("Telephone"))
    email = StringField(_l("E-mail for the answer"))
    address = ByLanguage(StringField, _l("Postal address"))
    letter = ByLanguage(TextAreaField, _l("Cover letter"))

    offered: frozenset[int] = frozenset()

    def validate_checkpoint(self, field: Field) -> None:
        if field.data not in set(map(str, self.offered)):
            raise ValidationError(_l("Choose from the list."))

    @property
    def wording(self) -> LetterTexts:
        reply = Reply(
            number=self.number.data or "",
            department=self.by_language("department"),
            submitted_as=self.submitted_as.data or "",
            person=self.by_language("person"),
            phone=self.phone.data or "",
            email=self.email.data or "",
            address=self.by_language("address"),
        )
        return LetterTexts(
            recipient=self.by_language("recipient"),
            occasion=self.by_language("occasion"),
            letter=self.by_language("letter"),
            reply=reply,
        )


class HandingOverForm(StaffForm):
    handed_over_at = moment_field(_l("Handed over on"))
    channel = SelectField(_l("How"), validate_choice=False)
    receipt_number = StringField(_l("Reference number"))
    answer_due = day_field(_l("Answer due by"))
    reason = TextAreaField(_l("Reason for the correction"))

    @property
    def entry(self) -> HandingOver:
        return HandingOver(
            self.handed_over_at.data,
            self.channel.data or "",
            self.receipt_number.data or "",
            self.answer_due.data,
        )


class AnswerForm(StaffForm):
    answered_at = moment_field(_l("Answered on"))
    answer = ByLanguage(TextAreaField, _l("Answer"))
    answer_reason = TextAreaField(_l("Reason for the correction"))

    @property
    def entry(self) -> Answer:
        return Answer(self.answered_at.data, self.by_language("answer"))


def show_faults(form: Form, faults: Mapping[str, FieldFault], before: datetime | None = None) -> None:
    """Show the messages for the faults of a use case at their fields; `before`: when the step before was."""
    for name, fault in faults.items():
        message = str(fault.value)
        if fault is FieldFault.TOO_EARLY and before is not None:
            message %= {"moment": format_datetime(before)}
        form[name].errors = [message]
