"""On one's own page: agreeing later to stand in a list of names, and taking that back at any time."""

from flask import Response, request, url_for
from flask_babel import gettext as _

from pledge import i18n
from pledge.campaigns.list_terms import NotAsked
from pledge.public.blueprint import public
from pledge.public.forms import ListForm
from pledge.public.own import me_page, own_form, own_page
from pledge.public.signing import see_other
from pledge.signatures import own
from pledge.signatures.queries import own_signature


@public.post("/me/<token>/list")
@own_page
def me_list(token: str) -> Response:
    form = ListForm(request.form)
    if not form.validate():
        return _page(token, form, 422)
    try:
        own.agree_to_list(token, form.version)
    except NotAsked:
        form.list_consent.data = False
        form.list_consent.errors = [
            _("The terms have changed meanwhile. Please read what is asked now. Nothing was changed.")
        ]
        return _page(token, form, 409)
    return _back(token)


@public.post("/me/<token>/list/refuse")
@own_page
def me_list_refuse(token: str) -> Response:
    own.refuse_list(token)
    return _back(token)


def _page(token: str, form: ListForm, status: int) -> Response:
    signature = own_signature(token, i18n.language())
    return me_page(token, signature, own_form(signature), status, form)


def _back(token: str) -> Response:
    return see_other(url_for("public.me", token=token, saved=1))
