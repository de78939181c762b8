"""Pages that only a person's own page has: name, choices, consent to a list of names, stopping the news, receipts."""

from flask import Response, make_response, render_template, request
from flask_babel import gettext as _

from pledge.campaigns.list_terms import TermsNotOffered
from pledge.campaigns.mailed_links import LinkState
from pledge.core import i18n
from pledge.core.tokens import Purpose
from pledge.ledger.services import Place
from pledge.signatures import own, services
from pledge.signatures.places import set_region_by_link
from pledge.signatures.queries import SignatureView, open_link, own_signature
from pledge.signatures.receipts import receipt
from pledge.web.limits import limited, link_limit
from pledge.web.public.mailed_links.journey import (
    FORM,
    ask,
    counted,
    done,
    mailed_link,
    problem,
    route,
    thanks,
)
from pledge.web.public.mailed_links.own import back_to_own_page, own_page
from pledge.web.public.mailed_links.subject import DonePage, Question, Subject
from pledge.web.public.signing.forms import ListForm, OwnForm, RegionForm
from pledge.web.public.signing.sign import see_other
from pledge.web.public.signing.subject import SIGNATURE
from pledge.web.request_checks import one_click

#: Seconds after which the fold has surely counted a confirmation.
SOON = 2


@route("/me/<token>/consents", of=[SIGNATURE], methods=["POST"])
@limited(link_limit)
@mailed_link
def me_consents(subject: Subject, token: str) -> Response:
    form = OwnForm(request.form)
    if not form.validate():
        return own_page(subject, token, own_signature(token, i18n.language()), 422, form=form)
    own.change(
        token,
        name=form.name.data or "",
        place=Place(form.country.data, form.region.data or None),
        public_name=form.public_name.data,
        updates=form.updates.data,
    )
    return back_to_own_page(subject, token, "saved")


@route("/me/<token>/list", of=[SIGNATURE], methods=["POST"])
@mailed_link
def me_list(subject: Subject, token: str) -> Response:
    form, status = ListForm(request.form), 422
    if form.validate():
        try:
            own.agree_to_list(token, form.version)
            return back_to_own_page(subject, token, "agreed")
        except TermsNotOffered:
            form.list_consent.data, status = False, 409
            form.list_consent.errors = [
                _(
                    "The terms have changed in the meantime. Please read what is asked now. Nothing was changed."
                )
            ]
    return own_page(subject, token, own_signature(token, i18n.language()), status, list_form=form)


@route("/me/<token>/list/refuse", of=[SIGNATURE], methods=["POST"])
@mailed_link
def me_list_refuse(subject: Subject, token: str) -> Response:
    own.refuse_list(token)
    return back_to_own_page(subject, token, "refused")


@route("/unsubscribe/<token>", of=[SIGNATURE], methods=FORM)
@one_click
@mailed_link
def unsubscribe(subject: Subject, token: str) -> Response:
    if request.method == "POST":
        own.unsubscribe(token)
    elif own_signature(token, i18n.language(), Purpose.UNSUBSCRIBE).updates:
        return ask(
            Question(
                title=_("Stop the news e-mails?"),
                heading=_("Stop the news e-mails?"),
                lead=_(
                    "We will send you no more news of the campaign. Your signature stays and is counted as before."
                ),
                button=_("Stop the news e-mails"),
            )
        )
    return done(
        DonePage(
            _("No more news by e-mail"),
            _("We no longer send you news of the campaign. Your signature stays and is counted as before."),
        )
    )


@route("/confirm/<token>/region", of=[SIGNATURE], methods=["POST"])
@mailed_link
def confirm_region(subject: Subject, token: str) -> Response:
    """Where somebody lives, asked on the page with the thanks."""
    form = RegionForm(request.form)
    if form.validate():
        set_region_by_link(token, form.region.data or None)
        return see_other(subject.url("confirm", token=token, region=1, _anchor="done"))
    link = open_link(token, i18n.language())
    if link.state is not LinkState.CONFIRMED or link.expired:
        return problem(subject, link, token, 410)
    return thanks(subject, link, token, 422, region_form=form)


@route("/confirm/<token>/no-mail", of=[SIGNATURE], methods=["POST"])
@mailed_link
def confirm_no_mail(subject: Subject, token: str) -> Response:
    """No mail with thanks, which goes out ten minutes after confirming."""
    done = {"declined": 1, "_anchor": "done"} if services.decline_thanks(token) else {}
    return see_other(subject.url("confirm", token=token, **done))


@route("/confirm/<token>/counted", of=[SIGNATURE])
@mailed_link
def confirm_counted(subject: Subject, token: str) -> Response:
    """The number, for the page with the thanks."""
    link = subject.open_link(token, i18n.language())
    if link.record is None or link.state is not LinkState.CONFIRMED:
        return problem(subject, link, token, 410)
    return counted(link.record.campaign, link.record.number)


@route("/confirm/<token>/receipt", of=[SIGNATURE])
@mailed_link
def confirm_receipt(subject: Subject, token: str) -> Response:
    """Like the own page, the receipt is not for holders of an old link: the mailbox gets a new one."""
    link = open_link(token, i18n.language())
    back = subject.url("confirm", token=token)
    if link.state in (LinkState.PENDING, LinkState.HELD):
        return see_other(back)
    if link.state is LinkState.CONFIRMED and link.expired:
        return see_other(back)
    if link.record is None or link.state is not LinkState.CONFIRMED:
        return problem(subject, link, token, 410)
    return _receipt(link.record, back)


@route("/me/<token>/receipt", of=[SIGNATURE])
@mailed_link
def me_receipt(subject: Subject, token: str) -> Response:
    back = subject.url("me", token=token)
    return _receipt(own_signature(token, i18n.language()), back)


def _receipt(signature: SignatureView, back: str) -> Response:
    """The small file that proves, without us, that a signature is in the public log."""
    found = receipt(signature.id)
    if found is None:
        return _no_receipt(signature, back)
    response = Response(found.content, content_type="text/plain; charset=utf-8")
    name = f"{signature.campaign.slug}-{found.index}.tlog-proof"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _no_receipt(signature: SignatureView, back: str) -> Response:
    """Not counted, or not in the published log yet: in that case the page reloads by itself."""
    soon = signature.confirmed_at is not None and signature.state == "confirmed"
    page = render_template(
        "public/signing/no_receipt.html", page=signature.campaign, back=back, again=SOON if soon else None
    )
    response = make_response(page, 404)
    if soon:
        response.headers["Retry-After"] = str(SOON)
    return response
