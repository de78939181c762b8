"""The people of the staff area: invite, roles, close, invite again, end sessions. For admins with a recent second factor."""

from flask import Response, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from wtforms import RadioField, SelectMultipleField, StringField

from pledge.accounts import moderation, queries, sessions, two_people
from pledge.accounts.models import StaffMember
from pledge.accounts.moderation import AlreadyInvited, BadStaffAddress, LastAdmin, NoRole, NoSuchAccount
from pledge.accounts.roles import Permission, Role
from pledge.core import clock, i18n, languages
from pledge.web.forms import StaffForm
from pledge.web.staff.auth.access import actor, done, needs
from pledge.web.staff.blueprint import staff
from pledge.web.staff.decisions import offer_undo
from pledge.web.staff.forms import StatedReasonForm, form_page

#: What one person proposes and another one with the same permission approves.
_APPROVED = (Permission.EDIT_CAMPAIGNS, Permission.INVALIDATE)


class RolesForm(StaffForm):
    """The roles of a person."""

    roles = SelectMultipleField(_l("Roles"), choices=[role.value for role in Role])

    @property
    def chosen(self) -> list[Role]:
        return [Role(name) for name in self.roles.data or [] if name in set(Role)]


def _name(code: str) -> str:
    """The name of a language for who invites."""
    return languages.name(code, i18n.language())


class InviteForm(RolesForm):
    """Whom to invite, with which roles, in which language."""

    email = StringField(_l("E-mail"))
    name = StringField(_l("Name"))
    lang = RadioField(_l("Language"), choices=lambda: [(code, _name(code)) for code in languages.codes()])


@staff.get("/people")
@needs(Permission.MANAGE_STAFF)
def people() -> Response:
    return _people_page(InviteForm(lang=i18n.language()))


@staff.post("/people/invite")
@needs(Permission.MANAGE_STAFF)
def invite() -> AnyResponse:
    form = InviteForm(request.form)
    try:
        lang = form.lang.data if form.lang.data in languages.codes() else i18n.language()
        staff_id = moderation.invite(
            actor(), form.email.data or "", form.chosen, str(lang), form.name.data or ""
        )
    except BadStaffAddress:
        form.email.errors = [_("Enter an e-mail address in the form name@example.com.")]
    except AlreadyInvited:
        form.email.errors = [_("There is an account with this address already.")]
    except NoRole:
        form.roles.errors = [_("Choose at least one role.")]
    except moderation.BadName:
        form.name.errors = [_("The name is too long or contains a character that cannot be used.")]
    else:
        return done(_("The invitation is on its way by e-mail."), "person", staff_id=staff_id)
    return _people_page(form)


@staff.get("/people/<int(min=1,max=2147483647):staff_id>")
@needs(Permission.MANAGE_STAFF)
def person(staff_id: int) -> Response:
    return _person_page(staff_id)


@staff.post("/people/<int(min=1,max=2147483647):staff_id>/roles")
@needs(Permission.MANAGE_STAFF)
def set_roles(staff_id: int) -> AnyResponse:
    form, before = RolesForm(request.form), _person(staff_id).roles
    try:
        moderation.set_roles(actor(), staff_id, form.chosen)
    except NoRole:
        form.roles.errors = [_("Choose at least one role.")]
    except LastAdmin:
        form.roles.errors = [_no_admin_left()]
    else:
        said = _("The roles were changed. They apply from the next page that this person opens.")
        offer_undo(said, "staff.set_roles", [("roles", role) for role in before], staff_id=staff_id)
        return redirect(url_for("staff.person", staff_id=staff_id), 303)
    return _person_page(staff_id, form)


@staff.post("/people/<int(min=1,max=2147483647):staff_id>/close")
@needs(Permission.MANAGE_STAFF)
def close(staff_id: int) -> AnyResponse:
    form = StatedReasonForm(request.form)
    if form.validate():
        try:
            moderation.close(actor(), staff_id, form.why.data or "")
        except LastAdmin:
            form.why.errors = [_no_admin_left()]
        else:
            said = _("The account is closed, and its sessions have ended.")
            return done(said, "person", staff_id=staff_id)
    return _person_page(staff_id, closing=form)


@staff.post("/people/<int(min=1,max=2147483647):staff_id>/invite-again")
@needs(Permission.MANAGE_STAFF)
def invite_again(staff_id: int) -> AnyResponse:
    try:
        moderation.invite_again(actor(), staff_id)
    except LastAdmin:
        form = StatedReasonForm()
        form.form_errors.append(_no_admin_left())
        return _person_page(staff_id, closing=form)
    return done(_("The invitation is on its way by e-mail."), "person", staff_id=staff_id)


@staff.post("/people/<int(min=1,max=2147483647):staff_id>/sessions")
@needs(Permission.MANAGE_STAFF)
def cut_sessions(staff_id: int) -> AnyResponse:
    wanted = request.form.get("session", "")
    one = int(wanted) if wanted.isdecimal() and len(wanted) < 10 else None
    moderation.end_sessions(actor(), staff_id, one)
    return done(_("The sessions have ended."), "person", staff_id=staff_id)


def _people_page(form: InviteForm) -> Response:
    found = queries.people()
    return form_page(
        "staff/system/people.html",
        form,
        people=found,
        approvers={permission: len(queries.able(permission, found)) for permission in _APPROVED},
        approves_from=clock.now() + two_people.INVITED_LATELY,
    )


def _person_page(
    staff_id: int, roles: RolesForm | None = None, closing: StatedReasonForm | None = None
) -> Response:
    """The page of a person, with the form that was refused."""
    shown = _person(staff_id)
    roles, closing = roles or RolesForm(roles=shown.roles), closing or StatedReasonForm()
    return form_page(
        "staff/system/person.html",
        roles if roles.errors else closing,
        person=shown,
        roles_form=roles,
        close_form=closing,
        sessions=sessions.for_staff(shown.id) if shown.active else [],
    )


def _person(staff_id: int) -> StaffMember:
    """Raises NoSuchAccount."""
    found = queries.member(id=staff_id)
    if found is None:
        raise NoSuchAccount
    return found


def _no_admin_left() -> str:
    return str(_("Somebody must be able to manage staff. Give another person this role first."))
