"""The language of the staff area: the person's setting; before sign-in the one chosen there, else the browser's."""

from urllib.parse import urlsplit

from flask import redirect, request, session
from werkzeug import Response

from pledge.accounts import services as accounts
from pledge.core import i18n, languages
from pledge.web.request_checks import allows
from pledge.web.staff.auth.access import me, public
from pledge.web.staff.auth.cookies import current_member
from pledge.web.staff.auth.restoring import page_in_new_language
from pledge.web.staff.blueprint import staff
from pledge.web.staff.pages import page_of, staff_page

_CHOSEN = "lang"
#: Two long texts as JSON in a form.
TYPED_BODY = 1024 * 1024


def choose() -> str:
    """The language of this request."""
    asked = request.args.get("lang", "")
    if (person := current_member()) is not None:
        return person.lang
    if asked in languages.codes():
        return asked
    return str(session.get(_CHOSEN) or i18n.wanted_language())


@staff.post("/language")
@allows(body=TYPED_BODY)
@public
def language() -> Response:
    """Change the language and show the same page, with what was typed into it."""
    lang = request.form.get("lang", "")
    wanted = staff_page(request.form.get("next", "")) or "/staff/"
    path = urlsplit(wanted).path
    if page_of(path) != path:  # a form that was refused, or no page
        wanted = page_of(path)
    if lang in languages.codes() and current_member() is None:
        session[_CHOSEN] = lang
    elif lang in languages.codes():
        accounts.set_language(me().id, lang)
        wanted = page_in_new_language(wanted)
    return redirect(wanted, 303)
