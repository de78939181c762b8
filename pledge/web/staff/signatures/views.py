"""Signatures: look one up by its exact address, and do what its person asks for.

The address is sent by POST, so that no address bar, history or log contains it; afterwards the signature's number is used.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flask import Response, abort, make_response, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from werkzeug.utils import redirect

from pledge.abuse import origin_list
from pledge.abuse.models import OriginKind
from pledge.accounts.roles import Permission
from pledge.accounts.two_people import WrongState
from pledge.audit.models import Actor
from pledge.campaigns.queries import slugs
from pledge.core import i18n
from pledge.mail.addresses import domain_of, parse
from pledge.mail.providers import likely_domain
from pledge.signatures import moderation, queries
from pledge.signatures.origins import listed_address_hash
from pledge.watch.clusters import COLUMNS
from pledge.web.staff.auth.access import actor, done, needs
from pledge.web.staff.blueprint import staff
from pledge.web.staff.forms import StatedReasonForm
from pledge.web.staff.signatures.forms import LookUpForm

#: Before the names of the fields of the form that decides about one that is held, or would be.
_HOLD = "hold_"

_ONE = "/signatures/<int(min=1,max=9223372036854775807):signature_id>"


@staff.get("/signatures")
@needs(Permission.LOOK_UP_SIGNATURES)
def signatures() -> Response:
    return _page(200)


@staff.post("/signatures")
@needs(Permission.LOOK_UP_SIGNATURES)
def signatures_post() -> AnyResponse:
    form = LookUpForm(request.form)
    if not form.validate():
        return _page(422, look_up=form)
    found = moderation.look_up(actor(), form.address)
    if found:
        return redirect(url_for("staff.signature", signature_id=found[0]), 303)
    return _page(200, look_up=form, nobody=True, likely=likely_domain(domain_of(form.address)))


@staff.get(_ONE)
@needs(Permission.LOOK_UP_SIGNATURES)
def signature(signature_id: int) -> Response:
    return _person_page(signature_id, 200)


@staff.post(f"{_ONE}/resend")
@needs(Permission.LOOK_UP_SIGNATURES)
def signature_resend(signature_id: int) -> AnyResponse:
    with suppress(moderation.NoMailAllowed):  # the page says from when on it is
        moderation.resend(actor(), signature_id)
        return done(_("The e-mail is on its way."), "signature", signature_id=signature_id)
    return _person_page(signature_id, 409)


@staff.post(f"{_ONE}/stop-erasure")
@needs(Permission.LOOK_UP_SIGNATURES)
def signature_stop_erasure(signature_id: int) -> AnyResponse:
    moderation.stop_erasure(actor(), signature_id)
    return done(_("Nothing will be erased."), "signature", signature_id=signature_id)


def _add_act(
    act: Callable[[Actor, int, str], None],
    said: object,
    too_late: object = "",
    permission: Permission = Permission.LOOK_UP_SIGNATURES,
    *,
    prefix: str = "",
) -> None:
    """Add the route that does something with the reason of one of the page's two forms, and returns to the page, which says so;
    or `too_late`, why it is not done in the state that the signature has now.
    """

    def view(signature_id: int) -> AnyResponse:
        form = StatedReasonForm(request.form, prefix=prefix)
        if not form.validate():
            return _person_page(signature_id, 422, {prefix: form})
        try:
            act(actor(), signature_id, form.why.data or "")
        except WrongState:
            form.why.errors = [too_late]
            return _person_page(signature_id, 409, {prefix: form})
        return done(str(said), "signature", signature_id=signature_id)

    view.__name__ = f"signature_{act.__name__}"
    rule = f"{_ONE}/{act.__name__.replace('_', '-')}"
    staff.add_url_rule(rule, view_func=needs(permission)(view), methods=["POST"])


_add_act(
    moderation.withdraw,
    _l("The signature is withdrawn and not counted. The person is told by e-mail."),
    _l("This signature is not counted any more, so it cannot be withdrawn."),
)
_add_act(
    moderation.plan_erasure,
    _l("Everything will be erased in a day. The person is told by e-mail, and can stop it."),
)
_add_act(
    moderation.stop_news,
    _l("They get no more news. The person is told by e-mail."),
    _l("This person gets no news."),
)
_add_act(moderation.hide_name, _l("The name is hidden."))
_add_act(moderation.allow_name, _l("The name may be shown again, if its owner wants that."))
_add_act(
    moderation.release,
    _l("The signature is counted. The person gets the e-mail with thanks."),
    _l("This signature is not held any more."),
    Permission.INVALIDATE,
    prefix=_HOLD,
)
_add_act(
    moderation.clear,
    _l("The signature is counted when it is confirmed."),
    _l("This sign-up no longer waits to be held: it was confirmed or cleared meanwhile."),
    Permission.INVALIDATE,
    prefix=_HOLD,
)


def _person_page(signature_id: int, status: int, sent: dict[str, StatedReasonForm] | None = None) -> Response:
    """The page of one person; `sent` is the form that was sent, by its prefix."""
    person = queries.person(signature_id, i18n.language())
    if person is None:
        abort(404)
    forms = {prefix: StatedReasonForm(None, prefix=prefix) for prefix in ("", _HOLD)} | (sent or {})
    row = person.view.row
    listed = {bytes(one.hash): one for one in origin_list.listed(row.campaign_id)}
    hashes = {
        OriginKind.ADDRESS: listed_address_hash(slugs()[row.campaign_id], parse(row.email)),
        **{kind: getattr(row, f"{kind}_hash") for kind in COLUMNS},
    }
    return _page(
        status,
        person=person,
        came_from=[(kind, found, listed.get(bytes(found))) for kind, found in hashes.items() if found],
        slugs=slugs(),
        form=forms[""],
        hold=forms[_HOLD],
    )


def _page(status: int, *, look_up: LookUpForm | None = None, **shown: Any) -> Response:
    """The field to look somebody up, and whom it found."""
    page = render_template("staff/signatures/signatures.html", look_up=look_up or LookUpForm(), **shown)
    return make_response(page, status)
