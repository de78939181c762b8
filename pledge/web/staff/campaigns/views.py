"""Campaigns in the staff area: list, new one, overview of one, its preview, and its states from draft to archive."""

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse

from pledge.accounts.roles import Permission
from pledge.campaigns import moderation, staff_queries
from pledge.campaigns.consents import StepUpNeeded
from pledge.campaigns.media import MissingContent, missing_content
from pledge.campaigns.models import CampaignState
from pledge.campaigns.moderation import NEEDS_REASON, TRANSITIONS
from pledge.campaigns.opening import CONFIRM_GRACE
from pledge.campaigns.staff_queries import CampaignAdmin, MissingText, NoSuchCampaign
from pledge.core import i18n, languages, tokens, urls
from pledge.core.tokens import Purpose
from pledge.core.urls import campaign_link, public_url
from pledge.statistics import referrals
from pledge.statistics.referrals import Referrer
from pledge.web import errors
from pledge.web.staff.auth.access import SecondFactorNeeded, actor, needs, requires_recent_mfa
from pledge.web.staff.auth.step_up import on_second_factor_needed
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import NewForm, StateForm
from pledge.web.staff.campaigns.items import SECTIONS
from pledge.web.staff.forms import SavingProblem, attempt

STATES = {
    CampaignState.DRAFT: _l("Draft"),
    CampaignState.OPEN: _l("Open"),
    CampaignState.CLOSED: _l("Closed"),
    CampaignState.ARCHIVED: _l("Archived"),
}
STEPS = {
    (CampaignState.DRAFT, CampaignState.OPEN): _l("Publish"),
    (CampaignState.OPEN, CampaignState.CLOSED): _l("Close"),
    (CampaignState.CLOSED, CampaignState.OPEN): _l("Reopen"),
    (CampaignState.CLOSED, CampaignState.ARCHIVED): _l("Archive"),
}

#: What a visitor would miss, and the section where it is entered.
MISSED = {
    MissingContent.PHOTO: (_l("A photograph"), "media"),
    MissingContent.VIDEO: (_l("A video"), "media"),
    MissingContent.CAPTIONS: (_l("Captions of the video in every language"), "media"),
    MissingContent.LETTER: (_l("A letter to read or to download"), "media"),
    MissingContent.QUOTATION: (_l("A quotation of somebody whom people know"), "media"),
    MissingContent.SISTERS: (_l("Sister campaigns"), "sisters"),
    MissingContent.LOGOS: (_l("The logos of all organisations behind it"), "partners"),
}

#: The texts for missing things, by section and field.
_MISSING = {
    ("texts", "title"): _l("Title"),
    ("texts", "tagline"): _l("Tagline"),
    ("texts", "summary"): _l("Summary"),
    ("texts", "recipient"): _l("Recipient of the totals"),
    ("texts", "body"): _l("Text"),
    ("pledge", ""): _l("Pledge text"),
    ("schedule", "closes_at"): _l("A closing time that is still to come"),
    ("partners", "secretariat"): _l("Secretariat"),
    ("partners", ""): _l("Name of a partner"),
    ("events", ""): _l("Title of an event"),
}


@staff.errorhandler(NoSuchCampaign)
def no_such_campaign(_error: NoSuchCampaign) -> Response:
    return errors.error_page(404)


@staff.errorhandler(StepUpNeeded)
def step_up_needed(_error: StepUpNeeded) -> AnyResponse:
    return on_second_factor_needed(SecondFactorNeeded(sign_in=False))


@staff.get("/campaigns")
@needs(Permission.EDIT_CAMPAIGNS)
def campaigns() -> str:
    return render_template("staff/campaigns/campaigns.html", campaigns=staff_queries.rows(), states=STATES)


@staff.get("/campaigns/new")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_new() -> Response:
    return _new_page(NewForm(), 200)


@staff.post("/campaigns/new")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_new_post() -> AnyResponse:
    form = NewForm(request.form)
    problem = attempt(
        form,
        lambda: moderation.create(
            actor(),
            slug=form.slug.data or "",
            title=form.by_language("title"),
        ),
    )
    if problem:
        return _new_page(form, problem.status)
    return redirect(url_for("staff.campaign", slug=(form.slug.data or "").strip().lower()), 303)


@staff.get("/campaigns/<slug>")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign(slug: str) -> str:
    desk = staff_queries.desk(slug)
    return render_template(
        "staff/campaigns/campaign.html",
        desk=desk,
        states=STATES,
        steps=[(after, STEPS[desk.state, after]) for after in TRANSITIONS[desk.state]],
        can_publish=not desk.missing,
        missing=missing_lines(desk.slug, desk.missing),
        missed=[
            (words, _section(slug, section))
            for words, section in map(MISSED.__getitem__, missing_content(desk))
        ],
        moved=request.args.get("moved") == "1",
        share=_share_texts(desk) if desk.state is CampaignState.OPEN else {},
    )


def _share_texts(desk: CampaignAdmin) -> dict[str, str]:
    """A text for sharing, by language, with the address of the public page."""
    return {
        lang: "\n".join(
            [
                desk.texts[f"title_{lang}"],
                desk.texts[f"tagline_{lang}"],
                urls.campaign_link(lang, desk.slug),
            ]
        )
        for lang in languages.codes()
    }


@staff.get("/campaigns/<slug>/preview/<language>")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_preview(slug: str, language: str) -> AnyResponse:
    """Redirect to the public page, with a link that shows it in any state for an hour."""
    return _preview("public.preview", slug, language)


@staff.get("/campaigns/<slug>/preview/<language>/letter")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_letter_preview(slug: str, language: str) -> AnyResponse:
    """The same for the letter."""
    return _preview("public.letter_preview", slug, language)


def _preview(endpoint: str, slug: str, language: str) -> AnyResponse:
    if language not in languages.codes():
        abort(404)
    token = tokens.mint(Purpose.PREVIEW, [staff_queries.desk(slug).id])
    return redirect(url_for(endpoint, lang=language, slug=slug, token=token), 302)


@staff.get("/campaigns/<slug>/state/<after>")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_state(slug: str, after: str) -> Response:
    desk, wanted = staff_queries.desk(slug), _state_or_404(after)
    form = StateForm()
    if wanted not in TRANSITIONS[desk.state]:
        return _state_page(desk, wanted, form, SavingProblem(409, state=desk.state))
    missing = desk.missing if wanted is CampaignState.OPEN else []
    return _state_page(desk, wanted, form, SavingProblem(200, missing=missing))


@staff.post("/campaigns/<slug>/state/<after>")
@needs(Permission.EDIT_CAMPAIGNS)
@requires_recent_mfa
def campaign_state_post(slug: str, after: str) -> AnyResponse:
    desk, wanted = staff_queries.desk(slug), _state_or_404(after)
    form = StateForm(request.form)
    if form.before.data not in set(CampaignState):
        # The sender must say which state they saw.
        return _state_page(desk, wanted, form, SavingProblem(409, state=desk.state))
    before = CampaignState(form.before.data)
    problem = attempt(form, lambda: moderation.move(actor(), slug, before, wanted, form.reason.data or ""))
    if problem:
        return _state_page(staff_queries.desk(slug), wanted, form, problem)
    return redirect(url_for("staff.campaign", slug=slug, moved=1), 303)


def _state_or_404(after: str) -> CampaignState:
    """The state in an address; a campaign never becomes a draft again."""
    if after not in set(CampaignState) - {CampaignState.DRAFT}:
        abort(404)
    return CampaignState(after)


def missing_lines(slug: str, missing: list[MissingText]) -> list[tuple[str, str]]:
    """Text and address for each thing that is missing, down to its field."""
    return [(_words(item), _address(slug, item)) for item in missing]


def _words(item: MissingText) -> str:
    name = item.field.removesuffix(f"_{item.lang}") if item.section == "texts" or not item.lang else ""
    words = str(_MISSING[item.section, name])
    if not item.lang:
        return words
    language = languages.name(item.lang, i18n.language())
    return str(_("%(field)s in %(language)s", field=words, language=language))


def _address(slug: str, item: MissingText) -> str:
    if item.field == "secretariat":
        return url_for("staff.item_new", slug=slug, section=item.section, _anchor="role")
    if item.section in SECTIONS:
        field = f"{SECTIONS[item.section].kind.title}_{item.lang}"
        return url_for("staff.item", slug=slug, section=item.section, number=item.field, _anchor=field)
    return f"{_section(slug, item.section)}#{item.field}"


def _section(slug: str, name: str) -> str:
    """The address of a section."""
    if name in SECTIONS:
        return url_for("staff.campaign_items", slug=slug, section=name)
    return url_for(f"staff.campaign_{name}", slug=slug)


def _new_page(form: NewForm, status: int) -> Response:
    return make_response(render_template("staff/campaigns/new.html", form=form), status)


def _state_page(
    desk: CampaignAdmin, after: CampaignState, form: StateForm, problem: SavingProblem
) -> Response:
    return make_response(
        render_template(
            "staff/campaigns/state.html",
            desk=desk,
            form=form,
            after=after,
            step=STEPS.get((desk.state, after)),
            states=STATES,
            needs_reason=(desk.state, after) in NEEDS_REASON,
            wrong_state=problem.state,
            missing=missing_lines(desk.slug, problem.missing),
            grace_hours=int(CONFIRM_GRACE.total_seconds() // 3600),
        ),
        problem.status,
    )


@staff.get("/campaigns/<slug>/referrals")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_referrals(slug: str) -> str:
    desk = staff_queries.desk(slug)
    return render_template(
        "staff/campaigns/referrals.html",
        desk=desk,
        lines=referrals.lines(desk.id),
        links=[campaign_link(lang, slug) for lang in languages.codes()],
        page_url=lambda referrer, lang: _page_url(desk, referrer, lang),
    )


def _page_url(desk: CampaignAdmin, referrer: Referrer, lang: str) -> str:
    """The page with the number of a partner. That of an organisation is mailed to its contact, so here it has none."""
    if referrer.endorsement_id is not None:
        return public_url("public.spread", lang=lang, slug=desk.slug, via=referrer.code)
    token = referrals.partner_token(desk.id, referrer.code)
    return public_url("public.partner_page", lang=lang, slug=desk.slug, token=token)
