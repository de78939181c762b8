"""Restoring typed text: after an expired session, after a change of language, after a file that could not be stored.

A form contains for whom its page was made (`form_owner`), so that what is sent after the session expired can be kept for
that person only; they find it in the form when they have signed in again.
"""

import json
from typing import Any

from flask import (
    flash,
    g,
    get_template_attribute,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from markupsafe import Markup
from werkzeug import Response as AnyResponse
from werkzeug.exceptions import HTTPException

from pledge.accounts import queries
from pledge.accounts.roles import Permission
from pledge.core import tokens
from pledge.core.tokens import BadToken, Purpose
from pledge.web.request_checks import is_clean
from pledge.web.staff import saved_forms
from pledge.web.staff.auth.access import AccessLevel, UndeclaredView, me, needed_permission
from pledge.web.staff.auth.cookies import current_member, this_session
from pledge.web.staff.blueprint import staff
from pledge.web.staff.filling import OWN_FIELDS, fill
from pledge.web.staff.pages import RESTORE, page_after_sign_in

#: Never stored, nor shown again.
SECRET_FIELDS = frozenset({"password", "again", "present"})
_SECRET_KEY = "AGE-SECRET-KEY-"  # noqa: S105  # how each of them begins, not one of them
_MAX_FIELDS = 100


@staff.errorhandler(CSRFError)
def on_lapsed_session(_error: CSRFError) -> AnyResponse:
    """A form came without the token of a session, mostly as that had expired: keep it for its owner, and let them sign in."""
    owner = _owner()
    if owner is None or not _is_of_a_member():
        return make_response(render_template("staff/auth/expired.html"), 400)
    page = page_after_sign_in()
    fields = _typed(list(request.form.items(multi=True)))
    if fields:
        token = saved_forms.save_form(owner, None, request.path, fields, has_files=saved_forms.has_files())
        page = saved_forms.restoring(page, token)
    if current_member() is not None:  # meanwhile, in another window
        return redirect(page, 303)
    person = queries.member(id=owner)
    if person is not None:
        session["lang"] = g.lang = person.lang
    if fields:
        flash(
            _(
                "Your session had ended, so nothing was saved. What you typed is kept for one hour: sign in, and it is back in its form."
            ),
            "warning",
        )
    else:
        flash(_("Your session had ended, so nothing was done. Please sign in and try again."), "warning")
    return redirect(url_for("staff.sign_in", next=page), 303)


def page_in_new_language(page: str) -> str:
    """The address of a page, with what was typed into one of its forms when the language was changed."""
    try:
        path, given = request.form.get("typed_path", ""), json.loads(request.form.get("typed") or "[]")
        fields = _typed([(str(name), str(value)) for name, value in given])
    except (ValueError, TypeError, RecursionError):
        return page
    if not fields or not path.startswith("/staff/") or len(fields) > _MAX_FIELDS:
        return page
    # JSON can escape what no form can hold.
    if not all(is_clean(name) and is_clean(value) for name, value in fields):
        return page
    token = saved_forms.save_form(me().id, this_session(), path, fields)
    return saved_forms.restoring(page, token)


@staff.app_template_global("form_owner")
def form_owner() -> str:
    """For whom the page of a form was made; "" before the sign-in."""
    if "form_owner" not in g:
        person = current_member()
        g.form_owner = "" if person is None else tokens.mint(Purpose.STAFF_FORM, [person.id])
    return str(g.form_owner)


@staff.app_template_global("typed_here")
def typed_here() -> dict[str, str]:
    """What was sent to the page that is being shown, for the button that changes its language."""
    if request.method != "POST" or current_member() is None:
        return {}
    try:
        fields = _typed(list(request.form.items(multi=True)))
    except HTTPException:  # it was too large, or no form
        return {}
    return {"path": request.path, "fields": json.dumps(fields, ensure_ascii=False)} if fields else {}


@staff.app_template_filter("restored")
def restored(page: str) -> str:
    """The content of a page; opened with `?restore=…`, its form is filled with what was typed, and a notice says so."""
    token = request.args.get(RESTORE, "")
    if request.method != "GET" or not token or current_member() is None:
        return page
    saved = saved_forms.find(token)
    if saved is None:
        return _notice(
            _(
                "What was typed is no longer available: it was kept for one hour, and only for the person who typed it."
            ),
            kind="warning",
        ) + Markup(page)  # noqa: S704  # rendered by Jinja
    filled = fill(str(page), saved.path, saved.fields)
    words = [_("This is what you had typed. It is not saved yet.")]
    if filled is None:
        words = [_("The form for what you had typed is no longer on this page. Here is what you typed.")]
    if saved.has_files:
        words.append(_("Please choose the file once more; files are not kept."))
    told = _notice(" ".join(words), kind="warning")
    if filled is not None:
        return told + Markup(filled)  # noqa: S704  # rendered by Jinja, the values escaped
    typed = Markup(render_template("staff/auth/typed.html", fields=saved.fields))  # noqa: S704  # the same
    return told + typed + Markup(page)  # noqa: S704  # the same


def _notice(text: str, **options: Any) -> Markup:
    return Markup(get_template_attribute("components/site/notice.html", "notice")(text, live=True, **options))  # noqa: S704  # a macro escapes


def _typed(fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What a person entered: without the page's own fields and the secret ones."""
    return [
        (name, value)
        for name, value in fields
        if name not in OWN_FIELDS | SECRET_FIELDS and not value.strip().upper().startswith(_SECRET_KEY)
    ]


def _owner() -> int | None:
    try:
        found = tokens.read(Purpose.STAFF_FORM, request.form.get("form_owner", ""))
    except BadToken:
        return None
    number = found.payload[0] if len(found.payload) == 1 and not found.expired else None
    return number if isinstance(number, int) else None


def _is_of_a_member() -> bool:
    """Whether the requested view is for signed-in people, and is answered with a page."""
    try:
        need = needed_permission(request.endpoint or "")
    except (UndeclaredView, KeyError):
        return False
    is_page = request.headers.get("Sec-Fetch-Dest", "document") == "document"
    return is_page and (isinstance(need, Permission) or need is AccessLevel.SIGNED_IN)
