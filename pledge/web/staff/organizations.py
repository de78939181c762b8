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
from pledge.audit.models import Actor
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
from pledge.web.routes import Ask
from pledge.web.staff.auth.access import actor, done
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaign_choice import campaign_titles
from pledge.web.staff.decisions import DONE_ALREADY, offer_undo, pressed_twice
from pledge.web.staff.forms import StatedReasonForm, check_resident_number
from pledge.web.staff.words import actor_name

_REVIEW = Permission.REVIEW_ORGANIZATIONS
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


class MergeForm(StatedReasonForm):
    into = RadioField(_l("The one that remains"), validate_choice=False)

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


#: Levels that show that the application comes from the organisation itself.
_PROVEN = (VerificationLevel.DOMAIN, VerificationLevel.SITE, VerificationLevel.STAFF)
#: Why an act was not done; 404 for a case that does not exist itself.
_REFUSALS: dict[type[Exception], Any] = {
    UnknownCase: _l("The other organisation no longer exists."),
    CaseInWrongState: _l("This cannot be done in the case’s current state."),
}
#: The forms of a case's page, by the prefix of their fields.
_FORMS: dict[str, type[StaffForm]] = {
    "changes": ReasonForm,
    "decline": ReasonForm,
    "remove": RemovalForm,
    "reinstate": StatedReasonForm,
    "reopen": StatedReasonForm,
    "merge": MergeForm,
    "note": StatedReasonForm,
    "certify": StatedReasonForm,
    "uncertify": StatedReasonForm,
}


@staff.page("/organizations", needs=_REVIEW)
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
        can_be_published=lambda item: item.version.endorsement.level in _PROVEN and not item.has_duplicates,
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


@staff.act("/organizations/reasons", needs=_REVIEW, asks=Ask.NOTHING)
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
    message = _("Saved. Decisions that were made before keep their wording.")
    return done(message, "organizations", saved="reason", _anchor="reasons")


@staff.act("/organizations/publish", needs=_REVIEW, asks=Ask.NOTHING)
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
    message = _("Published: %(number)s.", number=format_count(published))
    if left:
        message += " " + _("Left alone, as they have changed: %(number)s.", number=format_count(left))
    elif not published:
        message = _("Nothing was published. Tick the organisations first.")
    flash(message, "done" if published and not left else "warning")
    return redirect(url_for("staff.organizations", campaign=request.form.get("campaign") or None), 303)


@staff.page("/organizations/next", needs=_REVIEW)
def organization_next() -> AnyResponse:
    """The case that has waited longest, or the list when none waits any more."""
    campaign, kind = request.args.get("campaign", ""), request.args.get("kind")
    number = queries.next_case(
        campaign,
        after=request.args.get("after", 0, type=int),
        corrections=None if kind is None else kind == "corrections",
    )
    if number is None:
        return redirect(url_for("staff.organizations", campaign=campaign or None))
    return redirect(url_for("staff.organization", endorsement_id=number))


@staff.page("/organizations/<int64:endorsement_id>", needs=_REVIEW)
def organization(endorsement_id: int) -> Response:
    return _case_page(endorsement_id)


@staff.act("/organizations/<int64:endorsement_id>/publish", needs=_REVIEW, asks=Ask.NOTHING)
def organization_publish(endorsement_id: int) -> AnyResponse:
    message = _("Published. An e-mail to the organisation is on its way.")
    return _decide(endorsement_id, message, moderation.publish, moves_on="publish")


@staff.act("/organizations/<int64:endorsement_id>/changes", needs=_REVIEW, asks=Ask.REASON)
def organization_changes(endorsement_id: int) -> AnyResponse:
    message = _("Asked for changes. An e-mail with the reason is on its way.")
    return _decide(endorsement_id, message, moderation.ask_for_changes, moves_on="ask_for_changes")


@staff.act("/organizations/<int64:endorsement_id>/decline", needs=_REVIEW, asks=Ask.REASON)
def organization_decline(endorsement_id: int) -> AnyResponse:
    message = _("Declined. An e-mail with the reason is on its way.")
    return _decide(endorsement_id, message, moderation.decline, moves_on="decline")


@staff.act("/organizations/<int64:endorsement_id>/remove", needs=_REVIEW, asks=Ask.REASON)
def organization_remove(endorsement_id: int) -> AnyResponse:
    def remove(by: Actor, number: int, seen: SeenState, code: str, **wording: str) -> None:
        own = languages.texts({lang: wording[f"wording_{lang}"] for lang in languages.codes()})
        moderation.remove(by, number, seen, code, own or None)

    message = _("Removed from the list. An e-mail with the reason is on its way.")
    return _decide(endorsement_id, message, remove)


@staff.act("/organizations/<int64:endorsement_id>/reinstate", needs=_REVIEW, asks=Ask.REASON)
def organization_reinstate(endorsement_id: int) -> AnyResponse:
    message = _("It is on the list again. An e-mail to the organisation is on its way.")
    return _decide(endorsement_id, message, moderation.reinstate)


@staff.act("/organizations/<int64:endorsement_id>/reopen", needs=_REVIEW, asks=Ask.REASON)
def organization_reopen(endorsement_id: int) -> AnyResponse:
    return _decide(endorsement_id, _("It is awaiting review again."), moderation.reopen)


@staff.act("/organizations/<int64:endorsement_id>/merge", needs=_REVIEW, asks=Ask.REASON)
def organization_merge(endorsement_id: int) -> AnyResponse:
    def merge(by: Actor, number: int, seen: SeenState, into: str, why: str) -> None:
        moderation.merge(by, number, seen, int(into), why)

    message = _("Merged. Its address now leads to the other one.")
    return _decide(endorsement_id, message, merge, moves_on="merge")


@staff.act("/organizations/<int64:endorsement_id>/take-back", needs=_REVIEW, asks=Ask.NOTHING)
def organization_take_back(endorsement_id: int) -> AnyResponse:
    message = _("The publication was taken back. It is awaiting review again.")
    return _decide(endorsement_id, message, moderation.take_back)


@staff.act("/organizations/<int64:endorsement_id>/note", needs=_REVIEW, asks=Ask.REASON)
def organization_note(endorsement_id: int) -> AnyResponse:
    def add_note(by: Actor, number: int, seen: SeenState, why: str) -> None:
        moderation.add_note(by, number, seen, note=why)

    return _decide(endorsement_id, _("The note is in the history below."), add_note)


@staff.act("/organizations/<int64:endorsement_id>/certify", needs=_REVIEW, asks=Ask.REASON)
def organization_certify(endorsement_id: int) -> AnyResponse:
    return _decide(endorsement_id, _("Marked as checked by the secretariat."), moderation.certify)


@staff.act("/organizations/<int64:endorsement_id>/uncertify", needs=_REVIEW, asks=Ask.REASON)
def organization_uncertify(endorsement_id: int) -> AnyResponse:
    return _decide(endorsement_id, _("Our check was revoked."), moderation.uncertify)


@staff.act("/organizations/<int64:endorsement_id>/site", needs=_REVIEW, asks=Ask.NOTHING)
def organization_site(endorsement_id: int) -> AnyResponse:
    """Look for its proof on the website, for up to ten seconds."""

    def check_website(by: Actor, number: int, seen: SeenState) -> None:
        has_proof = moderation.check_website(by, number, seen)
        flash(
            _("The proof was found on the website.")
            if has_proof
            else _("The proof was not found on the website."),
            "done",
        )

    return _decide(endorsement_id, "", check_website)


def _decide(endorsement_id: int, message: str, act: Callable[..., object], moves_on: str = "") -> AnyResponse:
    """Do it and go on, from what waited to the next that waits; or show the case with what kept it from being done.

    `act` gets the actor, the case, what was seen of it, and by their names the fields of the form. `moves_on`: what the audit
    log calls an act after which the next case is shown.
    """
    try:
        seen = SeenState.parse(request.form.get("seen", ""))
    except ValueError:
        abort(400)
    acted = request.path.rpartition("/")[2]
    form = _FORMS.get(acted, StaffForm)(request.form, prefix=f"{acted}-")
    refused = partial(_case_page, endorsement_id, acted=acted, sent=form)
    if not form.validate():
        return refused(422)
    case = queries.find(endorsement_id)
    is_decided = bool(moves_on) and case is not None and case.row.is_to_review
    shown = queries.next_case(after=endorsement_id) if is_decided else endorsement_id
    try:
        act(actor(), endorsement_id, seen, **form.data)
    except (UnknownCase, CaseInWrongState) as error:
        return refused(409, fault=_REFUSALS[type(error)])
    except CaseChanged:
        is_twice = bool(moves_on) and pressed_twice(f"endorsement:{endorsement_id}", moves_on)
        after = {"after": endorsement_id}
        return done(str(DONE_ALREADY), "organization_next", **after) if is_twice else refused(409, was=seen)
    except BadReason:
        form["code"].errors = [_("Choose a reason from the list.")]
        return refused(422)
    decided = endorsement_id if is_decided else None
    published = queries.find(endorsement_id) if moves_on == "publish" else None
    if published is not None and published.row.can_be_taken_back:
        decided = None
        fields = [("seen", str(published.seen))]
        offer_undo(message, "staff.organization_take_back", fields, endorsement_id=endorsement_id)
    elif message:
        flash(message, "done")
    if shown is None:
        return redirect(url_for("staff.organizations", decided=decided), 303)
    return redirect(url_for("staff.organization", endorsement_id=shown, decided=decided), 303)


@staff.act("/organizations/<int64:endorsement_id>/here", needs=_REVIEW, asks=Ask.NOTHING)
def organization_here(endorsement_id: int) -> Response:
    """Sent by an open page every twenty seconds: who else is there, and whether the case is still the one shown."""
    others = presence.arrive(actor(), endorsement_id)
    case = queries.find(endorsement_id)
    return jsonify(words=_presence_words(others), is_mine=others.is_mine, seen=str(case.seen) if case else "")


@staff.act("/organizations/<int64:endorsement_id>/take", needs=_REVIEW, asks=Ask.NOTHING)
def organization_take(endorsement_id: int) -> AnyResponse:
    presence.arrive(actor(), endorsement_id, take=True)
    return redirect(url_for("staff.organization", endorsement_id=endorsement_id), 303)


def _case_page(
    endorsement_id: int,
    status: int = 200,
    *,
    acted: str = "",
    sent: StaffForm | None = None,
    was: SeenState | None = None,
    fault: object = "",
) -> Response:
    """The page of one case. After an act that failed: which (`acted`), its form (`sent`), what had been seen (`was`) or why (`fault`).

    404 for a case that nobody can see.
    """
    case = queries.find(endorsement_id)
    if case is None:
        abort(404)
    others = presence.presence(actor(), endorsement_id)
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
        forms={**{name: form(prefix=f"{name}-") for name, form in _FORMS.items()}, acted: sent},
        form=sent,
        acted=acted,
        was=was,
        fault=fault,
        timeline=sorted([*came_in, *acts], key=lambda entry: entry[0], reverse=True),
        act_words=lambda action: ACTIONS.get(action, action),
        presence=_presence_words(others),
        is_mine=others.is_mine,
    )
    return make_response(page, status)


def _presence_words(others: Presence) -> str:
    """Who holds the case, and who else has it open; "" when nobody does."""
    if not others.others:
        return str(_("This case is yours as long as you keep it open here.")) if others.is_mine else ""
    names = ", ".join(map(actor_name, others.others))
    if others.holder is not None:
        return str(
            _(
                "%(holder)s is working on this case now. Open with: %(names)s",
                holder=actor_name(others.holder),
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
