"""Asking for the second factor again before acts that cannot be undone (docs/adr/0083).

The page that asks carries the form that was sent, as hidden fields. It posts them to the same address, together with the code
or the passkey, so the act goes through its own view with every check.
"""

from typing import Any

from flask import after_this_request, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug import Response

from pledge.accounts.models import StaffMember
from pledge.accounts.passkeys import PasskeyRefused
from pledge.web.routes import AccessLevel, Ask
from pledge.web.staff.auth.access import (
    SHOWN_AT,
    SIGNED_IN_AT,
    SecondFactorNeeded,
    asks,
    asks_factor_now,
    guard,
    mark_second_factor,
    me,
    page_after_sign_in,
    staff_page,
    was_shown_lately,
)
from pledge.web.staff.auth.carried_forms import FACTOR, SECRET_FIELDS, send_again_page, typed_fields
from pledge.web.staff.auth.cookies import current_member
from pledge.web.staff.auth.factors import check_verification, flash_refusal, verification_options
from pledge.web.staff.auth.sign_in import SecondFactorForm, SignInAgainForm
from pledge.web.staff.blueprint import staff
from pledge.web.staff.forms import form_page


@staff.before_request
def accept_second_factor() -> Response | None:
    """Check the second factor that a form shows; the page that asks for it when it is wrong, or when a passkey is to be used."""
    member = current_member()
    if request.method != "POST" or member is None:
        return None
    if not any(name.startswith(FACTOR) for name in request.form):
        return None
    if (page := _unaccepted(member)) is not None:
        return page
    if Ask.FILE in (asks(request.endpoint or "") or Ask.NOTHING):  # one answer cannot be a page and a file
        return send_again_page(request.full_path.rstrip("?"), typed_fields(), is_file=True)
    if request.endpoint != "staff.verify":
        after_this_request(_say_done)
    return None


@staff.before_request
def ask_for_second_factor() -> None:
    """Ask for the second factor where the view declares it, except from whoever sets up their first. Raises SecondFactorNeeded."""
    if asks_factor_now(request.endpoint or ""):
        raise SecondFactorNeeded(sign_in=guard(request.endpoint or "") == SIGNED_IN_AT)


def _unaccepted(member: StaffMember) -> Response | None:
    """Check a passkey or a code; the page that asks again, None when it was right."""
    if f"{FACTOR}credential" in request.form:
        try:
            check_verification(request.form[f"{FACTOR}credential"])
        except PasskeyRefused as error:
            flash_refusal(error)
            return _page(_form())
        mark_second_factor()
        return None
    if f"{FACTOR}passkey" in request.form:
        return _page(_form(), options=verification_options())
    form = _form(request.form)
    if not member.totp_secret or not form.accepts_app_code(member):
        return _page(form)
    mark_second_factor(alone=not isinstance(form, SignInAgainForm))
    return None


@staff.errorhandler(SecondFactorNeeded)
def on_second_factor_needed(needed: SecondFactorNeeded) -> Response:
    """The page that asks, carrying the form; for an opened page and for passwords, which are never repeated, it leads back."""
    if request.method == "POST" and not SECRET_FIELDS & request.form.keys():
        return _page(_form(sign_in=needed.sign_in))
    if request.method == "POST":
        flash(_("Nothing was changed yet. Please enter the passwords once more after this."), "warning")
    return redirect(
        url_for("staff.verify", next=page_after_sign_in(), sign_in="y" if needed.sign_in else None), 303
    )


@staff.page("/verify", needs=AccessLevel.BEFORE_MFA, asks=Ask.NOTHING)
def verify() -> Response:
    """Ask for the second factor, and go on once it was shown, which `accept_second_factor` has seen."""
    if not me().has_second_factor:
        return redirect(url_for("staff.enrol"), 303)
    sign_in = bool(request.args.get("sign_in"))
    if request.method != "POST" or not was_shown_lately(SIGNED_IN_AT if sign_in else SHOWN_AT):
        return _page(_form(sign_in=sign_in))
    return redirect(staff_page(request.args.get("next", "")) or url_for("staff.account"), 303)


def _form(sent: Any = None, *, sign_in: bool = False) -> SecondFactorForm:
    # Whoever leaves the password out is asked again by the view that needs it.
    kind = SignInAgainForm if sign_in or f"{FACTOR}password" in request.form else SecondFactorForm
    return kind(sent, prefix=FACTOR)


def _page(form: SecondFactorForm, options: str = "") -> Response:
    is_act = request.method == "POST" and request.endpoint != "staff.verify"
    return form_page(
        "staff/auth/step_up.html",
        form,
        member=me(),
        options=options,
        action=request.full_path.rstrip("?"),
        fields=typed_fields() if is_act else [],
        back=page_after_sign_in() if is_act else "",
    )


def _say_done(response: Response) -> Response:
    if 300 <= response.status_code < 400:
        flash(_("Your second factor was accepted, and what you had asked for has now been done."), "done")
    return response
