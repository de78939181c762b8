"""Forms that go on in hidden fields: through the sign-in when their session had ended, and through a change of language.

A form contains for whom its page was made (`form_owner`): it can be sent again only by that person (docs/adr/0083).
"""

from contextlib import suppress
from urllib.parse import urlsplit

from flask import Response, flash, g, make_response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug import Response as AnyResponse
from werkzeug.exceptions import HTTPException

from pledge.core import tokens
from pledge.core.tokens import BadToken, Purpose
from pledge.web.request_checks import is_clean
from pledge.web.routes import Body
from pledge.web.staff.auth.access import page_of, staff_page
from pledge.web.staff.auth.cookies import current_member
from pledge.web.staff.blueprint import staff

#: Of a request that carries a form: two long texts.
CARRIED_BODY = Body(1024 * 1024)
#: Before the names of carried fields; the fields that say where the form goes, whose it is, and which files it had.
_CARRIED = "carried:"
_PATH, _OWNER, _FILE = f"{_CARRIED}-path", f"{_CARRIED}-owner", f"{_CARRIED}-file"
#: Before the names of the fields by which a second factor is shown (step_up.py).
FACTOR = "factor-"
#: Never put into a page again.
SECRET_FIELDS = frozenset({"password", "again", "present"})
#: Fields that each page sets itself.
_OWN_FIELDS = frozenset({"csrf_token", "form_owner"})


def typed_fields() -> list[tuple[str, str]]:
    """What was sent, without the page's own fields, the secret ones, those of the second factor and parts that have no name."""
    return [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name and name not in _OWN_FIELDS | SECRET_FIELDS and not name.startswith((_CARRIED, FACTOR))
    ]


@staff.app_template_global("carried")
def carried() -> list[tuple[str, str]]:
    """The hidden fields by which a form goes through the sign-in; empty when there is none."""
    if "carried" not in g:
        g.carried = []
        with suppress(HTTPException):  # it was too large, or no form
            sent = request.form.items(multi=True)
            # A part of a multipart body may come without a name; Werkzeug's name for it is None.
            g.carried = [(name, value) for name, value in sent if name and name.startswith(_CARRIED)]
    fields: list[tuple[str, str]] = g.carried
    return fields


@staff.app_template_global("typed_here")
def typed_here() -> list[tuple[str, str]]:
    """What was sent to the page that is being shown, to be carried through a change of language."""
    if request.method != "POST" or current_member() is None or carried():
        return []
    try:
        fields = typed_fields()
    except HTTPException:  # it was too large, or no form
        return []
    # A page with an error may be the answer to a form that no page can hold.
    is_whole = fields and all(is_clean(part) for field in fields for part in field)
    return as_carried(fields) if is_whole else []


def carried_form_page() -> AnyResponse:
    """The carried form, with its button: it is sent by pressing that, so through every check. Only to whoever typed it."""
    form = dict(carried())
    path = staff_page(form.get(_PATH, "")) or ""
    if owner_of(form.get(_OWNER, "")) != getattr(current_member(), "id", 0) or not path:
        flash(_("What was typed here before was not sent: somebody else had typed it."), "warning")
        return redirect("/staff/", 303)
    fields = [
        (name.removeprefix(_CARRIED), value)
        for name, value in carried()
        if not name.startswith(f"{_CARRIED}-")
    ]
    files = [value for name, value in carried() if name == _FILE]
    g.carried = []
    return send_again_page(path, fields, files)


def send_again_page(
    action: str, fields: list[tuple[str, str]], files: list[str] | None = None, *, is_file: bool = False
) -> Response:
    """A form that was sent before, filled in, with its button; `is_file` when it is answered with a file."""
    page = page_of(urlsplit(action).path)
    shown = render_template(
        "staff/auth/send_again.html",
        action=action,
        fields=fields,
        files=files or [],
        is_file=is_file,
        page=page,
    )
    return make_response(shown)


@staff.app_template_global("form_owner")
def form_owner() -> str:
    """For whom the page of a form was made; "" before the sign-in."""
    if "form_owner" not in g:
        person = current_member()
        g.form_owner = "" if person is None else tokens.mint(Purpose.STAFF_FORM, [person.id])
    return str(g.form_owner)


def as_carried(fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The hidden fields that carry these, which were sent with this request."""
    sent = [(_FILE, name) for name, file in request.files.items() if file.filename]
    about = [
        (_PATH, request.full_path.rstrip("?")),
        (_OWNER, request.form.get("form_owner") or form_owner()),
    ]
    return [*about, *sent, *((f"{_CARRIED}{name}", value) for name, value in fields)]


def owner_of(token: str) -> int | None:
    """For whom the page of a form was made; None for anything but an unexpired token of ours."""
    try:
        owner = tokens.read(Purpose.STAFF_FORM, token)
    except BadToken:
        return None
    number = owner.payload[0] if len(owner.payload) == 1 and not owner.expired else None
    return number if isinstance(number, int) else None
