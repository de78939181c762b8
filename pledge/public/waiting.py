""" "Check your mail": the code of the mail may be typed here, and the mail may be asked for again."""

from flask import Response, abort, make_response, render_template, request, url_for
from flask_babel import gettext as _

from pledge import i18n, tokens
from pledge.limits import limited, link_limit, token_limit
from pledge.public.blueprint import public
from pledge.public.forms import CodeForm
from pledge.public.pages import campaign_or_404, campaign_page
from pledge.public.signing import see_other
from pledge.signatures import services as signatures
from pledge.signatures.identifiers import read_ticket
from pledge.signatures.services import Confirmation
from pledge.tokens import BadToken, Purpose


@public.get("/c/<slug>/check/<ticket>")
def check(slug: str, ticket: str) -> Response:
    _submission(slug, ticket)
    return _page(slug, ticket, CodeForm(), 200)


def is_wrong(response: Response) -> bool:
    """Only wrong codes count against the limit, so a hall of people behind one address can type theirs."""
    return response.status_code in (404, 422)


@public.post("/c/<slug>/check/<ticket>", endpoint="check_post")
@limited(token_limit, deduct_when=is_wrong)
def check_post(slug: str, ticket: str) -> Response:
    signature_id = _submission(slug, ticket)
    form = CodeForm(request.form)
    if not form.validate():
        return _page(slug, ticket, form, 422)
    if signatures.confirm_by_code(signature_id, form.digits) is Confirmation.DONE:
        return see_other(url_for("public.confirm", token=tokens.mint(Purpose.CONFIRM, [signature_id])))
    # One wording for wrong, spent and unknown: another one would tell a stranger that this address has signed.
    form.code.errors = [_("This code does not work. Please use the newest mail, or ask for a new one below.")]
    return _page(slug, ticket, form, 422)


@public.post("/c/<slug>/check/<ticket>/resend")
@limited(link_limit)
def resend(slug: str, ticket: str) -> Response:
    signatures.resend(slug, _submission(slug, ticket), i18n.language())
    return see_other(url_for("public.check", slug=slug, ticket=ticket, resent=1))


def _submission(slug: str, ticket: str) -> int:
    try:
        return read_ticket(slug, ticket)
    except BadToken:
        abort(404)


def _page(slug: str, ticket: str, form: CodeForm, status: int) -> Response:
    page = campaign_page(campaign_or_404(slug))
    resent = request.args.get("resent") == "1"
    return make_response(
        render_template("public/check.html", page=page, ticket=ticket, form=form, resent=resent), status
    )
