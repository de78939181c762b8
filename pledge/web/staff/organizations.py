"""The review desk: what is waiting and since when, one case with its evidence, who else has it open, and the list of reasons."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flask import Response, abort, flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.fields import Field
from wtforms.validators import AnyOf, ValidationError

from config import current_config
from pledge.accounts.roles import Permission
from pledge.audit.labels import ACTIONS
from pledge.core import i18n, languages
from pledge.core.i18n import format_count
from pledge.core.text.lines import is_readable
from pledge.endorsements.models import ReasonKind, VerificationLevel
from pledge.endorsements.review import moderation, presence, queries, reasons
from pledge.endorsements.review.moderation import CaseChanged, CaseInWrongState, UnknownCase
from pledge.endorsements.review.presence import Presence
from pledge.endorsements.review.queries import Case, SeenState, Tab
from pledge.endorsements.review.reasons import CODE, MAX_WORDING, BadReason
from pledge.endorsements.verification.domains import belongs_to, host_of
from pledge.endorsements.verification.ladder import proof_for
from pledge.web.forms import ByLanguage, StaffForm, TickField
from pledge.web.request_checks import page_number
from pledge.web.staff.auth.access import Ask, actor, done, needs
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaign_choice import campaign_titles
from pledge.web.staff.decisions import DONE_ALREADY, offer_undo, pressed_twice
from pledge.web.staff.forms import StatedReasonForm, check_resident_number
from pledge.web.staff.words import actor_name

MAX_NUMBER = 2**63 - 1


def _check_text(field: Field, missing: Any = None) -> None:
    """Make one line of a text, and check it; `missing` is said when it may not be empty."""
    field.data = " ".join((field.data or "").split())
    if missing and not field.data:
        raise ValidationError(missing)
    if len(field.data) > MAX_WORDING:
        raise ValidationError(_l("This can have up to %(number)s characters.", number=MAX_WORDING))
    if not is_readable(field.data):
        raise ValidationError(_l("It contains a character that cannot be shown."))
    check_resident_number(field)


def _check_all_or_none(form: "RemovalForm", field: Field) -> None:
    _check_text(field)
    if form.by_language("wording") and not field.data:
        raise ValidationError(_l("Say it in every language, or leave all of them empty."))


def _check_wording(_form: StaffForm, field: Field) -> None:
    _check_text(field, _l("This field is required."))


class ReasonForm(StaffForm):
    """Turning down: a reason of the list, and what is added to it."""

    code = SelectField(_l("Reason"), validate_choice=False, default="")
    note = TextAreaField(_l("Add to the e-mail"))

    def validate_note(self, field: Field) -> None:
        _check_text(field)


class RemovalForm(StaffForm):
    """Removing: a public reason of the list, or in other words in every language."""

    code = SelectField(_l("Public reason"), validate_choice=False, default="")
    wording = ByLanguage(StringField, _l("Own wording"), check=_check_all_or_none)

    @property
    def arguments(self) -> tuple[Any, ...]:
        return self.code.data, self.by_language("wording") or None


class MergeForm(StatedReasonForm):
    into = RadioField(_l("The one that remains"), validate_choice=False)

    @property
    def arguments(self) -> tuple[Any, ...]:
        return int(self.into.data), self.why.data

    def validate_into(self, field: Field) -> None:
        text = field.data or ""
        if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= MAX_NUMBER):
            raise ValidationError(_l("Choose which one remains."))


class ReasonTextForm(StaffForm):
    """One reason of the editable list."""

    code = StringField(_l("Short name"))
    kind = SelectField(
        _l("Used for"), [AnyOf(list(ReasonKind), _l("Choose what it is used for."))], validate_choice=False
    )
    wording = ByLanguage(TextAreaField, _l("Reason"), check=_check_wording)
    active = TickField(_l("Offered"))

    def validate_code(self, field: Field) -> None:
        field.data = (field.data or "").strip()
        if not CODE.fullmatch(field.data):
            raise ValidationError(
                _l("Use 2 to 40 lower-case letters, digits and hyphens, and begin with a letter.")
            )


#: As the public addresses have it: the number that an endorsement can have, in either database.
NUMBER = "<int(min=1,max=9223372036854775807):endorsement_id>"

#: Levels that show that the application comes from the organisation itself.
_PROVEN = (VerificationLevel.DOMAIN, VerificationLevel.SITE, VerificationLevel.STAFF)

#: What is said after each act that went well.
DONE = {
    "publish": _l("Published. An e-mail to the organisation is on its way."),
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
def organizations() -> Response:
    """The list, and below it the reasons, with an empty form or the one of the reason that is named."""
    code = request.args.get("reason", "")
    if not code:
        return _list_page(ReasonTextForm(kind=ReasonKind.CHANGES, active=True))
    known = next((reason for reason in reasons.all_reasons() if reason.code == code), None)
    if known is None:
        abort(404)
    return _list_page(ReasonTextForm(obj=known, **languages.by_field("wording", known.wording)), editing=code)


def _list_page(form: ReasonTextForm, status: int = 200, editing: str = "") -> Response:
    tab, name = request.args.get("tab", Tab.REVIEW), request.args.get("q", "").strip()[:100]
    campaign = request.args.get("campaign", "")
    if tab not in set(Tab) or (campaign and campaign not in campaign_titles()):
        abort(404)
    queue = queries.queue(Tab(tab), name, page_number(), campaign)
    if queue.page > queue.pages:
        abort(404)
    page = render_template(
        "staff/organizations/organizations.html",
        queue=queue,
        tab=Tab(tab),
        name=name,
        seen=lambda item: SeenState(item.state, item.seq, item.version_state),
        can_be_published=lambda item: item.level in _PROVEN and not item.has_duplicates,
        decided=request.args.get("decided", type=int),
        chosen=campaign,
        page_url=lambda number: url_for(
            "staff.organizations", tab=tab, q=name or None, campaign=campaign or None, page=number
        ),
        reasons=reasons.all_reasons(),
        form=form,
        editing=editing,
    )
    return make_response(page, status)


@staff.post("/organizations/reasons")
@needs(Permission.REVIEW_ORGANIZATIONS, Ask.NOTHING)
def organization_reasons() -> AnyResponse:
    """Add a reason, or change the words of one: its short name says which."""
    form, editing = ReasonTextForm(request.form), request.form.get("editing", "")
    if not form.validate():
        return _list_page(form, 422, editing)
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
        return _list_page(form, 422, editing)
    said = _("Saved. Decisions that were made before keep their wording.")
    return done(said, "organizations", saved="reason", _anchor="reasons")


@staff.post("/organizations/publish")
@needs(Permission.REVIEW_ORGANIZATIONS, Ask.NOTHING)
def organizations_publish() -> AnyResponse:
    """Publish the ticked cases, each as it was seen; those that have changed are left alone, and counted."""
    published = left = 0
    for case in request.form.getlist("case"):
        number, _colon, seen = case.partition(":")
        try:
            moderation.publish(actor(), min(int(number), MAX_NUMBER), SeenState.parse(seen))
            published += 1
        except ValueError:
            abort(400)
        except (UnknownCase, CaseChanged, CaseInWrongState):
            left += 1
    said = _("Published: %(number)s.", number=format_count(published))
    if left:
        said += " " + _("Left alone, as they have changed: %(number)s.", number=format_count(left))
    elif not published:
        said = _("Nothing was published. Tick the organisations first.")
    flash(said, "done" if published and not left else "warning")
    return redirect(url_for("staff.organizations", campaign=request.form.get("campaign") or None), 303)


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


#: What may be done to a case, by the last part of the address, which is the prefix of the form's fields: the form, and the use
#: case, which takes who acts, the case, how it was seen, and what the form gives.
ACTS: dict[str, tuple[type[StaffForm], Callable[..., object]]] = {
    "publish": (StaffForm, moderation.publish),
    "changes": (ReasonForm, moderation.ask_for_changes),
    "decline": (ReasonForm, moderation.decline),
    "remove": (RemovalForm, moderation.remove),
    "reinstate": (StatedReasonForm, moderation.reinstate),
    "reopen": (StatedReasonForm, moderation.reopen),
    "merge": (MergeForm, moderation.merge),
    "take-back": (StaffForm, moderation.take_back),
    "note": (StatedReasonForm, moderation.add_note),
    "certify": (StatedReasonForm, moderation.certify),
    "uncertify": (StatedReasonForm, moderation.uncertify),
    "site": (StaffForm, moderation.check_website),
}
#: Why it was not done; 404 for a case that does not exist itself.
_REFUSALS: dict[type[Exception], Any] = {
    UnknownCase: _l("The other organisation no longer exists."),
    CaseInWrongState: _l("This cannot be done in the case’s current state."),
}
#: Acts after which the next case is shown.
_MOVES_ON = ("publish", "changes", "decline", "merge")


def _forms(sent: Any = None) -> dict[str, StaffForm]:
    """The forms of a case's page; of those that were sent one is filled."""
    return {name: form(sent, prefix=f"{name}-") for name, (form, _use_case) in ACTS.items()}


@staff.get(f"/organizations/{NUMBER}")
@needs(Permission.REVIEW_ORGANIZATIONS)
def organization(endorsement_id: int) -> Response:
    return _case_page(endorsement_id, 200, _forms())


@staff.post(f"/organizations/{NUMBER}/<act>")
@needs(Permission.REVIEW_ORGANIZATIONS, Ask.REASON)
def organization_act(endorsement_id: int, act: str) -> AnyResponse:
    """Do it and go on, from what waited to the next that waits; or show the case with what kept it from being done."""
    if act not in ACTS:
        abort(404)
    try:
        seen = SeenState.parse(request.form.get("seen", ""))
    except ValueError:
        abort(400)
    forms = _forms(request.form)
    refused = partial(_case_page, endorsement_id, forms=forms, acted=act)
    if not forms[act].validate():
        return refused(422)
    case = queries.find(endorsement_id)
    moves_on = act in _MOVES_ON and case is not None and case.row.is_to_review
    shown = queries.next_case(after=endorsement_id) if moves_on else endorsement_id
    try:
        outcome = ACTS[act][1](actor(), endorsement_id, seen, *forms[act].arguments)
    except (UnknownCase, CaseInWrongState) as error:
        return refused(409, fault=_REFUSALS[type(error)])
    except CaseChanged:
        twice = act in _MOVES_ON and pressed_twice(f"endorsement:{endorsement_id}", ACTS[act][1].__name__)
        after = {"after": endorsement_id}
        return done(str(DONE_ALREADY), "organization_next", **after) if twice else refused(409, was=seen)
    except BadReason:
        forms[act]["code"].errors = [_("Choose a reason from the list.")]
        return refused(422)
    decided = endorsement_id if moves_on else None
    published = queries.find(endorsement_id) if act == "publish" else None
    if published is not None and published.row.can_be_taken_back:
        decided = None
        where = {"endorsement_id": endorsement_id, "act": "take-back"}
        offer_undo(str(DONE["publish"]), "staff.organization_act", [("seen", str(published.seen))], **where)
    else:
        said = ("site-found" if outcome else "site-not-found") if act == "site" else act
        flash(str(DONE[said]), "done")
    if shown is None:
        return redirect(url_for("staff.organizations", decided=decided), 303)
    return redirect(url_for("staff.organization", endorsement_id=shown, decided=decided), 303)


@staff.post(f"/organizations/{NUMBER}/here")
@needs(Permission.REVIEW_ORGANIZATIONS, Ask.NOTHING)
def organization_here(endorsement_id: int) -> Response:
    """Sent by an open page every twenty seconds: who else is there, and whether the case is still the one shown."""
    found = presence.arrive(actor(), endorsement_id)
    case = queries.find(endorsement_id)
    return jsonify(words=_presence_words(found), is_mine=found.is_mine, seen=str(case.seen) if case else "")


@staff.post(f"/organizations/{NUMBER}/take")
@needs(Permission.REVIEW_ORGANIZATIONS, Ask.NOTHING)
def organization_take(endorsement_id: int) -> AnyResponse:
    presence.arrive(actor(), endorsement_id, take=True)
    return redirect(url_for("staff.organization", endorsement_id=endorsement_id), 303)


def _case_page(
    endorsement_id: int,
    status: int,
    forms: Mapping[str, StaffForm],
    *,
    acted: str = "",
    was: SeenState | None = None,
    fault: object = "",
) -> Response:
    """The page of one case. After an act that failed: which (`acted`), what had been seen (`was`) or why (`fault`).

    404 for a case that nobody can see.
    """
    case = queries.find(endorsement_id)
    if case is None:
        abort(404)
    found = presence.presence(actor(), endorsement_id)
    came_in = [(version.submitted_at, version.seq, None) for version in case.versions]
    acts = [(line.at, 0, line) for line in case.history]
    page = render_template(
        "staff/organizations/organization.html",
        case=case,
        evidence=_evidence(case),
        candidates=queries.duplicates(endorsement_id),
        choices={
            kind.value: [
                (reason.code, reason.wording.in_language(i18n.language())) for reason in reasons.offered(kind)
            ]
            for kind in ReasonKind
        },
        decided=request.args.get("decided", type=int),
        forms=forms,
        form=forms.get(acted),
        acted=acted,
        was=was,
        fault=fault,
        timeline=sorted([*came_in, *acts], key=lambda entry: entry[0], reverse=True),
        act_words=lambda action: ACTIONS.get(action, action),
        presence=_presence_words(found),
        is_mine=found.is_mine,
    )
    return make_response(page, status)


def _presence_words(found: Presence) -> str:
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
    mail_domain = str(case.row.contact_email).rpartition("@")[2]
    return {
        "mail_domain": mail_domain,
        "free_mail": not case.row.mail_domain,
        "belongs": belongs_to(mail_domain, website),
        "host": host_of(website),
        "proof": proof_for(case.row.id, case.shown.website),
        "can_look": current_config().site_checks,
    }
