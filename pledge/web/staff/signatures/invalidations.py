"""Invalidations: propose one by condition, see which signatures match, approve, discard, undo."""

import re

from flask import Response, make_response, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from werkzeug.utils import redirect
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields import Field
from wtforms.validators import NumberRange, Optional, ValidationError

from pledge.abuse.origin_list import LargeProviderNotAllowed
from pledge.accounts.roles import Permission
from pledge.accounts.two_people import obstacle
from pledge.campaigns.queries import slugs
from pledge.signatures.invalidation import queries, services
from pledge.signatures.invalidation.models import (
    Condition,
    InvalidationAct,
    InvalidationReason,
    NoCondition,
)
from pledge.signatures.origins import BadOrigin, domain_hash, network_hash, read_domain, read_network
from pledge.web.forms import StaffForm, TickField
from pledge.web.staff.auth.access import actor, needs
from pledge.web.staff.blueprint import staff
from pledge.web.staff.decisions import Decision, decision_routes
from pledge.web.staff.forms import StatedReasonForm, WholeNumberField, check_reason, moment_field

_ONE = "/invalidations/<int(min=1,max=2147483647):invalidation_id>"


#: A day: whoever took longer to confirm was no robot.
MAX_SPEED = 24 * 60 * 60
_BAD_SPEED = _l("Enter a number of seconds from 1 to 86,400.")


#: A network or domain of which only the hash is known, as the watch links it.
_HASH = re.compile(r"#([0-9a-f]{64})")


class InvalidationForm(StaffForm):
    """Empty fields exclude nothing. The attributes below the fields are set by the validators."""

    act = SelectField(
        _l("What should happen"), validate_choice=False, default=InvalidationAct.INVALIDATE.value
    )
    campaign = SelectField(_l("Campaign"), validate_choice=False)
    network = StringField(_l("Network"))
    domain = StringField(_l("E-mail domain"))
    signed_from = moment_field(_l("Signed from"))
    signed_until = moment_field(_l("Signed before"))
    faster_than = WholeNumberField(
        _l("Confirmed within"),
        [Optional(), NumberRange(1, MAX_SPEED, _BAD_SPEED)],
        invalid_value_message=_BAD_SPEED,
    )
    reason = SelectField(_l("Reason"), validate_choice=False)
    note = TextAreaField(_l("What did you see?"))
    notify = TickField(_l("Tell the signers by e-mail"))

    campaigns: dict[int, str]
    network_hash: bytes | None = None
    domain_hash: bytes | None = None

    def validate_campaign(self, field: Field) -> None:
        if field.data and field.data not in self.campaigns.values():
            raise ValidationError(_l("Choose a campaign from the list."))

    def validate_network(self, field: Field) -> None:
        text = (field.data or "").strip()
        if known := _HASH.fullmatch(text):
            self.network_hash = bytes.fromhex(known[1])
        elif text:
            try:
                network = read_network(text)
            except BadOrigin:
                raise ValidationError(
                    _l("Enter an IPv4 or IPv6 address, for example 203.0.113.7 or 2001:db8:1:2::1.")
                ) from None
            self.network_hash = network_hash(self._named_campaign(), network)

    def validate_domain(self, field: Field) -> None:
        text = (field.data or "").strip()
        if known := _HASH.fullmatch(text):
            self.domain_hash = bytes.fromhex(known[1])
        elif text:
            try:
                domain = read_domain(text)
            except BadOrigin:
                raise ValidationError(
                    _l("Enter the part after the @, for example mail.example.com.")
                ) from None
            self.domain_hash = domain_hash(self._named_campaign(), domain)

    def validate_signed_until(self, field: Field) -> None:
        if self.signed_from.data and field.data and field.data <= self.signed_from.data:
            raise ValidationError(_l("It ends before it begins."))

    def validate_act(self, field: Field) -> None:
        if field.data not in set(InvalidationAct):
            raise ValidationError(_l("Choose what should happen from the list."))

    def validate_reason(self, field: Field) -> None:
        if self.act.data == InvalidationAct.INVALIDATE and field.data not in set(InvalidationReason):
            raise ValidationError(_l("Choose a reason from the list."))

    def validate_note(self, field: Field) -> None:
        check_reason(field)

    def _named_campaign(self) -> str:
        """The campaign, which a network or domain needs: their hashes differ between campaigns, so that no data joins them."""
        if not self.campaign.data:
            raise ValidationError(
                _l(
                    "Choose the campaign too: networks and e-mail domains are kept separately for each campaign."
                )
            )
        return str(self.campaign.data)

    @property
    def public_reason(self) -> InvalidationReason | None:
        takes_out = self.act.data == InvalidationAct.INVALIDATE
        return InvalidationReason(self.reason.data) if takes_out else None

    @property
    def condition(self) -> Condition:
        """The condition for the use case; the form must have been validated."""
        chosen = [number for number, slug in self.campaigns.items() if slug == self.campaign.data]
        return Condition(
            campaign_id=chosen[0] if chosen else None,
            network_hash=self.network_hash,
            domain_hash=self.domain_hash,
            signed_from=self.signed_from.data,
            signed_until=self.signed_until.data,
            faster_than=self.faster_than.data,
        )


@staff.get("/invalidations/new")
@needs(Permission.INVALIDATE)
def invalidation_new() -> Response:
    """The form; a network or domain that the watch shows may be filled in, by its hash."""
    filled = {name: f"#{request.args[name]}" for name in ("network", "domain") if name in request.args}
    return _new_page(InvalidationForm(**filled), 200)


@staff.post("/invalidations/new")
@needs(Permission.INVALIDATE)
def invalidation_new_post() -> AnyResponse:
    form = InvalidationForm(request.form)
    form.campaigns = slugs()
    if not form.validate():
        return _new_page(form, 422)
    act, note = InvalidationAct(form.act.data), form.note.data or ""
    try:
        number = services.propose(
            actor(), form.condition, form.public_reason, note, notify=bool(form.notify.data), act=act
        )
    except NoCondition:
        form.network.errors = [
            _("Give at least one condition besides the campaign; otherwise it would match everybody.")
        ]
    except services.NothingMatches:
        form.network.errors = [
            _("No signature that this is about meets all of these conditions. Nothing was recorded.")
        ]
    except LargeProviderNotAllowed:
        form.domain.errors = [
            _(
                "Too many people have their address at this provider to hold it as a whole. Name a network too."
            )
        ]
    except services.TooManySignatures:
        form.network.errors = [
            _("More than 100,000 signatures meet these conditions. Please narrow them down.")
        ]
    else:
        return redirect(url_for("staff.invalidation", invalidation_id=number), 303)
    return _new_page(form, 422)


@staff.get(_ONE)
@needs(Permission.INVALIDATE)
def invalidation(
    invalidation_id: int, status: int = 200, refused: str = "", form: StaffForm | None = None
) -> Response:
    found = queries.find(invalidation_id)
    is_small = found.matched <= services.max_alone(found.act)
    page = render_template(
        "staff/signatures/invalidation.html",
        found=found,
        sample=queries.sample(invalidation_id),
        hold_reasons=queries.hold_reasons(invalidation_id),
        earlier=queries.similar(found.condition, but=invalidation_id),
        slugs=slugs(),
        obstacle=None if is_small else obstacle(found.proposed_by, actor().staff_id),
        alone=services.MAX_WITHOUT_SECOND_PERSON,
        form=form if isinstance(form, StatedReasonForm) else StatedReasonForm(),
        refused=refused,
    )
    return make_response(page, status)


decision_routes(
    "invalidation",
    _ONE,
    Permission.INVALIDATE,
    invalidation,
    Decision(services.approve),
    Decision(services.discard, StatedReasonForm),
    Decision(services.undo, StatedReasonForm),
)


def _new_page(form: InvalidationForm, status: int) -> Response:
    page = render_template(
        "staff/signatures/invalidation_new.html",
        form=form,
        alone=services.MAX_WITHOUT_SECOND_PERSON,
    )
    return make_response(page, status)
