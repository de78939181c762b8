"""A short form to write to whoever answers for the site or for a campaign. What is sent becomes a mail; the answer is the same for everybody."""

from dataclasses import replace

from flask import Response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_limiter import RateLimitExceeded
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.fields import Field
from wtforms.validators import DataRequired, Length

from pledge.campaigns.senders import addressee
from pledge.core import i18n, urls
from pledge.mail import contact as letters
from pledge.mail.contact import MAX_MESSAGE, ContactMessage
from pledge.signatures.services import MAX_NAME
from pledge.web import limits
from pledge.web.public.admission import ProofAnswer, read_answer
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import PAGE_CACHE
from pledge.web.public.form_pages import proof_page, see_other
from pledge.web.public.forms import ProvableForm, check_name
from pledge.web.templating import render_page

_LENGTH = Length(max=MAX_MESSAGE, message=_l("A message can have up to 3,000 characters."))

#: Messages from one network (limits.py), and from everybody together; above that one needs a proof of work.
NETWORK_LIMIT, SITE_LIMIT = "10 per hour", "300 per hour"


def contact_limit() -> str:
    return NETWORK_LIMIT


class ContactForm(ProvableForm):
    campaign = HiddenField()  #: its slug; the message is about the site where no public campaign has it
    name = StringField(_l("Name"), render_kw={"maxlength": MAX_NAME})
    email = StringField(_l("E-mail"))
    #: Browsers send a line break as two characters and count it as one.
    message = TextAreaField(
        _l("Message"),
        [DataRequired(_l("Please write what it is about.")), _LENGTH],
        filters=[lambda text: (text or "").replace("\r\n", "\n")],
    )

    def validate_name(self, field: Field) -> None:
        if (field.data or "").strip():
            check_name(self, field)


@public.page("/contact", cache=replace(PAGE_CACHE, reads=("campaign",)))
def contact() -> Response:
    return _page(ContactForm(campaign=request.args.get("campaign", "")))


@public.act("/contact")
def contact_post() -> Response:
    form = ContactForm(request.form)
    if not form.validate():
        return _page(form, 422)
    answer = read_answer(form)
    if answer is not ProofAnswer.PROVED:  # it was counted when it was sent without
        try:
            _count()
        except RateLimitExceeded:
            form.message.errors = [
                _(
                    "Many messages are coming in just now. Please send it again later, or write an e-mail to %(address)s.",
                    address=urls.contact(),
                )
            ]
            return _page(form, 429, limits.seconds_to_wait())
        if limits.hit(SITE_LIMIT, "contact of all") is not None:
            return proof_page(form, answer, address=urls.contact())
    letter = ContactMessage((form.name.data or "").strip(), form.address.mailed, form.message.data)
    about = addressee(form.campaign.data or "")
    if about is None:
        letters.write(letter, i18n.language())
    else:
        title = about.title.in_language(i18n.language())
        letters.write(replace(letter, campaign=title, to=about.reply_to), i18n.language(), about.id)
    return see_other(url_for("public.contact_sent"))


@public.page("/contact/sent", cache=PAGE_CACHE)
def contact_sent() -> Response:
    return _page(None)


def _page(form: ContactForm | None, status: int = 200, retry_after: int | None = None) -> Response:
    about = addressee(form.campaign.data or "") if form else None
    return render_page("public/campaign/contact.html", status, retry_after, form=form, about=about)


@limits.limited(contact_limit, scope="contact")
def _count() -> None:
    """Count one more message of the network and its block."""
