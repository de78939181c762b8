"""Watch: how sign-ups come in just now, what stands out, and what can be done about it."""

import re
from datetime import datetime
from typing import Any

from flask import Response, abort, make_response, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from werkzeug.utils import redirect
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields import Field
from wtforms.validators import ValidationError

from pledge.abuse import alerts, blocks
from pledge.abuse.blocks import BlockedOrigin
from pledge.abuse.models import OriginKind
from pledge.accounts.roles import Permission
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.queries import slugs
from pledge.core import clock, i18n
from pledge.core.i18n import format_duration
from pledge.core.languages import Texts
from pledge.signatures import origins
from pledge.signatures.invalidation import queries, services
from pledge.signatures.invalidation.models import Condition, InvalidationAct, InvalidationReason
from pledge.signatures.origins import BadOrigin
from pledge.statistics import referrals
from pledge.statistics import watch as sign_ups
from pledge.statistics.watch import By, Key, Watched, WatchedCluster, Window
from pledge.web.caching import cache
from pledge.web.forms import StaffForm
from pledge.web.staff import campaign_choice
from pledge.web.staff.auth.access import actor, needs, requires_recent_mfa
from pledge.web.staff.blueprint import staff
from pledge.web.staff.forms import check_reason

#: Seconds for which a process keeps the figures of a time: of an hour they change, of a week they hardly do.
KEPT = {Window.HOUR: 10, Window.DAY: 30, Window.WEEK: 120}


LASTING = {"hour": _l("For an hour"), "day": _l("For a day"), "week": _l("For a week")}

_CLUSTER = "/watch/<slug>/<any(network, wide_network, domain):sort>/<value>"


class FindForm(StaffForm):
    """A network or a mail domain whose sign-ups staff want to see."""

    campaign = SelectField(_l("Campaign"), validate_choice=False)
    sought = StringField(_l("Network or e-mail domain"))

    kind: OriginKind
    hash: bytes

    def validate_sought(self, field: Field) -> None:
        text, slug = (field.data or "").strip(), str(self.campaign.data)
        try:
            self.hash = origins.network_hash(slug, origins.read_network(text))
            self.kind = OriginKind.NETWORK
        except BadOrigin:
            try:
                self.hash = origins.domain_hash(slug, origins.read_domain(text))
                self.kind = OriginKind.DOMAIN
            except BadOrigin:
                raise ValidationError(
                    _l("Enter an IP address, or the part of an e-mail address after the @.")
                ) from None


class BlockForm(StaffForm):
    lasting = SelectField(_l("For how long"), choices=list(blocks.LASTING), default="day")
    block_why = TextAreaField(_l("Reason"))

    def validate_block_why(self, field: Field) -> None:
        check_reason(field)


class ActForm(StaffForm):
    """One reason for what is done with the sign-ups of a cluster that came in since `since`."""

    since = StringField()
    reason = SelectField(
        _l("Reason in the public totals"),
        choices=[reason.value for reason in InvalidationReason],
        default=InvalidationReason.AUTOMATED.value,
    )
    why = TextAreaField(_l("What did you see?"))

    begins: datetime

    def validate_since(self, field: Field) -> None:
        try:
            self.begins = clock.from_iso_utc(field.data or "")
        except ValueError:
            abort(400)

    def validate_why(self, field: Field) -> None:
        check_reason(field)


@staff.get("/watch")
@needs(Permission.INVALIDATE)
def watch() -> Response:
    return _watch_page(FindForm(), 200)


@staff.post("/watch")
@needs(Permission.INVALIDATE)
def watch_post() -> AnyResponse:
    """Look for a network or domain, which is recorded. Sent by POST, so that no address bar, history or log contains it."""
    form = FindForm(request.form)
    if form.campaign.data not in slugs().values():
        abort(404)
    if not form.validate():
        return _watch_page(form, 422)
    sign_ups.look_up(actor(), _campaign(str(form.campaign.data)), form.kind)
    where = {"slug": form.campaign.data, "sort": form.kind, "value": form.hash.hex()}
    return redirect(url_for("staff.watch_cluster", **where, within=Window.WEEK), 303)


@staff.get(_CLUSTER)
@needs(Permission.INVALIDATE)
def watch_cluster(slug: str, sort: str, value: str) -> Response:
    return _cluster_page(slug, _origin(slug, sort, value), 200)


@staff.post(f"{_CLUSTER}/<any(hold, clear, release, refuse, invalidate):act>")
@needs(Permission.INVALIDATE)
def watch_act(slug: str, sort: str, value: str, act: str) -> AnyResponse:
    """Count what the act is about and propose it; the page of the proposal shows the number and asks for the decision."""
    origin, form = _origin(slug, sort, value), ActForm(request.form)
    if not form.validate():
        return _cluster_page(slug, origin, 422, form)
    reason = InvalidationReason(form.reason.data) if act in services.TAKES_OUT else None
    found = _condition(origin, form.begins)
    try:
        number = services.propose(actor(), found, reason, form.why.data or "", act=InvalidationAct(act))
    except services.NothingMatches:
        form.why.errors = [_("None of the sign-ups here can be dealt with in this way any more.")]
    except services.TooManySignatures:
        form.why.errors = [_("More than 100,000 sign-ups at once; choose a shorter time.")]
    except blocks.LargeProviderNotAllowed:
        return _cluster_page(slug, origin, 422)  # it says why in place of the button
    else:
        return redirect(url_for("staff.invalidation", invalidation_id=number), 303)
    return _cluster_page(slug, origin, 422, form)


@staff.post(f"{_CLUSTER}/block")
@needs(Permission.INVALIDATE)
@requires_recent_mfa
def watch_block(slug: str, sort: str, value: str) -> AnyResponse:
    origin, form = _origin(slug, sort, value), BlockForm(request.form)
    if not form.validate():
        return _cluster_page(slug, origin, 422, block_form=form)
    lasting, why = blocks.LASTING[str(form.lasting.data)], form.block_why.data or ""
    try:
        blocks.place(actor(), origin, lasting, why, spared=origins.large_domains(slug))
    except blocks.LargeProviderNotAllowed:
        return _cluster_page(slug, origin, 422)  # it says why in place of the form
    return redirect(url_for("staff.watch_cluster", slug=slug, sort=sort, value=value, within=_window()), 303)


@staff.post("/watch/blocks/<int(min=1,max=2147483647):block_id>/lift")
@needs(Permission.INVALIDATE)
def watch_lift(block_id: int) -> AnyResponse:
    try:
        blocks.lift(actor(), block_id)
    except blocks.NoSuchBlock:
        abort(404)
    return redirect(url_for("staff.watch"), 303)


def _watch_page(form: FindForm, status: int) -> Response:
    rows = campaigns.rows()
    chosen, window = campaign_choice.chosen(rows), _window()
    numbers: dict[str, Any] = {}
    if chosen is not None:
        campaign_id = _campaign(chosen.slug)
        watched = _watched(campaign_id, chosen.slug, window)
        numbers = {
            "watched": watched,
            "blocks": blocks.lasting(campaign_id),
            "links": _links(campaign_id, watched.clusters),
        }
        form.campaign.data = form.campaign.data or chosen.slug
    page = render_template(
        "staff/signatures/watch.html",
        campaigns=rows,
        campaign=chosen,
        window=window,
        form=form,
        alerts=alerts.newest(Window.WEEK.length),
        alert_words=lambda alert: alerts.headline(alert.kind, alert.facts, i18n.language()),
        **_words(),
        **numbers,
    )
    return make_response(page, status)


def _cluster_page(
    slug: str,
    origin: BlockedOrigin,
    status: int,
    act_form: ActForm | None = None,
    block_form: BlockForm | None = None,
) -> Response:
    window, form = _window(), act_form or ActForm()
    cluster, since = sign_ups.cluster(origin.campaign_id, slug, window, Key(By(origin.kind), origin.hash))
    form.since.data = form.since.data or clock.iso_utc(since)
    page = render_template(
        "staff/signatures/watch_cluster.html",
        slug=slug,
        sort=origin.kind.value,
        value=origin.hash.hex(),
        cluster=cluster,
        earlier=queries.similar(_condition(origin, since)),
        since=since,
        window=window,
        block=next((one for one in blocks.lasting(origin.campaign_id) if one.hash == origin.hash), None),
        form=form,
        block_form=block_form or BlockForm(),
        **_words(),
    )
    return make_response(page, status)


def _words() -> dict[str, Any]:
    return {
        "lasting": LASTING,
        "duration": format_duration,
    }


def _watched(campaign_id: int, slug: str, window: Window) -> Watched:
    """The figures as of some seconds ago."""
    name = f"watch {slug} {window}"
    found: Watched | None = cache.get(name)
    if found is None:
        found = sign_ups.watch(campaign_id, slug, window)
        cache.set(name, found, timeout=KEPT[window])
    return found


def _links(campaign_id: int, found: list[WatchedCluster]) -> dict[str, Texts]:
    """Whose link it is, by its code."""
    codes = [str(cluster.key.value) for cluster in found if cluster.key.by is By.VIA]
    owners = {code: referrals.find(campaign_id, code) for code in codes}
    return {code: owner.name for code, owner in owners.items() if owner is not None}


def _window() -> Window:
    asked = request.args.get("within", "")
    return Window(asked) if asked in set(Window) else Window.HOUR


def _campaign(slug: str) -> int:
    """The number of a campaign; 404 for none."""
    number = next((number for number, known in slugs().items() if known == slug), None)
    return abort(404) if number is None else number


def _origin(slug: str, sort: str, value: str) -> BlockedOrigin:
    """The network or domain that an address names by its hash; 404 for none."""
    if not re.fullmatch("[0-9a-f]{64}", value):
        abort(404)
    return BlockedOrigin(_campaign(slug), OriginKind(sort), bytes.fromhex(value))


def _condition(origin: BlockedOrigin, since: datetime) -> Condition:
    """The signatures from there that were signed since then."""
    of = {kind: origin.hash if origin.kind is kind else None for kind in OriginKind}
    return Condition(
        campaign_id=origin.campaign_id,
        network_hash=of[OriginKind.NETWORK],
        wide_network_hash=of[OriginKind.WIDE_NETWORK],
        domain_hash=of[OriginKind.DOMAIN],
        signed_from=since,
    )
