"""The review desk: what is waiting and since when, one case with its evidence, and who else has it open."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Response, abort, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse

from config import current_config
from pledge.accounts.roles import Permission
from pledge.core import clock, i18n
from pledge.core.i18n import format_duration
from pledge.endorsements.models import ReasonKind
from pledge.endorsements.review import presence, queries, reasons
from pledge.endorsements.review.moderation import UnknownCase
from pledge.endorsements.review.presence import Presence
from pledge.endorsements.review.queries import Case, SeenState, Tab
from pledge.endorsements.verification.domains import belongs_to, host_of, registrable
from pledge.endorsements.verification.ladder import PATH, RECORD, site_proof
from pledge.web.staff.auth.access import actor, needs
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.titles import campaign_titles
from pledge.web.staff.organizations.forms import Forms

#: As the public addresses have it: the number that an endorsement can have, in either database.
NUMBER = "<int(min=1,max=9223372036854775807):endorsement_id>"

#: What is said after each act that went well.
DONE = {
    "publish": _l("Published. An e-mail to the organisation is on its way."),
    "changes": _l("Asked for changes. An e-mail with the reason is on its way."),
    "decline": _l("Declined. An e-mail with the reason is on its way."),
    "remove": _l("Removed from the list. An e-mail with the reason is on its way."),
    "reinstate": _l("It is on the list again. An e-mail to the organisation is on its way."),
    "reopen": _l("It is awaiting review again."),
    "merge": _l("Merged. Its address now leads to the other one."),
    "certify": _l("Marked as checked by the secretariat."),
    "uncertify": _l("Our check was revoked."),
    "site-found": _l("The proof was found on the website."),
    "site-not-found": _l("The proof was not found on the website."),
}


@staff.get("/organizations")
@needs(Permission.REVIEW_ORGANIZATIONS)
def organizations() -> str:
    tab, name = request.args.get("tab", Tab.REVIEW), request.args.get("q", "").strip()[:100]
    if tab not in set(Tab):
        abort(404)
    campaign = request.args.get("campaign", "")
    if campaign and campaign not in campaign_titles():
        abort(404)
    queue = queries.queue(Tab(tab), name, _page_number(), campaign)
    if queue.page > queue.pages:
        abort(404)
    return render_template(
        "staff/organizations/organizations.html",
        queue=queue,
        tab=Tab(tab),
        name=name,
        chosen=campaign,
        page_url=lambda number: url_for(
            "staff.organizations", tab=tab, q=name or None, campaign=campaign or None, page=number
        ),
    )


@staff.get(f"/organizations/{NUMBER}")
@needs(Permission.REVIEW_ORGANIZATIONS)
def organization(endorsement_id: int) -> Response:
    return case_page(endorsement_id)


@staff.post(f"/organizations/{NUMBER}/here")
@needs(Permission.REVIEW_ORGANIZATIONS)
def organization_here(endorsement_id: int) -> Response:
    """Sent by an open page every twenty seconds: who else is there, and whether the case is still the one shown."""
    try:
        found = presence.arrive(actor(), endorsement_id)
    except UnknownCase:
        abort(404)
    case = queries.find(endorsement_id)
    return jsonify(words=presence_words(found), is_mine=found.is_mine, seen=str(case.seen) if case else "")


@staff.post(f"/organizations/{NUMBER}/take")
@needs(Permission.REVIEW_ORGANIZATIONS)
def organization_take(endorsement_id: int) -> AnyResponse:
    try:
        presence.take_over(actor(), endorsement_id)
    except UnknownCase:
        abort(404)
    return redirect(url_for("staff.organization", endorsement_id=endorsement_id), 303)


def case_page(
    endorsement_id: int,
    status: int = 200,
    *,
    forms: Forms | None = None,
    acted: str = "",
    was: SeenState | None = None,
    fault: str = "",
) -> Response:
    """The page of one case. After an act that failed: which (`acted`), what had been seen (`was`) or why (`fault`).

    404 for a case that nobody can see.
    """
    case = queries.find(endorsement_id)
    if case is None:
        abort(404)
    forms = forms or Forms.empty()
    candidates = queries.duplicates(endorsement_id)
    found = presence.presence(actor(), endorsement_id)
    return make_response(
        render_template(
            "staff/organizations/organization.html",
            case=case,
            evidence=_evidence(case),
            candidates=candidates,
            choices={kind.value: _choices(kind) for kind in ReasonKind},
            done_words=DONE,
            forms=forms,
            form=forms.named(acted) if acted else None,
            acted=acted,
            was=was,
            fault=fault,
            presence=presence_words(found),
            is_mine=found.is_mine,
        ),
        status,
    )


def presence_words(found: Presence) -> str:
    """Who holds the case, and who else has it open; "" when nobody does."""
    if not found.others:
        return str(_("This case is yours as long as you keep it open here.")) if found.is_mine else ""
    names = ", ".join(found.others)
    if found.holder is not None:
        return str(
            _(
                "%(holder)s is working on this case now. Open with: %(names)s",
                holder=found.holder,
                names=names,
            )
        )
    return str(_("This case is yours. Also open with: %(names)s", names=names))


def _evidence(case: Case) -> Mapping[str, Any]:
    """Whose mailbox, whose website, and the proof that the website would have to show."""
    website = str(case.newest.fields["website"])
    host = host_of(str((case.published or case.newest).fields["website"]))
    mail_domain = str(case.row.contact_email).rpartition("@")[2]
    return {
        "mail_domain": mail_domain,
        "free_mail": not case.row.mail_domain,
        "belongs": belongs_to(mail_domain, website),
        "host": host,
        "record": f"{RECORD}.{registrable(host) or host}",
        "file": f"https://{host}{PATH}",
        "proof": site_proof(case.id),
        "can_look": current_config().site_checks,
    }


def _choices(kind: ReasonKind) -> list[tuple[str, str]]:
    return [(reason.code, reason.wording.of(i18n.language())) for reason in reasons.offered(kind)]


@staff.app_template_global("age")
def age(since: datetime) -> str:
    """How long something has waited."""
    return format_duration(clock.now() - since)


def _page_number() -> int:
    text = request.args.get("page", "1")
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text)):
        abort(404)
    return int(text)
