"""Lists of names: request one, another person approves or refuses it; the encrypted file for a day. No name is shown here."""

from collections.abc import Callable
from functools import partial

from flask import Response, abort, make_response, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from werkzeug.utils import redirect
from wtforms import SelectField, TextAreaField
from wtforms.fields import Field

from pledge.accounts.roles import Permission
from pledge.accounts.two_people import are_two_accounts, invited_lately
from pledge.core import i18n
from pledge.name_lists import queries, services
from pledge.web.forms import StaffForm
from pledge.web.staff.auth.access import actor, needs, requires_recent_mfa, requires_recent_mfa_for_file
from pledge.web.staff.blueprint import staff
from pledge.web.staff.deciding import decide
from pledge.web.staff.signatures.forms import StatedReasonForm, check_why

_ONE = "/lists/<int(min=1,max=2147483647):list_id>"


class AskForm(StaffForm):
    terms = SelectField(_l("Terms"), validate_choice=False)
    why = TextAreaField(_l("Reason"))
    key = TextAreaField(_l("Public key of the recipient"))

    def validate_why(self, field: Field) -> None:
        check_why(field)

    @property
    def chosen(self) -> tuple[str, int]:
        """Slug and version; version 0, which no terms have, for an invalid choice."""
        slug, _slash, version = (self.terms.data or "").partition("/")
        return slug, int(version) if version.isascii() and version.isdecimal() and len(version) < 10 else 0


@staff.get("/lists")
@needs(Permission.EXPORT)
def named_lists() -> str:
    lang = i18n.language()
    return render_template(
        "staff/deliveries/name_lists.html", lists=queries.newest(lang), choices=queries.choices(lang)
    )


@staff.get("/lists/new")
@needs(Permission.EXPORT)
@requires_recent_mfa
def named_list_new() -> Response:
    return _new_page(AskForm(), 200)


@staff.post("/lists/new")
@needs(Permission.EXPORT)
@requires_recent_mfa
def named_list_new_post() -> AnyResponse:
    form = AskForm(request.form)
    is_right = form.validate()
    try:
        key = services.read_key(form.key.data or "")
    except services.BadRecipientKey as bad:
        _tell_bad_key(form, bad)
        return _new_page(form, 422)
    if not is_right:
        return _new_page(form, 422)
    try:
        number = services.ask(actor(), *form.chosen, form.why.data or "", key)
    except services.NoSuchTerms:
        form.terms.errors = [_("Choose terms from the list.")]
    except services.NobodyAgreed:
        form.terms.errors = [_("Nobody has agreed to these terms, so there is no list to make.")]
    else:
        return redirect(url_for("staff.named_list", list_id=number), 303)
    return _new_page(form, 422)


@staff.get(_ONE)
@needs(Permission.EXPORT)
def named_list(list_id: int) -> Response:
    return _page(list_id, StatedReasonForm(), 200)


@staff.post(f"{_ONE}/approve")
@needs(Permission.EXPORT)
@requires_recent_mfa
def named_list_approve(list_id: int) -> AnyResponse:
    return _decide(list_id, StatedReasonForm(), lambda: services.approve(actor(), list_id))


@staff.post(f"{_ONE}/refuse")
@needs(Permission.EXPORT)
@requires_recent_mfa
def named_list_refuse(list_id: int) -> AnyResponse:
    form = StatedReasonForm(request.form)
    if not form.validate():
        return _page(list_id, form, 422)
    return _decide(list_id, form, lambda: services.refuse(actor(), list_id, form.why.data or ""))


@staff.post(f"{_ONE}/retract")
@needs(Permission.EXPORT)
def named_list_retract(list_id: int) -> AnyResponse:
    return _decide(list_id, StatedReasonForm(), lambda: services.retract(actor(), list_id))


@staff.post(f"{_ONE}/retry")
@needs(Permission.EXPORT)
@requires_recent_mfa
def named_list_retry(list_id: int) -> AnyResponse:
    """The approval is valid for a day; after that, two people have to decide again."""
    try:
        services.retry(actor(), list_id)
    except services.ApprovalOver:
        return _page(list_id, StatedReasonForm(), 409, refused="over")
    except services.NameListInWrongState:
        return _page(list_id, StatedReasonForm(), 409, refused="retry")
    return redirect(url_for("staff.named_list", list_id=list_id), 303)


@staff.post(f"{_ONE}/download")
@needs(Permission.EXPORT)
@requires_recent_mfa_for_file
def named_list_download(list_id: int) -> AnyResponse:
    """The encrypted file, while it is there. Who downloads it, when, from where and why is recorded before the first byte."""
    found = _found(list_id)
    form = StatedReasonForm(request.form)
    if not form.validate():
        return _page(list_id, form, 422)
    try:
        job, parts = services.download(actor(), list_id, form.why.data or "")
    except services.NoFile:
        return _page(list_id, StatedReasonForm(), 410, refused="gone")
    response = Response(parts, mimetype="application/octet-stream")
    response.content_length = job.size
    response.headers["Content-Disposition"] = f'attachment; filename="{found.file_name}"'
    return response


def _tell_bad_key(form: AskForm, bad: services.BadRecipientKey) -> None:
    if bad.is_secret:
        form.key.data = ""  # it must not be shown on a page, and is compromised
        form.key.errors = [
            _(
                "This is a secret key, which only the recipient may know. Ask them for a new pair, and for its public key only."
            )
        ]
    else:
        form.key.errors = [_("Enter the recipient’s public key: it begins with age1 and has 62 characters.")]


def _decide(list_id: int, form: StatedReasonForm, act: Callable[[], None]) -> AnyResponse:
    return decide(
        act,
        partial(_page, list_id, form),
        url_for("staff.named_list", list_id=list_id),
        services.NameListInWrongState,
    )


def _found(list_id: int) -> queries.ListView:
    found = queries.find(list_id, i18n.language())
    if found is None:
        abort(404)
    return found


def _new_page(form: AskForm, status: int) -> Response:
    choices = [choice for choice in queries.choices(i18n.language()) if choice.people]
    return make_response(
        render_template("staff/deliveries/name_list_new.html", form=form, choices=choices), status
    )


def _page(list_id: int, form: StatedReasonForm, status: int, refused: str = "") -> Response:
    found, who = _found(list_id), actor()
    page = render_template(
        "staff/deliveries/name_list.html",
        found=found,
        is_second=are_two_accounts(found.asked_by, who.staff_id),
        lately=invited_lately(found.asked_by, who.staff_id),
        is_mine=found.asked_by == who.staff_id,
        form=form,
        refused=refused,
    )
    return make_response(page, status)
