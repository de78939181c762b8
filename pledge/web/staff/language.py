"""The language of the staff area: the person's setting; before sign-in the one chosen there, else the browser's."""

from urllib.parse import urlsplit

from flask import g, redirect, request, session
from werkzeug import Response

from pledge.accounts import services as accounts
from pledge.core import i18n, languages
from pledge.web.request_checks import allows
from pledge.web.staff.auth.access import me, page_of, public, staff_page
from pledge.web.staff.auth.carried_forms import CARRIED_BODY, carried, carried_form_page
from pledge.web.staff.auth.cookies import current_member
from pledge.web.staff.auth.sign_in import SignInForm, sign_in_page
from pledge.web.staff.blueprint import staff

_CHOSEN = "lang"


def choose() -> str:
    """The language of this request."""
    asked = request.args.get("lang", "")
    if (person := current_member()) is not None:
        return person.lang
    if asked in languages.codes():
        return asked
    return str(session.get(_CHOSEN) or i18n.wanted_language())


@staff.post("/language")
@allows(body=CARRIED_BODY)
@public
def language() -> Response:
    """Change the language and show the same page; or what was sent to it, to be sent again."""
    lang = request.form.get("lang", "")
    wanted = staff_page(request.form.get("next", "")) or "/staff/"
    path = urlsplit(wanted).path
    if page_of(path) != path:  # a form that was refused, or no page
        wanted = page_of(path)
    if lang in languages.codes():
        g.lang = lang
        if current_member() is None:
            session[_CHOSEN] = lang
        else:
            accounts.set_language(me().id, lang)
    if carried():
        return sign_in_page(SignInForm()) if current_member() is None else carried_form_page()
    return redirect(wanted, 303)
