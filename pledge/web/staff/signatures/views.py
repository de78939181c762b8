"""Signatures: look one up by its exact address, and do what its person asks for.

The address is sent by POST, so that no address bar, history or log contains it; afterwards the signature's number is used.
"""

from typing import Any

from flask import Response, abort, make_response, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from werkzeug.utils import redirect

from pledge.abuse import origin_list
from pledge.abuse.models import OriginKind
from pledge.accounts.roles import Permission
from pledge.campaigns.queries import slugs
from pledge.core import i18n
from pledge.mail.addresses import domain_of, parse
from pledge.mail.providers import likely_domain
from pledge.signatures import moderation, queries
from pledge.signatures.origins import listed_address_hash
from pledge.watch.clusters import COLUMNS
from pledge.web.forms import StaffForm
from pledge.web.staff.auth.access import Ask, actor, needs
from pledge.web.staff.blueprint import staff
from pledge.web.staff.decisions import Decision, decision_routes
from pledge.web.staff.forms import StatedReasonForm
from pledge.web.staff.signatures.forms import HoldForm, LookUpForm

_ONE = "/signatures/<int(min=1,max=9223372036854775807):signature_id>"


@staff.get("/signatures")
@needs(Permission.LOOK_UP_SIGNATURES)
def signatures() -> Response:
    return _page(200)


@staff.post("/signatures")
@needs(Permission.LOOK_UP_SIGNATURES, Ask.NOTHING)
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
def signature(
    signature_id: int, status: int = 200, refused: str = "", form: StaffForm | None = None
) -> Response:
    """The page of one person, with the form that was sent."""
    person = queries.person(signature_id, i18n.language())
    if person is None:
        abort(404)
    row = person.view.row
    listed = {bytes(one.hash): one for one in origin_list.entries(row.campaign_id)}
    hashes = {
        OriginKind.ADDRESS: listed_address_hash(slugs()[row.campaign_id], parse(row.email)),
        **{kind: getattr(row, f"{kind}_hash") for kind in COLUMNS},
    }
    return _page(
        status,
        person=person,
        came_from=[(kind, found, listed.get(bytes(found))) for kind, found in hashes.items() if found],
        slugs=slugs(),
        form=form if isinstance(form, StatedReasonForm) else StatedReasonForm(),
        hold=form if isinstance(form, HoldForm) else HoldForm(),
        refused=refused,
    )


_DECIDED = Ask.REASON | Ask.FACTOR
decision_routes(
    "signature",
    _ONE,
    Permission.LOOK_UP_SIGNATURES,
    signature,
    Decision(moderation.resend, said=_l("The e-mail is on its way.")),
    Decision(
        *(moderation.withdraw, StatedReasonForm, _DECIDED),
        said=_l("The signature is withdrawn and not counted. The person is told by e-mail."),
    ),
    Decision(
        *(moderation.plan_erasure, StatedReasonForm, _DECIDED),
        said=_l("Everything will be erased in a day. The person is told by e-mail, and can stop it."),
    ),
    Decision(moderation.stop_erasure, said=_l("Nothing will be erased.")),
    Decision(
        *(moderation.stop_news, StatedReasonForm, _DECIDED),
        said=_l("They get no more news. The person is told by e-mail."),
    ),
    Decision(moderation.hide_name, StatedReasonForm, Ask.REASON, _l("The name is hidden.")),
    Decision(
        *(moderation.allow_name, StatedReasonForm, Ask.REASON),
        said=_l("The name may be shown again, if its owner wants that."),
    ),
)
decision_routes(
    "signature",
    _ONE,
    Permission.INVALIDATE,
    signature,
    Decision(
        *(moderation.release, HoldForm, _DECIDED),
        said=_l("The signature is counted. The person gets the e-mail with thanks."),
    ),
    Decision(
        *(moderation.clear, HoldForm, _DECIDED), said=_l("The signature is counted when it is confirmed.")
    ),
)


def _page(status: int, *, look_up: LookUpForm | None = None, **shown: Any) -> Response:
    """The field to look somebody up, and whom it found."""
    page = render_template("staff/signatures/signatures.html", look_up=look_up or LookUpForm(), **shown)
    return make_response(page, status)
