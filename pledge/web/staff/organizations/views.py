"""The review desk: what is waiting and since when, one case with its evidence, and who else has it open."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, abort, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from wtforms import Form

from config import current_config
from pledge.accounts.roles import Permission
from pledge.audit.models import AuditEntry
from pledge.core import i18n, languages
from pledge.core.domains import registrable
from pledge.endorsements.models import ReasonKind, VerificationLevel
from pledge.endorsements.review import moderation, presence, queries, reasons
from pledge.endorsements.review.moderation import CaseChanged, CaseInWrongState, UnknownCase
from pledge.endorsements.review.presence import Presence
from pledge.endorsements.review.queries import ACTION_LABELS, Case, SeenState, Tab
from pledge.endorsements.review.reasons import BadReason
from pledge.endorsements.verification.domains import belongs_to, host_of
from pledge.endorsements.verification.ladder import PATH, RECORD, check_site, site_proof
from pledge.web.request_checks import page_number
from pledge.web.staff.auth.access import actor, needs
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaign_choice import campaign_titles
from pledge.web.staff.organizations.forms import Forms, ReasonTextForm
from pledge.web.staff.words import actor_name

#: As the public addresses have it: the number that an endorsement can have, in either database.
NUMBER = "<int(min=1,max=9223372036854775807):endorsement_id>"

#: Levels that show that the application comes from the organisation itself.
_PROVEN = (VerificationLevel.DOMAIN, VerificationLevel.SITE, VerificationLevel.STAFF)

#: What is said after each act that went well.
DONE = {
    "publish": _l(
        "Published. An e-mail to the organisation is on its way. For 10 minutes you can take it back."
    ),
    "changes": _l("Asked for changes. An e-mail with the reason is on its way."),
    "decline": _l("Declined. An e-mail with the reason is on its way."),
    "remove": _l("Removed from the list. An e-mail with the reason is on its way."),
    "reinstate": _l("It is on the list again. An e-mail to the organisation is on its way."),
    "reopen": _l("It is awaiting review again."),
    "merge": _l("Merged. Its address now leads to the other one."),
    "take-back": _l("The publication was taken back. It is awaiting review again."),
    "note": _l("The note is in the history below."),
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
    queue = queries.queue(Tab(tab), name, page_number(), campaign)
    if queue.page > queue.pages:
        abort(404)
    return render_template(
        "staff/organizations/organizations.html",
        queue=queue,
        tab=Tab(tab),
        name=name,
        seen=lambda item: SeenState(item.state, item.seq, item.version_state),
        can_be_published=lambda item: item.level in _PROVEN and not item.has_duplicates,
        done_words=DONE,
        decided=request.args.get("decided", type=int),
        published=request.args.get("published", type=int),
        left=request.args.get("left", 0, type=int),
        chosen=campaign,
        page_url=lambda number: url_for(
            "staff.organizations", tab=tab, q=name or None, campaign=campaign or None, page=number
        ),
    )


@staff.post("/organizations/publish")
@needs(Permission.REVIEW_ORGANIZATIONS)
def organizations_publish() -> AnyResponse:
    """Publish the ticked cases, each as it was seen; those that have changed are left alone, and counted."""
    published = left = 0
    for case in request.form.getlist("case"):
        number, _colon, seen = case.partition(":")
        try:
            moderation.publish(actor(), int(number), SeenState.parse(seen))
            published += 1
        except ValueError:
            abort(400)
        except (UnknownCase, CaseChanged, CaseInWrongState):
            left += 1
    campaign = request.form.get("campaign") or None
    return redirect(url_for("staff.organizations", campaign=campaign, published=published, left=left), 303)


@staff.get("/organizations/next")
@needs(Permission.REVIEW_ORGANIZATIONS)
def organization_next() -> AnyResponse:
    """The case that has waited longest, or the list when none waits any more."""
    campaign, kind = request.args.get("campaign", ""), request.args.get("kind")
    found = queries.next_case(
        campaign,
        after=request.args.get("after", 0, type=int),
        corrections=None if kind is None else kind == "corrections",
    )
    if found is None:
        return redirect(url_for("staff.organizations", campaign=campaign or None))
    return redirect(url_for("staff.organization", endorsement_id=found))


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


@dataclass(frozen=True)
class TimelineEntry:
    at: datetime
    words: str
    line: AuditEntry | None = None  #: None for what the organisation did


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
            decided=request.args.get("decided", type=int),
            forms=forms,
            form=forms.named(acted) if acted else None,
            acted=acted,
            was=was,
            fault=fault,
            timeline=_timeline(case),
            presence=presence_words(found),
            is_mine=found.is_mine,
        ),
        status,
    )


def presence_words(found: Presence) -> str:
    """Who holds the case, and who else has it open; "" when nobody does."""
    if not found.others:
        return str(_("This case is yours as long as you keep it open here.")) if found.is_mine else ""
    names = ", ".join(map(actor_name, found.others))
    if found.holder is not None:
        return str(
            _(
                "%(holder)s is working on this case now. Open with: %(names)s",
                holder=actor_name(found.holder),
                names=names,
            )
        )
    return str(_("This case is yours. Also open with: %(names)s", names=names))


def _evidence(case: Case) -> Mapping[str, Any]:
    """Whose mailbox, whose website, and the proof that the website would have to show."""
    website = case.newest.website
    host = host_of((case.published or case.newest).website)
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


def _timeline(case: Case) -> list[TimelineEntry]:
    """What happened to the case, the newest first: versions that came in, and what staff did and wrote."""
    came_in = [
        TimelineEntry(version.submitted_at, str(_("Version %(number)s came in", number=version.seq)))
        for version in case.versions
    ]
    done = [
        TimelineEntry(
            line.at,
            str(ACTION_LABELS[line.action].of(i18n.language()))
            if line.action in ACTION_LABELS
            else line.action,
            line,
        )
        for line in case.history
    ]
    return sorted([*came_in, *done], key=lambda entry: entry.at, reverse=True)


def _choices(kind: ReasonKind) -> list[tuple[str, str]]:
    return [(reason.code, reason.wording.of(i18n.language())) for reason in reasons.offered(kind)]


#: Acts after which the next case is shown.
_MOVES_ON = ("publish", "changes", "decline", "merge")

Act = Callable[[int, SeenState, Forms], None]

#: What each act does to a case, by the last part of its address; the form of the same name holds its reason.
ACTS: dict[str, Act] = {
    "publish": lambda case, seen, _: moderation.publish(actor(), case, seen),
    "changes": lambda case, seen, forms: moderation.ask_for_changes(
        actor(), case, seen, forms.changes.code.data or "", forms.changes.note.data
    ),
    "decline": lambda case, seen, forms: moderation.decline(
        actor(), case, seen, forms.decline.code.data or "", forms.decline.note.data
    ),
    "remove": lambda case, seen, forms: moderation.remove(
        actor(), case, seen, forms.remove.code.data or "", forms.remove.words
    ),
    "reinstate": lambda case, seen, forms: moderation.reinstate(
        actor(), case, seen, forms.reinstate.why.data
    ),
    "reopen": lambda case, seen, forms: moderation.reopen(actor(), case, seen, forms.reopen.why.data),
    "merge": lambda case, seen, forms: moderation.merge(
        actor(), case, forms.merge.number, seen, forms.merge.why.data
    ),
    "take-back": lambda case, seen, _: moderation.take_back(actor(), case, seen),
    "note": lambda case, seen, forms: moderation.add_note(actor(), case, seen, forms.note.why.data),
    "certify": lambda case, seen, forms: moderation.certify(actor(), case, seen, forms.certify.why.data),
    "uncertify": lambda case, seen, forms: moderation.uncertify(
        actor(), case, seen, forms.uncertify.why.data
    ),
}


@staff.post(f"/organizations/{NUMBER}/<act>")
@needs(Permission.REVIEW_ORGANIZATIONS)
def organization_act(endorsement_id: int, act: str) -> AnyResponse:
    if act not in ACTS:
        abort(404)
    return _decide(endorsement_id, act, ACTS[act])


@staff.post(f"/organizations/{NUMBER}/site")
@needs(Permission.REVIEW_ORGANIZATIONS)
def organization_site(endorsement_id: int) -> AnyResponse:
    """Look for the proof on the website now, before and outside the transaction that writes down what was found."""
    case = queries.find(endorsement_id)
    if case is None:
        abort(404)
    # Of the version that the level speaks for: a correction that waits must not prove the website on the wall.
    shown = case.published or case.newest
    found = check_site(shown.website, site_proof(endorsement_id))
    return _decide(
        endorsement_id,
        "site-found" if found else "site-not-found",
        lambda case, seen, _: moderation.note_site_proof(actor(), case, seen, found),
    )


def _decide(endorsement_id: int, name: str, act: Act) -> AnyResponse:
    """Run one act and go back to the case, or show the case with what kept it from being done."""
    try:
        seen = SeenState.parse(request.form.get("seen", ""))
    except ValueError:
        abort(400)
    forms = Forms.sent()
    form = forms.named(name)
    following = _next_page(endorsement_id, name)
    if form is not None and not form.validate():
        return case_page(endorsement_id, 422, forms=forms, acted=name)
    try:
        act(endorsement_id, seen, forms)
    except UnknownCase:
        if queries.find(endorsement_id) is None:
            abort(404)
        return case_page(
            endorsement_id, 409, forms=forms, acted=name, fault=_("The other organisation no longer exists.")
        )
    except CaseChanged:
        return case_page(endorsement_id, 409, forms=forms, acted=name, was=seen)
    except CaseInWrongState:
        fault = _("This cannot be done in the case’s current state.")
        return case_page(endorsement_id, 409, forms=forms, acted=name, fault=fault)
    except BadReason:
        _tell_reason(form)
        return case_page(endorsement_id, 422, forms=forms, acted=name)
    return redirect(following, 303)


def _next_page(endorsement_id: int, name: str) -> str:
    """Where one goes on after this act: from what waited to the next that waits, else back to the case."""
    case = queries.find(endorsement_id)
    if name not in _MOVES_ON or case is None or not case.waits:
        return url_for("staff.organization", endorsement_id=endorsement_id, done=name)
    following = queries.next_case(after=endorsement_id)
    if following is None:
        return url_for("staff.organizations", done=name, decided=endorsement_id)
    return url_for("staff.organization", endorsement_id=following, done=name, decided=endorsement_id)


def _tell_reason(form: Form | None) -> None:
    if form is not None and "code" in form:
        form["code"].errors = [_("Choose a reason from the list.")]


@staff.get("/reasons")
@needs(Permission.REVIEW_ORGANIZATIONS)
def review_reasons() -> Response:
    """The list, with an empty form, or with the one that `code` names in it."""
    code = request.args.get("code", "")
    if not code:
        return _page(ReasonTextForm(kind=ReasonKind.CHANGES, active=True), 200)
    known = next((reason for reason in reasons.all_reasons() if reason.code == code), None)
    if known is None:
        abort(404)
    return _page(ReasonTextForm(obj=known, **languages.by_field("wording", known.wording)), 200, editing=code)


@staff.post("/reasons")
@needs(Permission.REVIEW_ORGANIZATIONS)
def review_reasons_post() -> AnyResponse:
    """Add one, or change the words of one: its short name says which."""
    form = ReasonTextForm(request.form)
    if not form.validate():
        return _page(form, 422)
    try:
        reasons.save(
            actor(),
            code=form.code.data,
            kind=ReasonKind(form.kind.data),
            wording=form.by_language("wording"),
            active=form.active.data,
        )
    except BadReason:
        form.code.errors = [_("This short name belongs to a reason for another act.")]
        return _page(form, 422)
    return redirect(url_for("staff.review_reasons", saved=1), 303)


def _page(form: ReasonTextForm, status: int, editing: str = "") -> Response:
    return make_response(
        render_template(
            "staff/organizations/reasons.html",
            reasons=reasons.all_reasons(),
            form=form,
            editing=editing or request.form.get("editing", ""),
            saved=request.args.get("saved") == "1",
        ),
        status,
    )
