"""Signatures: look one up by its exact address, and do what its person asks for.

The address is sent by POST, so that no address bar, history or log contains it; afterwards the signature's number is used.
"""

from collections.abc import Callable
from typing import Any

from flask import Response, abort, make_response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug import Response as AnyResponse
from werkzeug.utils import redirect

from pledge.abuse import origin_list
from pledge.abuse.models import OriginKind
from pledge.accounts.roles import Permission
from pledge.campaigns.queries import slugs
from pledge.core import i18n
from pledge.mail.addresses import domain_of, parse
from pledge.mail.providers import likely_domain
from pledge.retention import services as retention
from pledge.signatures import moderation, queries
from pledge.signatures.origins import listed_address_hash
from pledge.watch.clusters import COLUMNS
from pledge.web.forms import StaffForm
from pledge.web.routes import Ask
from pledge.web.staff.auth.access import actor
from pledge.web.staff.blueprint import staff
from pledge.web.staff.decisions import decide
from pledge.web.staff.forms import StatedReasonForm
from pledge.web.staff.signatures.forms import HoldForm, LookUpForm

_LOOK_UP = Permission.LOOK_UP_SIGNATURES


@staff.page("/signatures", needs=_LOOK_UP)
def signatures() -> Response:
    return _page(200)


@staff.act("/signatures", needs=_LOOK_UP, asks=Ask.NOTHING)
def signatures_post() -> AnyResponse:
    form = LookUpForm(request.form)
    if not form.validate():
        return _page(422, look_up=form)
    row = moderation.look_up(actor(), form.address)
    if row:
        return redirect(url_for("staff.signature", signature_id=row[0]), 303)
    return _page(200, look_up=form, nobody=True, likely=likely_domain(domain_of(form.address)))


@staff.page("/signatures/<int64:signature_id>", needs=_LOOK_UP)
def signature(
    signature_id: int, status: int = 200, refused: str = "", form: StaffForm | None = None
) -> Response:
    """The page of one person, with the form that was sent."""
    person = queries.person(signature_id, i18n.language())
    if person is None:
        abort(404)
    row = person.view.row
    listed = {bytes(origin.hash): origin for origin in origin_list.entries(row.campaign_id)}
    hashes = {
        OriginKind.ADDRESS: listed_address_hash(slugs()[row.campaign_id], parse(row.email)),
        **{kind: getattr(row, f"{kind}_hash") for kind in COLUMNS},
    }
    return _page(
        status,
        person=person,
        came_from=[
            (kind, origin_hash, listed.get(bytes(origin_hash)))
            for kind, origin_hash in hashes.items()
            if origin_hash
        ],
        slugs=slugs(),
        form=form if type(form) is StatedReasonForm else StatedReasonForm(),
        hold=form if isinstance(form, HoldForm) else HoldForm(),
        refused=refused,
    )


_DECIDED = Ask.REASON | Ask.FACTOR


@staff.act("/signatures/<int64:signature_id>/resend", needs=_LOOK_UP, asks=Ask.NOTHING)
def signature_resend(signature_id: int) -> AnyResponse:
    message = _("The e-mail is on its way.")
    return _decide(signature_id, StaffForm, moderation.resend, message)


@staff.act("/signatures/<int64:signature_id>/withdraw", needs=_LOOK_UP, asks=_DECIDED)
def signature_withdraw(signature_id: int) -> AnyResponse:
    message = _("The signature is withdrawn and not counted. The person is told by e-mail.")
    return _decide(signature_id, StatedReasonForm, moderation.withdraw, message)


@staff.act("/signatures/<int64:signature_id>/plan-erasure", needs=_LOOK_UP, asks=_DECIDED)
def signature_plan_erasure(signature_id: int) -> AnyResponse:
    message = _("Everything will be erased in a day. The person is told by e-mail, and can stop it.")
    return _decide(signature_id, StatedReasonForm, moderation.plan_erasure, message)


@staff.act("/signatures/<int64:signature_id>/stop-erasure", needs=_LOOK_UP, asks=Ask.NOTHING)
def signature_stop_erasure(signature_id: int) -> AnyResponse:
    message = _("Nothing will be erased.")
    return _decide(signature_id, StaffForm, moderation.stop_erasure, message)


@staff.act("/signatures/<int64:signature_id>/stop-news", needs=_LOOK_UP, asks=_DECIDED)
def signature_stop_news(signature_id: int) -> AnyResponse:
    message = _("They get no more news. The person is told by e-mail.")
    return _decide(signature_id, StatedReasonForm, moderation.stop_news, message)


@staff.act("/signatures/<int64:signature_id>/hide-name", needs=_LOOK_UP, asks=Ask.REASON)
def signature_hide_name(signature_id: int) -> AnyResponse:
    message = _("The name is hidden.")
    return _decide(signature_id, StatedReasonForm, moderation.hide_name, message)


@staff.act("/signatures/<int64:signature_id>/allow-name", needs=_LOOK_UP, asks=Ask.REASON)
def signature_allow_name(signature_id: int) -> AnyResponse:
    message = _("The name may be shown again, if its owner wants that.")
    return _decide(signature_id, StatedReasonForm, moderation.allow_name, message)


@staff.act("/signatures/<int64:signature_id>/release", needs=Permission.INVALIDATE, asks=_DECIDED)
def signature_release(signature_id: int) -> AnyResponse:
    message = _("The signature is counted. The person gets the e-mail with thanks.")
    return _decide(signature_id, HoldForm, moderation.release, message)


@staff.act("/signatures/<int64:signature_id>/clear", needs=Permission.INVALIDATE, asks=_DECIDED)
def signature_clear(signature_id: int) -> AnyResponse:
    message = _("The signature is counted when it is confirmed.")
    return _decide(signature_id, HoldForm, moderation.clear, message)


def _decide(
    signature_id: int, kind: type[StaffForm], act: Callable[..., object], message: str
) -> AnyResponse:
    """Do what a button asks for; `act` gets the actor, the signature, and by their names the fields of the form."""
    form = kind(request.form)
    return decide(signature, form, lambda: act(actor(), signature_id, **form.data), message)


def _page(status: int, *, look_up: LookUpForm | None = None, **shown: Any) -> Response:
    """The field to look somebody up, and whom it found."""
    page = render_template(
        "staff/signatures/signatures.html",
        look_up=look_up or LookUpForm(),
        mail_days=retention.MAILS.days,
        **shown,
    )
    return make_response(page, status)
