"""Review: the clusters of sign-ups that look made by programs, what can be done about them, and the list of what is held and
allowed.
"""

import re
from typing import Any

from flask import Response, abort, make_response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug import Response as AnyResponse
from werkzeug.utils import redirect

from pledge.abuse import alerts, origin_list
from pledge.abuse.models import ListEffect, OriginKind
from pledge.abuse.origin_list import Origin
from pledge.accounts.roles import Permission
from pledge.audit import queries as audit
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.queries import slugs
from pledge.core import clock, i18n
from pledge.retention import services as retention
from pledge.signatures import origins
from pledge.signatures.invalidation import queries, services
from pledge.signatures.invalidation.models import InvalidationAct, InvalidationReason
from pledge.watch import queries as watch_queries
from pledge.watch import services as sign_ups
from pledge.watch.clusters import WEEK
from pledge.watch.queries import WatchReport
from pledge.web.caching import cache
from pledge.web.routes import Ask
from pledge.web.staff import campaign_choice
from pledge.web.staff.auth.access import actor
from pledge.web.staff.blueprint import staff
from pledge.web.staff.decisions import offer_undo
from pledge.web.staff.forms import StatedReasonForm
from pledge.web.staff.signatures.forms import ActForm, FindForm, InvalidationForm

#: Seconds for which a process caches the figures.
CACHE_SECONDS = 10

#: Before the name of the field of the form of the list.
_LIST = "list_"


@staff.page("/watch", needs=Permission.INVALIDATE)
def watch() -> Response:
    """The clusters; a network or domain that a cluster's page shows may be filled in, by its hash."""
    filled = {name: f"#{request.args[name]}" for name in ("network", "domain") if name in request.args}
    return review_page(200, proposal=InvalidationForm(**filled))


@staff.act("/watch", needs=Permission.INVALIDATE, asks=Ask.NOTHING)
def watch_post() -> AnyResponse:
    """Look up a network, domain or address, and record it. By POST, so that no address bar, history or log contains it."""
    form = FindForm(request.form)
    campaign_id = campaign_choice.number_of(form.campaign.data or "")
    if not form.validate():
        return review_page(422, find=form)
    sign_ups.record_look_up(actor(), campaign_id, form.kind)
    where = {"slug": form.campaign.data, "sort": form.kind, "value": form.hash.hex()}
    return redirect(url_for("staff.watch_cluster", **where), 303)


@staff.page(
    "/watch/<slug>/<any(network, wide_network, domain, address):sort>/<value>", needs=Permission.INVALIDATE
)
def watch_cluster(slug: str, sort: str, value: str) -> Response:
    return _cluster_page(slug, _origin(slug, sort, value), 200)


@staff.act(
    "/watch/<slug>/<any(network, wide_network, domain):sort>/<value>/<any(hold, release, invalidate):act>",
    needs=Permission.INVALIDATE,
    asks=Ask.REASON,
)
def watch_act(slug: str, sort: str, value: str, act: str) -> AnyResponse:
    """Count what the act is about and propose it; the page of the proposal shows the number and asks for the decision."""
    origin, form = _origin(slug, sort, value), ActForm(request.form)
    if not form.validate():
        return _cluster_page(slug, origin, 422, form)
    reason = InvalidationReason(form.reason.data) if act == InvalidationAct.INVALIDATE else None
    try:
        number = sign_ups.propose(
            actor(), origin, InvalidationAct(act), since=form.begins, reason=reason, why=form.why.data or ""
        )
    except services.NothingMatches:
        form.why.errors = [_("None of the sign-ups here can be dealt with in this way any more.")]
    except services.TooManySignatures:
        form.why.errors = [_("More than 100,000 signatures meet these conditions. Please narrow them down.")]
    except origin_list.LargeProviderNotAllowed:
        return _cluster_page(slug, origin, 422)  # it says why in place of the button
    except services.Undecided as error:
        other = queries.find(error.invalidation_id)
        if (other.act, other.proposed_by) == (act, actor().staff_id):  # the button was pressed twice
            return redirect(url_for("staff.invalidation", invalidation_id=other.id), 303)
        return _cluster_page(slug, origin, 409)  # it shows the other one in place of the buttons
    else:
        return redirect(url_for("staff.invalidation", invalidation_id=number), 303)
    return _cluster_page(slug, origin, 422, form)


@staff.act(
    "/watch/<slug>/<any(network, wide_network, domain, address):sort>/<value>/list/<any(hold, allow):effect>",
    needs=Permission.INVALIDATE,
    asks=Ask.REASON | Ask.FACTOR,
)
def watch_list(slug: str, sort: str, value: str, effect: str) -> AnyResponse:
    """Hold what comes from there, or allow it, which counts those who are held."""
    origin, form = _origin(slug, sort, value), StatedReasonForm(request.form, prefix=_LIST)
    if not form.validate():
        return _cluster_page(slug, origin, 422, list_form=form)
    why = form.why.data or ""
    if effect == ListEffect.ALLOW:
        try:
            waits_for_second_person = sign_ups.allow(actor(), origin, why)
        except services.Undecided:
            return _cluster_page(slug, origin, 409)  # it shows the other one in place of the button
        if waits_for_second_person is not None:
            return redirect(url_for("staff.invalidation", invalidation_id=waits_for_second_person), 303)
    else:
        try:
            origin_list.add(actor(), origin, ListEffect.HOLD, why, origins.provider_domains(slug))
        except origin_list.LargeProviderNotAllowed:
            return _cluster_page(slug, origin, 422)  # it says why in place of the button
    return redirect(url_for("staff.watch_cluster", slug=slug, sort=sort, value=value), 303)


@staff.act("/watch/listed/<int32:listed_id>/lift", needs=Permission.INVALIDATE, asks=Ask.NOTHING)
def watch_lift(listed_id: int) -> AnyResponse:
    origin, effect, why = origin_list.remove(actor(), listed_id)
    place = {"slug": slugs()[origin.campaign_id], "sort": origin.kind.value, "value": origin.hash.hex()}
    message = _("It is off the list.")
    offer_undo(message, "staff.watch_list", [(f"{_LIST}why", why)], effect=effect.value, **place)
    return redirect(url_for("staff.watch"), 303)


def review_page(
    status: int, *, find: FindForm | None = None, proposal: InvalidationForm | None = None
) -> Response:
    """The page of what looks made by programs, with the forms to look for more of it."""
    rows = campaigns.rows()
    chosen = campaign_choice.chosen(rows)
    find, proposal = find or FindForm(), proposal or InvalidationForm()
    numbers: dict[str, Any] = {}
    if chosen is not None:
        numbers = {
            "report": _report(chosen.id, chosen.slug, audit.newest()),
            "acts": queries.newest(chosen.id),
            "listed": origin_list.entries(chosen.id),
        }
        if request.method == "GET":
            find.campaign.data = proposal.campaign.data = chosen.slug
    page = render_template(
        "staff/signatures/watch.html",
        campaigns=rows,
        campaign=chosen,
        find=find,
        proposal=proposal,
        network_days=retention.NETWORKS.days,
        alerts=alerts.newest(WEEK),
        alert_words=lambda alert: alerts.headline(alert.kind, alert.facts, i18n.language()),
        **numbers,
    )
    return make_response(page, status)


def _cluster_page(
    slug: str,
    origin: Origin,
    status: int,
    act_form: ActForm | None = None,
    list_form: StatedReasonForm | None = None,
) -> Response:
    form, is_address = act_form or ActForm(), origin.kind is OriginKind.ADDRESS
    condition = None if is_address else sign_ups.condition(origin)
    cluster = None if is_address else watch_queries.find(origin, slug)
    form.since.data = form.since.data or clock.iso_utc(cluster.since if cluster else clock.now())
    page = render_template(
        "staff/signatures/watch_cluster.html",
        slug=slug,
        sort=origin.kind.value,
        value=origin.hash.hex(),
        origin=origin,
        cluster=cluster,
        evidence=None if is_address else watch_queries.evidence(origin),
        is_large=origin.hash in origins.provider_domains(slug),
        earlier=queries.similar(condition) if condition else [],
        undecided=queries.undecided(condition) if condition else [],
        listed=origin_list.find(origin),
        form=form,
        list_form=list_form or StatedReasonForm(None, prefix=_LIST),
    )
    return make_response(page, status)


@cache.memoize(CACHE_SECONDS)
def _report(campaign_id: int, slug: str, _last_act: int) -> WatchReport:
    """The clusters as of some seconds ago, but not from before the last act of staff, in whatever process that was."""
    return watch_queries.report(campaign_id, slug)


def _origin(slug: str, sort: str, value: str) -> Origin:
    """The network or domain that an address names by its hash; 404 for none."""
    if not re.fullmatch("[0-9a-f]{64}", value):
        abort(404)
    return Origin(campaign_choice.number_of(slug), OriginKind(sort), bytes.fromhex(value))
