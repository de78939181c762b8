"""The forms of endorsements: the shape of what an organisation sends, with errors in the page's language.

A logo is stored when its form is sent, and kept while other fields are corrected. The hidden field of an accepted picture is
signed, so that nobody has to choose it again and nobody can name a picture that they have not sent.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage
from wtforms import FileField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields import Field
from wtforms.validators import DataRequired, Optional, ValidationError

from pledge.campaigns.goals import GROUP_GOALS
from pledge.campaigns.rules import FieldFault
from pledge.core import i18n, tokens
from pledge.core.text.lines import LineFault, one_line, typed_digits
from pledge.core.tokens import BadToken, Purpose
from pledge.endorsements import rules
from pledge.endorsements.models import MAX_NAME, MAX_STATEMENT
from pledge.endorsements.rules import BadContent, Content, ContentFault
from pledge.endorsements.verification.domains import MAX_WEBSITE
from pledge.files.faults import STORAGE_AWAY, FileRefused, StorageAway
from pledge.files.pictures import PictureFault
from pledge.files.services import store_picture
from pledge.web.errors import answer_busy
from pledge.web.forms import ByLanguage, Check, PublicForm, TickField, WholeNumberField
from pledge.web.public.forms import AddressForm, PlaceForm, ProvableForm, version_field

#: The form names a version of the pledge text that does not exist.
CHANGED_PLEDGE = _l("The pledge text was changed. Please read it again and endorse it.")
#: Bytes of a form with a logo: more than a logo may have, so that one that is too large is refused at its field and the
#: rest of the form is kept.
MAX_FORM = 8 * 1024 * 1024
MAX_FIELDS = 60

_NO_GOAL = FieldFault.GROUP_GOAL.value
#: What a fault is called at a field that its own words do not fit.
_FIELD_WORDS: dict[tuple[str, Enum], Any] = {
    ("name", LineFault.EMPTY): _l("Enter the name of the organisation in letters."),
    ("name", LineFault.TOO_LONG): _l("The name can have up to %(number)s characters.", number=MAX_NAME),
    ("type", ContentFault.UNKNOWN): _l("Choose a kind of organisation from the list."),
    ("website", LineFault.TOO_LONG): _l("The address can have up to 300 characters."),
    ("statement", LineFault.TOO_LONG): _l(
        "A statement can have up to %(number)s characters.", number=MAX_STATEMENT
    ),
    ("contact_name", LineFault.EMPTY): _l("Enter the name of the person who speaks for the organisation."),
    ("contact_name", LineFault.TOO_LONG): _l(
        "The name can have up to %(number)s characters.", number=rules.MAX_PERSON
    ),
    ("contact_title", LineFault.TOO_LONG): _l(
        "The title can have up to %(number)s characters.", number=rules.MAX_PERSON
    ),
}


def words(field: str, fault: Enum) -> Any:
    """The fault of a field in words, to be said in the page's language."""
    return _FIELD_WORDS.get((field, fault), fault.value)


def _obeys(rule: Callable[[str], object]) -> Check:
    """A validator by a rule of the domain, which raises BadContent."""

    def check(_form: PublicForm, field: Field) -> None:
        try:
            rule(field.data or "")
        except BadContent as error:
            raise ValidationError(words(error.field, error.fault)) from None

    return check


def _check_name(form: "ContentForm", field: Field) -> None:
    if field.name == f"name_{i18n.language()}" and not one_line(field.data or ""):
        raise ValidationError(_l("Enter the name of the organisation."))
    _obeys(rules.clean_name)(form, field)


#: In forms of two people, who declare the same.
_MAY_SPEAK = DataRequired(_l("Please declare that you may speak for the organisation."))
_AGREES = DataRequired(_l("We can only take the endorsement if you agree to this."))


class ContentForm(PlaceForm):
    """What an organisation shows: the part that a new endorsement and a correction share."""

    name = ByLanguage(StringField, _l("Name"), check=_check_name, maxlength=MAX_NAME)
    type = SelectField(_l("Kind of organisation"), [_obeys(rules.check_type)], validate_choice=False)
    country = SelectField(_l("Country it is based in"), validate_choice=False)
    region = SelectField(_l("Province or city"), validate_choice=False)
    website = StringField(
        _l("Website or social media"), [_obeys(rules.check_website)], render_kw={"maxlength": MAX_WEBSITE}
    )
    logo = FileField(_l("Logo"))
    logo_kept = HiddenField()
    logo_removed = TickField(_l("Show no logo"))
    target_year = WholeNumberField(_l("Net zero by the year"), [Optional()], ContentFault.YEAR.value)
    interim_percent = WholeNumberField(_l("Reduction by then (%)"), [Optional()], ContentFault.PERCENT.value)
    interim_year = WholeNumberField(_l("Interim year"), [Optional()], ContentFault.YEAR.value)
    base_year = WholeNumberField(_l("Less than in the year"), [Optional()], ContentFault.BASE.value)
    scope = SelectField(_l("What it covers"), [_obeys(rules.check_scope)], validate_choice=False)
    plan_url = StringField(
        _l("Link to the plan"), [_obeys(rules.check_website)], render_kw={"maxlength": MAX_WEBSITE}
    )
    report_url = StringField(
        _l("Link to the last report"), [_obeys(rules.check_website)], render_kw={"maxlength": MAX_WEBSITE}
    )
    statement = ByLanguage(
        TextAreaField,
        _l("Public statement"),
        check=_obeys(rules.clean_statement),
        maxlength=MAX_STATEMENT,
    )

    #: The name of the stored picture, "" for none.
    logo_name: str = ""
    #: The same of the picture that the organisation shows; it needs no ticket.
    own_logo: str = ""

    def validate(self, extra_validators: Any = None) -> bool:
        """The fields, then years and percentage, which belong together."""
        is_valid: bool = super().validate(extra_validators)
        years = (self.target_year, self.interim_year, self.interim_percent, self.base_year)
        faults = rules.target_faults(*(field.data for field in years))
        for name, fault in faults.items():
            self[name].errors = self[name].errors or [words(name, fault)]
        return is_valid and not faults

    def content(self) -> Content:
        """What the fields say, once they are valid."""
        return Content(
            name=self.by_language("name"),
            type=self.type.data or "",
            country=self.country.data or "",
            region=self.region.data or None,
            website=self.website.data or "",
            target_year=self.target_year.data,
            interim_year=self.interim_year.data,
            interim_percent=self.interim_percent.data,
            base_year=self.base_year.data,
            scope=self.scope.data or None,
            plan_url=self.plan_url.data or "",
            report_url=self.report_url.data or "",
            statement=self.by_language("statement"),
            logo=self.logo_name,
        )

    def store_files(self) -> bool:
        """Find the logo: uploaded now, accepted before, the organisation's own, or none. False when a picture is refused; its
        field then has the error, and the picture accepted before is kept.
        """
        self.logo_name = "" if self.logo_removed.data else self._accepted_before()
        is_stored, sent = True, self.logo.data
        if isinstance(sent, FileStorage) and sent.filename:
            try:
                self.logo_name = store_picture(sent.read())
            except FileRefused as error:
                self.logo.errors = [error.message]
                if error.fault is PictureFault.BUSY:
                    answer_busy()
                is_stored = False
            except StorageAway:
                self.logo.errors = [STORAGE_AWAY]
                is_stored = False
            finally:
                sent.close()
        needs_ticket = self.logo_name not in ("", self.own_logo)
        self._keep_logo(tokens.mint(Purpose.UPLOAD, [self.logo_name]) if needs_ticket else "")
        return is_stored

    def refuse_logo(self) -> None:
        """The picture has been deleted meanwhile, or belongs to another organisation already."""
        self.logo_name = ""
        self._keep_logo("")
        self.logo.errors = [_l("Please choose the logo once more.")]

    def _keep_logo(self, ticket: str) -> None:
        """Put the ticket in place of the one that was sent."""
        self.logo_kept.data, self.logo_kept.raw_data = ticket, [ticket]

    def _accepted_before(self) -> str:
        try:
            upload = tokens.read(Purpose.UPLOAD, self.logo_kept.data or "")
        except BadToken:
            return self.own_logo
        return self.own_logo if upload.expired or len(upload.payload) != 1 else str(upload.payload[0])


class PersonForm(PublicForm):
    """Name and title of who speaks for an organisation; declared after the content, so that they are shown after it."""

    contact_name = StringField(
        _l("Name"),
        [_obeys(lambda text: rules.clean_person(text, ""))],
        render_kw={"maxlength": rules.MAX_PERSON},
    )
    contact_title = StringField(
        _l("Title or position"), [_obeys(rules.clean_title)], render_kw={"maxlength": rules.MAX_PERSON}
    )


class EndorseForm(ContentForm, PersonForm, ProvableForm):
    changed_text = CHANGED_PLEDGE
    email = StringField(_l("Work e-mail"))
    registration_number = StringField(
        _l("Business registration number"), [_obeys(rules.clean_registration_number)]
    )
    authority_ok = TickField(
        _l("I may speak for this organisation, and it endorses the pledge."), [_MAY_SPEAK]
    )
    consent_organization = TickField(
        _l("The organisation agrees that its endorsement is shown in public."),
        [DataRequired(_l("Please agree to the endorsement being public."))],
    )
    consent_person = TickField(_l("I agree to the collection and use of my personal data."), [_AGREES])
    show_contact = TickField(_l("Show my name and title beside the statement"))
    pledge_version = version_field(CHANGED_PLEDGE)


class CorrectionForm(ContentForm, PersonForm):
    show_contact = TickField(_l("Show my name and title beside the statement"))


class GoalForm(PublicForm):
    """How many people are to sign through the organisation's link; empty where that is not counted in public."""

    group_goal = WholeNumberField(_l("Goal of your own"), [Optional()], _NO_GOAL)

    def validate_group_goal(self, field: Field) -> None:
        if field.data is not None and field.data not in GROUP_GOALS:
            raise ValidationError(_NO_GOAL)


class ContactForm(PersonForm, AddressForm):
    """Who is to speak for the organisation instead."""

    email = StringField(_l("Work e-mail"))


class TakeOverForm(PublicForm):
    """What the new contact declares, and their number where a machine may have pressed the button."""

    authority_ok = TickField(
        _l("I may speak for this organisation, and it endorses the pledge."), [_MAY_SPEAK]
    )
    consent_person = TickField(_l("I agree to the collection and use of my personal data."), [_AGREES])
    number = StringField(_l("Two-digit number"))

    digits: str = ""

    def validate_number(self, field: Field) -> None:
        self.digits = typed_digits(field.data or "", 2)
        if not self.digits:
            raise ValidationError(_l("Enter the two digits from the person who named you."))
