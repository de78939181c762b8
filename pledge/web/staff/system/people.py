"""The people of the staff area: invite, roles, close, invite again, end sessions. For admins with a recent second factor."""

from datetime import date, time, timedelta

from flask import Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from wtforms import RadioField, SelectMultipleField, StringField
from wtforms.fields import Field
from wtforms.validators import NumberRange, Optional, ValidationError

from pledge.accounts import moderation, queries, sessions, two_people
from pledge.accounts.models import StaffMember
from pledge.accounts.moderation import AlreadyInvited, BadName, BadStaffAddress, LastAdmin, NoSuchAccount
from pledge.accounts.roles import Permission, Role
from pledge.core import clock, i18n, languages
from pledge.web.forms import StaffForm, WholeNumberField
from pledge.web.routes import Ask
from pledge.web.staff.auth.access import actor, done
from pledge.web.staff.blueprint import staff
from pledge.web.staff.decisions import decide, offer_undo
from pledge.web.staff.forms import StatedReasonForm, form_page, in_seoul

#: What one person proposes and another one with the same permission approves.
_APPROVED = (Permission.EDIT_CAMPAIGNS, Permission.INVALIDATE)


class RolesForm(StaffForm):
    """The roles of a person."""

    roles = SelectMultipleField(_l("Roles"), choices=[role.value for role in Role], validate_choice=False)

    @property
    def chosen(self) -> list[Role]:
        return [Role(name) for name in self.roles.data or [] if name in set(Role)]

    def validate_roles(self, _field: Field) -> None:
        if not self.chosen:
            raise ValidationError(_l("Choose at least one role."))


class SessionForm(StaffForm):
    """Which session is ended; none for all."""

    session = WholeNumberField(validators=[Optional(), NumberRange(max=2**31 - 1)])


class InviteForm(RolesForm):
    """Whom to invite, with which roles, in which language."""

    email = StringField(_l("E-mail"))
    name = StringField(_l("Name"))
    lang = RadioField(
        _l("Language"),
        choices=lambda: [(code, languages.name(code, i18n.language())) for code in languages.codes()],
        validate_choice=False,
    )

    def validate_email(self, field: Field) -> None:
        try:
            moderation.clean_address(field.data or "")
        except BadStaffAddress:
            raise ValidationError(_l("Enter an e-mail address in the form name@example.com.")) from None

    def validate_name(self, field: Field) -> None:
        try:
            moderation.clean_name(field.data or "")
        except BadName:
            raise ValidationError(
                _l("The name is too long or contains a character that cannot be used.")
            ) from None


@staff.page("/people", needs=Permission.MANAGE_STAFF)
def people() -> Response:
    return _people_page(InviteForm(lang=i18n.language()))


@staff.act("/people/invite", needs=Permission.MANAGE_STAFF, asks=Ask.FACTOR)
def invite() -> AnyResponse:
    form = InviteForm(request.form)
    if not form.validate():
        return _people_page(form)
    try:
        lang = form.lang.data if form.lang.data in languages.codes() else i18n.language()
        staff_id = moderation.invite(
            actor(), form.email.data or "", form.chosen, str(lang), form.name.data or ""
        )
    except AlreadyInvited:
        form.email.errors = [_("There is an account with this address already.")]
    else:
        return done(_("The invitation is on its way by e-mail."), "person", staff_id=staff_id)
    return _people_page(form)


@staff.page("/people/<int32:staff_id>", needs=Permission.MANAGE_STAFF)
def person(staff_id: int, status: int = 200, refused: str = "", form: StaffForm | None = None) -> Response:
    """The page of a person, with the form that was sent."""
    shown = _person(staff_id)
    page = render_template(
        "staff/system/person.html",
        person=shown,
        form=form,
        roles_form=form if isinstance(form, RolesForm) else RolesForm(roles=shown.roles),
        close_form=form if isinstance(form, StatedReasonForm) else StatedReasonForm(),
        sessions=sessions.for_staff(shown.id) if shown.active else [],
        refused=refused,
    )
    return make_response(page, status)


@staff.act("/people/<int32:staff_id>/roles", needs=Permission.MANAGE_STAFF, asks=Ask.FACTOR)
def person_roles(staff_id: int) -> AnyResponse:
    form, before = RolesForm(request.form), _person(staff_id).roles
    if not form.validate():
        return person(staff_id, 422, form=form)
    try:
        moderation.set_roles(actor(), staff_id, form.chosen)
    except LastAdmin:
        return person(staff_id, 422, "last_admin", form)
    message = _("The roles were changed. They apply from the next page that this person opens.")
    offer_undo(message, "staff.person_roles", [("roles", role) for role in before], staff_id=staff_id)
    return redirect(url_for("staff.person", staff_id=staff_id), 303)


@staff.act("/people/<int32:staff_id>/close", needs=Permission.MANAGE_STAFF, asks=Ask.REASON | Ask.FACTOR)
def person_close(staff_id: int) -> AnyResponse:
    form = StatedReasonForm(request.form)
    message = _("The account is closed, and its sessions have ended.")
    return decide(person, form, lambda: moderation.close(actor(), staff_id, reason=form.why.data), message)


@staff.act("/people/<int32:staff_id>/invite-again", needs=Permission.MANAGE_STAFF, asks=Ask.FACTOR)
def person_invite_again(staff_id: int) -> AnyResponse:
    """Remove password, factors and sessions, and mail a new link."""
    message = _("The invitation is on its way by e-mail.")
    return decide(
        person, StaffForm(request.form), lambda: moderation.invite_again(actor(), staff_id), message
    )


@staff.act("/people/<int32:staff_id>/end-sessions", needs=Permission.MANAGE_STAFF, asks=Ask.FACTOR)
def person_end_sessions(staff_id: int) -> AnyResponse:
    form, message = SessionForm(request.form), _("The sessions have ended.")
    return decide(
        person,
        form,
        lambda: moderation.end_sessions(actor(), staff_id, session_id=form.session.data),
        message,
    )


def _people_page(form: InviteForm) -> Response:
    """With `?on=2026-11-03`, who had which roles at the end of that Korean day."""
    members = queries.people()
    day = request.args.get("on", type=date.fromisoformat)
    day_ends = in_seoul(day, time.max) if day else None
    return form_page(
        "staff/system/people.html",
        form,
        people=members,
        approvers={permission: _number_of_approvers(permission, members) for permission in _APPROVED},
        day=day,
        day_ends=day_ends,
        roles=queries.roles_at(day_ends) if day_ends else None,
        approves_from=clock.now() + two_people.INVITED_LATELY,
        approves_after_hours=two_people.INVITED_LATELY // timedelta(hours=1),
    )


def _number_of_approvers(permission: Permission, members: list[StaffMember]) -> int:
    """How many of them may decide what another one of them proposes."""
    able, between = queries.able(permission, members), two_people.obstacles()
    return sum(any(between(other.id, member.id) is None for other in able) for member in able)


def _person(staff_id: int) -> StaffMember:
    """Raises NoSuchAccount."""
    member = queries.member(id=staff_id)
    if member is None:
        raise NoSuchAccount
    return member
