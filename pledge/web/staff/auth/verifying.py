"""Showing the second factor again before acts that cannot be undone; then the act is carried out."""

from typing import Any
from urllib.parse import urlsplit

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug import Response

from pledge.accounts.saved_requests import SavedRequest
from pledge.web.staff import saved_forms
from pledge.web.staff.auth.access import (
    hands_out_file,
    mark_second_factor,
    me,
    requires_password,
    requires_sign_in,
)
from pledge.web.staff.auth.sign_in import SecondFactorForm, SignInAgainForm
from pledge.web.staff.auth.throttling import form_page
from pledge.web.staff.blueprint import staff
from pledge.web.staff.pages import staff_page


@staff.get("/verify")
@requires_password
def verify() -> Response:
    return _page(_form()) if me().has_second_factor else redirect(url_for("staff.enrol"), 303)


@staff.post("/verify")
@requires_password
def verify_post() -> Response:
    member = me()
    if not member.totp_secret:
        return redirect(url_for("staff.verify", **going_on()), 303)
    form = _form(request.form)
    if form.accepts_app_code(member):
        mark_second_factor(alone=not isinstance(form, SignInAgainForm))
        return go_on()
    return _page(form)


@staff.get("/verify/file")
@requires_sign_in
def verify_file() -> Response:
    """The form that asked for a file, filled in, with its button: one answer cannot be a page and a file."""
    saved = _kept()
    if saved is None:
        return _too_late()
    fields = [(name, value) for name, value in saved.fields if name != "csrf_token"]
    return make_response(
        render_template("staff/auth/verify_file.html", action=saved.address, fields=fields, page=_back())
    )


def go_on() -> Response:
    """The second factor was shown: carry out the kept form and say so, or go where the person was going."""
    if not request.args.get("saved"):
        return redirect(_back(), 303)
    saved = _kept()
    if saved is None:
        return _too_late()
    if saved.has_files:
        return redirect(saved_forms.restoring(saved.page, request.args["saved"]), 303)
    if hands_out_file(saved_forms.endpoint_of(saved)):
        return redirect(url_for("staff.verify_file", **going_on()), 303)
    saved = saved_forms.take(request.args["saved"])
    if saved is None:  # carried out by a second click meanwhile
        return _too_late()
    response = saved_forms.carry_out(saved)
    is_asked_again = urlsplit(response.location or "").path == url_for("staff.verify")
    if 300 <= response.status_code < 400 and not is_asked_again:
        flash(_("Your second factor was accepted, and what you had asked for has now been done."), "done")
    return response


def going_on() -> dict[str, Any]:
    """Where to go on according to this request, for the address of the next."""
    next_page, more = staff_page(request.args.get("next", "")), ("saved", "sign_in")
    return {"next": next_page, **{name: request.args.get(name) or None for name in more}}


def _form(sent: Any = None) -> SecondFactorForm:
    # Whoever leaves `sign_in` out of the address is asked again by the view that needs it.
    return SignInAgainForm(sent) if request.args.get("sign_in") else SecondFactorForm(sent)


def _kept() -> SavedRequest | None:
    return saved_forms.find(request.args.get("saved", ""))


def _back() -> str:
    return staff_page(request.args.get("next", "")) or url_for("staff.account")


def _too_late() -> Response:
    flash(
        _(
            "This was kept for ten minutes and for one use. It was not done now; if it is still needed, please send it again."
        ),
        "warning",
    )
    return redirect(_back(), 303)


def _page(form: SecondFactorForm) -> Response:
    return form_page(
        "staff/auth/verify.html",
        form,
        form.wait,
        member=me(),
        going_on=going_on(),
        back=_back(),
        waits=bool(request.args.get("saved")) and _kept() is not None,
    )
