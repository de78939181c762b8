"""The language of the staff area: the person's own setting; before sign-in what was chosen there, else the browser's."""

from flask import redirect, request, session
from flask_login import current_user
from werkzeug import Response

from pledge import i18n
from pledge.accounts import services as accounts
from pledge.staff.access import for_everybody, me, own_page
from pledge.staff.blueprint import staff

_CHOSEN = "lang"


def choose() -> str:
    """`ko` or `en` for this request."""
    asked = request.args.get("lang", "")
    if current_user.is_authenticated:
        return me().lang
    if asked in i18n.LANGUAGES:
        return asked
    return str(session.get(_CHOSEN) or i18n.wanted_language())


@staff.post("/language")
@for_everybody
def language() -> Response:
    lang = request.form.get("lang", "")
    if lang in i18n.LANGUAGES:
        if current_user.is_authenticated:
            accounts.set_language(me().id, lang)
        else:
            session[_CHOSEN] = lang
    return redirect(own_page(request.form.get("next", "")) or "/staff/", 303)
