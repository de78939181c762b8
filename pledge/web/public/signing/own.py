"""Pages that only a person's own page has: name, choices, stopping the news, receipts."""

from flask import Response, make_response, render_template, request
from flask_babel import gettext as _

from pledge.core import i18n
from pledge.core.tokens import Purpose
from pledge.ledger.services import Place
from pledge.signatures import own
from pledge.signatures.queries import SignatureView, own_signature
from pledge.signatures.receipts import receipt
from pledge.web.limits import limited, link_limit
from pledge.web.public.mailed_links.journey import FORM, ask, done, mailed_link, route
from pledge.web.public.mailed_links.own import back_to_own_page, own_page
from pledge.web.public.mailed_links.subject import DonePage, Question, Subject
from pledge.web.public.signing.forms import OwnForm
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


@route("/unsubscribe/<token>", of=[SIGNATURE], methods=FORM)
@one_click
@mailed_link
def unsubscribe(subject: Subject, token: str) -> Response:
    if request.method == "POST":
        own.unsubscribe(token)
    elif own_signature(token, i18n.language(), Purpose.UNSUBSCRIBE).row.updates:
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


@route("/me/<token>/receipt", of=[SIGNATURE])
@mailed_link
def me_receipt(subject: Subject, token: str) -> Response:
    back = subject.url("me", token=token)
    return _receipt(own_signature(token, i18n.language()), back)


def _receipt(signature: SignatureView, back: str) -> Response:
    """The small file that proves, without us, that a signature is in the public log."""
    found = receipt(signature.row.id)
    if found is None:
        return _no_receipt(signature, back)
    response = Response(found.content, content_type="text/plain; charset=utf-8")
    name = f"{signature.campaign.slug}-{found.index}.tlog-proof"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _no_receipt(signature: SignatureView, back: str) -> Response:
    """Not counted, or not in the published log yet: in that case the page reloads by itself."""
    soon = signature.row.confirmed_at is not None and signature.row.state == "confirmed"
    page = render_template(
        "public/signing/no_receipt.html", page=signature.campaign, back=back, again=SOON if soon else None
    )
    response = make_response(page, 404)
    if soon:
        response.headers["Retry-After"] = str(SOON)
    return response
