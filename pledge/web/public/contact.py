"""A short form to write to whoever answers for the site. What is sent becomes a mail; the answer is the same for everybody."""

from flask import Response, request, url_for
from flask_babel import lazy_gettext as _l
from flask_limiter import RateLimitExceeded
from wtforms import StringField, TextAreaField
from wtforms.fields import Field
from wtforms.validators import ValidationError

from pledge.core import i18n
from pledge.core.text.lines import has_letters, is_readable_text
from pledge.mail import contact as letters
from pledge.mail.contact import MAX_MESSAGE, Letter
from pledge.web import limits
from pledge.web.caching import cached
from pledge.web.forms import see_other
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import PAGE_CACHE
from pledge.web.public.signing.forms import AddressForm, check_name
from pledge.web.templating import render_page


class ContactForm(AddressForm):
    name = StringField(_l("Name"))
    email = StringField(_l("E-mail"))
    message = TextAreaField(_l("Message"))

    def validate_name(self, field: Field) -> None:
        if (field.data or "").strip():
            check_name(self, field)

    def validate_message(self, field: Field) -> None:
        text = field.data or ""
        if not has_letters(text):
            raise ValidationError(_l("Please write what it is about."))
        if len(text) > MAX_MESSAGE:
            raise ValidationError(_l("A message can have up to 3,000 characters."))
        if not is_readable_text(text.replace("\r\n", "\n")):
            raise ValidationError(_l("The message has characters that cannot be read. Please type it again."))


@public.get("/contact")
@cached(PAGE_CACHE)
def contact() -> Response:
    return render_page("public/campaign/contact.html", form=ContactForm())


@public.post("/contact")
def contact_post() -> Response:
    form = ContactForm(request.form)
    if not form.validate():
        return render_page("public/campaign/contact.html", 422, form=form)
    try:
        _count()
    except RateLimitExceeded:
        seconds = limits.seconds_to_wait()
        form.message.errors = [
            _l("Many messages came from your network just now. Please send it again a little later.")
        ]
        response = render_page("public/campaign/contact.html", 429, form=form)
        response.headers["Retry-After"] = str(seconds)
        return response
    text = form.message.data.replace("\r\n", "\n").strip()
    letters.write(Letter((form.name.data or "").strip(), form.address.mailed, text), i18n.language())
    return see_other(url_for("public.contact_sent"))


@public.get("/contact/sent")
@cached(PAGE_CACHE)
def contact_sent() -> Response:
    return render_page("public/campaign/contact.html", form=None)


@limits.limited(limits.link_limit, scope="contact")
def _count() -> None:
    """Count one more message."""
