"""The forms of the public pages: the shape of what people send, with errors in the page's language.

There is no CSRF token, as there is no session to abuse; pledge/web/request_checks.py checks where a POST comes from.
"""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from wtforms import HiddenField, SelectField, StringField
from wtforms.fields import Field
from wtforms.validators import DataRequired, Regexp, ValidationError

from pledge.core import clock, countries, i18n, tokens
from pledge.core.text import markdown
from pledge.core.text.lines import BadLine, LineFault, typed_digits
from pledge.core.tokens import Purpose
from pledge.mail.addresses import Address, BadAddress, parse
from pledge.signatures.services import MAX_NAME, Submission, clean_name
from pledge.web.forms import PublicForm, TickField
from pledge.web.public.campaign.pages import CampaignPage

#: The form names a version of a text that does not exist.
CHANGED_TEXT = _l("The pledge text or the consent was changed. Please read them again and sign.")

_NAME_WORDS = {
    LineFault.EMPTY: _l("Enter your name."),
    LineFault.TOO_LONG: _l("Your name can have up to %(number)s characters.", number=MAX_NAME),
}


def version_field(message: object, *, optional: bool = False) -> HiddenField:
    """The number of the version that was shown."""
    number = r"([1-9][0-9]{0,5})?\Z" if optional else r"[1-9][0-9]{0,5}\Z"
    return HiddenField(validators=[Regexp(number, message=message)])


def version(field: HiddenField) -> int | None:
    """The number in a valid version_field()."""
    return int(field.data) if field.data else None


def check_name(_form: PublicForm, field: Field) -> None:
    try:
        clean_name(field.data or "")
    except BadLine as error:
        raise ValidationError(_NAME_WORDS.get(error.fault, error.fault.value)) from None


def check_region(_form: PublicForm, field: Field) -> None:
    if field.data and field.data not in countries.REGIONS:
        raise ValidationError(_l("Choose a province or city from the list."))


class AddressForm(PublicForm):
    """A form with an e-mail address."""

    address: Address  #: set once the field is valid

    def validate_email(self, field: Field) -> None:
        text = field.data or ""
        if not text.strip():
            raise ValidationError(_l("Enter your e-mail address."))
        try:
            self.address = parse(text)
        except BadAddress as error:
            if error.internationalized:
                raise ValidationError(
                    _l(
                        "We cannot yet write to addresses with such letters before the @. Please use another address."
                    )
                ) from None
            raise ValidationError(_l("Enter an e-mail address in the form name@example.com.")) from None


class ProvableForm(AddressForm):
    """A form that may be asked for a proof of work before it is recorded (admission.py)."""

    retry_after: int | None = None  #: seconds to wait, for a form that came too soon
    pledge_version: HiddenField
    changed_text: Any  #: said where the form names a version of a text that does not exist
    shown_at = HiddenField()  #: when its page was made, signed
    altcha = HiddenField()  #: the solution of a challenge
    unproved = TickField()  #: its sender goes on without

    @property
    def mark(self) -> str:
        """The value of `shown_at`: of the page that was filled in first, when this one shows what was wrong."""
        sent: str | None = self.shown_at.data
        return sent or tokens.mint(Purpose.FORM, [int(clock.now().timestamp())])

    def show_on(self, page: CampaignPage) -> None:
        """Called before the form is shown on a page."""

    def store_files(self) -> bool:
        """Store the files that were sent; False when one is refused, whose field then has the error."""
        return True


class PlaceForm(PublicForm):
    """A form with a country and, in Korea, a province."""

    country: SelectField

    def validate_country(self, field: Field) -> None:
        if field.data not in countries.COUNTRIES:
            raise ValidationError(_l("Choose a country from the list."))

    def validate_region(self, field: Field) -> None:
        """A region in a form for another country is dropped, not refused."""
        if self.country.data == countries.HOME:
            check_region(self, field)

    @property
    def countries(self) -> list[tuple[str, str]]:
        return countries.country_choices(i18n.language())

    @property
    def country_aliases(self) -> list[tuple[str, str]]:
        return countries.country_aliases(i18n.language())

    @property
    def regions(self) -> list[tuple[str, str]]:
        return countries.region_choices(i18n.language())


class SignForm(ProvableForm, PlaceForm):
    changed_text = CHANGED_TEXT
    name = StringField(_l("Name"), [check_name], render_kw={"maxlength": MAX_NAME})
    email = StringField(_l("E-mail"))
    country = SelectField(_l("Country you live in"), validate_choice=False)
    region = HiddenField()  #: asked after confirming; other programs may send it with the form
    age_ok = TickField(
        _l("I am 14 years old or older"),
        [DataRequired(_l("You must be 14 or older to sign. If you are, please tick the box."))],
    )
    consent_privacy = TickField(
        _l(
            "I agree to the collection and use of my personal data. I know that a signature may reveal my opinion on a public matter."
        ),
        [DataRequired(_l("We can only count your signature if you agree to this."))],
    )
    public_name = TickField(_l("Show my name on the campaign page"))
    updates = TickField(_l("Send me news of the campaign by e-mail"))
    pledge_version = version_field(CHANGED_TEXT)
    consent_version = version_field(CHANGED_TEXT, optional=True)
    via = HiddenField()  #: whose link led here; an unknown one is ignored

    def submission(self, slug: str) -> Submission:
        """What a valid form says."""
        return Submission(
            slug=slug,
            name=self.name.data,
            address=self.address,
            country=self.country.data,
            region=self.region.data or None,
            public_name=self.public_name.data,
            updates=self.updates.data,
            lang=i18n.language(),
            privacy_version=markdown.privacy_version(),
            pledge_version=version(self.pledge_version),
            consent_version=version(self.consent_version),
        )

    def show_on(self, page: CampaignPage) -> None:
        """Show the consent in use: a tick set under an older version does not count."""
        if self.consent_version.data and self.consent_version.data != str(page.consent_version):
            self.consent_privacy.data = False


class RegionForm(PublicForm):
    """Where somebody in Korea lives, asked once they are counted; leaving it open is an answer."""

    region = SelectField(validators=[check_region], validate_choice=False)


class ConfirmCodeForm(PublicForm):
    code = StringField(lazy_pgettext("mail", "Six-digit code"))

    def validate_code(self, field: Field) -> None:
        self.digits = typed_digits(field.data or "", 6)
        if not self.digits:
            raise ValidationError(_l("Enter the six digits from the e-mail."))

    digits: str = ""


class NumberForm(PublicForm):
    """The two digits of the page where one signed, or the code of an e-mail without a link."""

    number = StringField(_l("Two-digit number"))

    @property
    def digits(self) -> str:
        """The typed digits; "" if they are neither a number nor a code: the page has its own words for that."""
        typed = self.number.data or ""
        return typed_digits(typed, 2) or typed_digits(typed, 6)


class MailboxForm(AddressForm):
    """The address that an e-mail of ours came to: whoever can type it has the mailbox, as no page behind the link shows it."""

    email = StringField(_l("Your e-mail address"))

    def names(self, mailed: str) -> bool:
        """Whether the form holds this address in any spelling; if not, an error is added."""
        if not self.validate():
            return False
        if self.address.canonical == parse(mailed).canonical:
            return True
        self.email.errors = [_l("This is not the address that our e-mail came to.")]
        return False


class LinkForm(AddressForm):
    email = StringField(_l("E-mail"))
    campaign = SelectField(_l("Campaign"), validate_choice=False)


class OwnForm(PlaceForm):
    name = StringField(_l("Name"), [check_name], render_kw={"maxlength": MAX_NAME})
    country = SelectField(_l("Country you live in"), validate_choice=False)
    region = SelectField(_l("Province or city"), validate_choice=False)
    public_name = TickField(_l("Show my name on the campaign page"))
    updates = TickField(_l("Send me news of the campaign by e-mail"))
