"""The terms of a list of names: shown to signers, replaced by a new version, ended."""

from flask import Response, request
from werkzeug import Response as AnyResponse

from pledge.accounts.roles import Permission
from pledge.campaigns import list_terms
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.list_terms import TermsNotOffered, field_names
from pledge.web.staff.auth.access import actor, needs
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import ListTermsForm
from pledge.web.staff.campaigns.saving import SavingProblem, attempt
from pledge.web.staff.campaigns.sections import OK, saved, section_page


@staff.get("/campaigns/<slug>/list-terms")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_list_terms(slug: str) -> Response:
    return _page(slug, _as_stored(slug), OK)


@staff.post("/campaigns/<slug>/list-terms")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_list_terms_post(slug: str) -> AnyResponse:
    form = ListTermsForm(request.form)
    fields = {name: form[name].data or "" for name in field_names()}
    problem = attempt(form, lambda: list_terms.set_terms(actor(), slug, form.seen.data or "", fields))
    return _page(slug, form, problem) if problem else saved("campaign_list_terms", slug)


@staff.post("/campaigns/<slug>/list-terms/<int(min=1,max=2147483647):version>/end")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_list_terms_end(slug: str, version: int) -> AnyResponse:
    try:
        list_terms.end(actor(), slug, version)
    except TermsNotOffered:
        return _page(slug, _as_stored(slug), SavingProblem(409), meanwhile=True)
    return saved("campaign_list_terms", slug)


def _as_stored(slug: str) -> ListTermsForm:
    """The current terms for editing; else the newest ended ones, to be used again; else an empty form."""
    rows = list_terms.versions(campaigns.desk(slug).id)
    return ListTermsForm(data={**(rows[0].fields if rows else {}), "seen": list_terms.stamp_of(rows)})


def _page(slug: str, form: ListTermsForm, problem: SavingProblem, *, meanwhile: bool = False) -> Response:
    desk = campaigns.desk(slug)
    rows = list_terms.versions(desk.id)
    return section_page(
        "staff/campaigns/list_terms.html",
        desk,
        form,
        problem,
        versions=rows,
        asked=rows[0] if rows and rows[0].is_asked else None,
        meanwhile=meanwhile,
    )
