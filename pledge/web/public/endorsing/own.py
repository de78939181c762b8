"""Pages that only an organisation's own page has: correct what is shown, prove the website, hand over to another person."""

from collections.abc import Callable
from dataclasses import asdict
from functools import wraps

from flask import Response, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import CombinedMultiDict

from pledge.campaigns.mailed_links import LinkState
from pledge.core import i18n, languages
from pledge.core.text import markdown
from pledge.core.tokens import BadToken
from pledge.endorsements import handover, own
from pledge.endorsements.applicants import open_contact_link, own_endorsement
from pledge.endorsements.identifiers import read_contact_token
from pledge.files.services import UnknownFile
from pledge.web.limits import limited, link_limit
from pledge.web.public.campaign import logos
from pledge.web.public.endorsing.forms import ContactForm, CorrectionForm, TakeOverForm
from pledge.web.public.endorsing.subject import ENDORSEMENT
from pledge.web.public.mailed_links.journey import FORM, ask, done, mailed_link, route, show
from pledge.web.public.mailed_links.own import back_to_own_page, own_page
from pledge.web.public.mailed_links.subject import Question, Subject
from pledge.web.public.signing.sign import see_other
from pledge.web.request_checks import allows

NOT_THE_CONTACT = Question(
    title=_l("This is not me"),
    heading=_l("Do you not speak for this organisation?"),
    lead=_l("Press the button: we delete your details and send no e-mail to this address for 30 days."),
    notes=(
        _l(
            "Without your confirmation nothing changes. If you do nothing, your details are deleted after 14 days."
        ),
    ),
    button=_l("Delete them and stop e-mails"),
    back=_l("It is me: back to confirming"),
)


def while_possible(view: Callable[[Subject, str], Response]) -> Callable[[Subject, str], Response]:
    """Decorate a view of a mailed link: an act that the state no longer allows gets the own page, which shows the state."""

    @mailed_link
    @wraps(view)
    def guarded(subject: Subject, token: str) -> Response:
        try:
            return view(subject, token)
        except own.EndorsementInWrongState:
            return own_page(subject, token, own_endorsement(token, i18n.language()), 409, changed=True)

    return guarded


@route("/endorse/me/<token>/correct", of=[ENDORSEMENT], methods=FORM)
@allows(body=logos.MAX_FORM, parts=logos.MAX_FIELDS)
@limited(link_limit, methods=["POST"])
@while_possible
def correct(subject: Subject, token: str) -> Response:
    endorsement = own_endorsement(token, i18n.language())
    if endorsement.state not in own.CORRECTABLE:  # before a picture is taken
        raise own.EndorsementInWrongState
    content = endorsement.newest.content
    if request.method != "POST":
        form = CorrectionForm(
            **languages.as_fields(asdict(content)),
            contact_name=endorsement.contact_name,
            contact_title=endorsement.contact_title,
            show_contact=endorsement.show_contact,
        )
        form.logo_name = content.logo
        return show("public/endorsing/correct.html", subject, endorsement, form=form, token=token)
    form = CorrectionForm(CombinedMultiDict([request.files, request.form]))
    if all((form.validate(), logos.take(form, own=content.logo))):
        try:
            waits = own.correct(
                token,
                form.content(),
                name=form.contact_name.data or "",
                title=form.contact_title.data or "",
                show=form.show_contact.data,
            )
            return back_to_own_page(subject, token, "sent" if waits else "saved")
        except UnknownFile:
            logos.refuse(form)
    return show("public/endorsing/correct.html", subject, endorsement, 422, form=form, token=token)


@route("/endorse/me/<token>/contact", of=[ENDORSEMENT], methods=FORM)
@limited(link_limit, methods=["POST"])
@while_possible
def change_contact(subject: Subject, token: str) -> Response:
    endorsement = own_endorsement(token, i18n.language())
    if endorsement.state not in own.CORRECTABLE:
        raise own.EndorsementInWrongState
    form, is_sent = ContactForm(request.form or None), request.method == "POST"
    if is_sent and form.validate():
        try:
            handover.ask(
                token,
                name=form.contact_name.data or "",
                title=form.contact_title.data or "",
                mailbox=form.address,
                lang=i18n.language(),
            )
            return back_to_own_page(subject, token, "asked")
        except handover.SamePerson:
            form.email.errors = [_("This person speaks for the organisation already.")]
    status = 422 if is_sent else 200
    return show("public/endorsing/change_contact.html", subject, endorsement, status, form=form, token=token)


@route("/endorse/me/<token>/contact/cancel", of=[ENDORSEMENT], methods=["POST"])
@mailed_link
def cancel_contact(subject: Subject, token: str) -> Response:
    handover.cancel(token)
    return back_to_own_page(subject, token, "cancelled")


@route("/endorse/me/<token>/site", of=[ENDORSEMENT], methods=["POST"])
@limited(link_limit)
@while_possible
def check_site(subject: Subject, token: str) -> Response:
    return back_to_own_page(subject, token, "proved" if own.check_website(token) else "not_proved")


@route("/endorse/contact/<token>", of=[ENDORSEMENT], methods=FORM)
@mailed_link
def take_over(subject: Subject, token: str) -> Response:
    """Show what the new person takes over, with a button; afterwards, the way to the own page."""
    form, status, speaks_already = TakeOverForm(request.form or None), 200, False
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                endorsement_id, number, expired = read_contact_token(token)
                if not expired and handover.accept(endorsement_id, number, markdown.privacy_version()):
                    return see_other(subject.url("take_over", token=token))
                status = 410
            except handover.AlreadySpokesperson:
                speaks_already, status = True, 409
    link = open_contact_link(token, i18n.language())
    if link.record is not None and link.state is LinkState.CONFIRMED:
        me_token = None if link.expired else subject.own_token(link.record)
        return show("public/endorsing/contact_done.html", subject, link.record, me_token=me_token)
    if link.record is None or link.state is not LinkState.PENDING:
        raise BadToken
    return show(
        "public/endorsing/contact.html",
        subject,
        link.record,
        status,
        token=token,
        form=form,
        speaks_already=speaks_already,
    )


@route("/endorse/contact/<token>/not-me", of=[ENDORSEMENT], methods=FORM)
@mailed_link
def not_the_contact(subject: Subject, token: str) -> Response:
    if request.method == "POST":
        if not handover.refuse(token):
            raise BadToken
        return done(subject.not_mine_done)
    if open_contact_link(token, i18n.language()).state not in (LinkState.PENDING, LinkState.EXPIRED):
        raise BadToken
    return ask(NOT_THE_CONTACT, subject.url("take_over", token=token))
