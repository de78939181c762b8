"""Accepting an invitation: the link shows a form, which sets the password; then a second factor is set up."""

from flask import Response, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from werkzeug.exceptions import TooManyRequests
from wtforms import PasswordField

from pledge.accounts import services as accounts
from pledge.accounts import throttle
from pledge.accounts.passwords import MIN_LENGTH, BadPassword
from pledge.accounts.services import InvitationExpired
from pledge.core import i18n
from pledge.core.tokens import BadToken
from pledge.web import limits
from pledge.web.staff.auth.access import AccessLevel, needs, staff_error_page
from pledge.web.staff.auth.sign_in import begin_session
from pledge.web.staff.auth.throttling import SecretForm, form_page
from pledge.web.staff.blueprint import staff


class NewPasswordForm(SecretForm):
    """A new password, typed twice."""

    password = PasswordField(_l("New password"))
    again = PasswordField(_l("The same password again"))

    def has_same(self) -> bool:
        """Whether both fields are equal; the use case checks the password itself."""
        self.validate()
        if self.password.data != self.again.data:
            self.again.errors = [_("The two passwords are not the same.")]
        return not self.errors

    def refuse(self, bad: BadPassword) -> None:
        self.password.errors = [bad.fault.value]


@staff.route("/invitation/<token>", methods=["GET", "POST"])
@needs(AccessLevel.PUBLIC)
def invitation(token: str) -> AnyResponse:
    form = NewPasswordForm(request.form)
    try:
        person = accounts.invited(token)
        if request.method != "POST" or not form.has_same():
            return _page(token, person.email, form)
        person = accounts.accept_invitation(
            token, form.password.data or "", limits.client_network(), i18n.language()
        )
    except (BadToken, InvitationExpired):
        return _expired()
    except BadPassword as error:
        form.refuse(error)
        return _page(token, person.email, form)
    return begin_session(person, "password")


def _page(token: str, email: str, form: NewPasswordForm) -> Response:
    return form_page("staff/auth/password.html", form, token=token, email=email, min_length=MIN_LENGTH)


def _expired() -> Response:
    """One page for links that were used, replaced, expired or never valid. Guessing is throttled like any other try."""
    wait = (
        throttle.count_attempt(throttle.NETWORK, limits.client_network()) if request.method == "POST" else 0
    )
    if wait:
        raise TooManyRequests(retry_after=wait)
    return staff_error_page(
        410,
        _("This invitation is no longer valid"),
        _(
            "The link works once and for three days. If you have set your password already, sign in; otherwise ask for a new "
            "invitation."
        ),
    )
