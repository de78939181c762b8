"""The sister campaigns of a campaign: add, correct, remove."""

from flask import Response, render_template, request, url_for
from werkzeug import Response as AnyResponse

from pledge.accounts.roles import Permission
from pledge.campaigns import sisters
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.models import CampaignState
from pledge.campaigns.sisters import SisterRow
from pledge.core import languages
from pledge.web.request_checks import allows
from pledge.web.staff.auth.access import actor, needs, requires_recent_mfa
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import RemoveForm, SisterForm
from pledge.web.staff.campaigns.partners import PICTURE_BODY
from pledge.web.staff.campaigns.saving import SavingProblem, attempt, take_picture
from pledge.web.staff.campaigns.sections import OK, find_item, removal_page, remove, saved, section_page


@staff.get("/campaigns/<slug>/sisters")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_sisters(slug: str) -> str:
    desk = campaigns.desk(slug)
    return render_template(
        "staff/campaigns/sisters.html",
        desk=desk,
        sisters=sisters.rows(desk.id),
        saved=request.args.get("saved") == "1",
    )


@staff.get("/campaigns/<slug>/sisters/new")
@needs(Permission.EDIT_CAMPAIGNS)
def sister_new(slug: str) -> Response:
    return _page(slug, None, SisterForm(), OK)


@staff.post("/campaigns/<slug>/sisters/new")
@allows(body=PICTURE_BODY)
@needs(Permission.EDIT_CAMPAIGNS)
def sister_new_post(slug: str) -> AnyResponse:
    form = SisterForm(request.form)
    logo = take_picture(form, "logo")
    problem = attempt(
        form, lambda: sisters.add(actor(), slug, form.fields, logo), check=lambda: _check(slug, form)
    )
    return _page(slug, None, form, problem) if problem else saved("campaign_sisters", slug)


@staff.get("/campaigns/<slug>/sisters/<int:sister>")
@needs(Permission.EDIT_CAMPAIGNS)
def sister(slug: str, sister: int) -> Response:
    row = sisters.one(campaigns.desk(slug).id, sister)
    return _page(slug, row, SisterForm(data={**languages.as_fields(vars(row.fields)), "seen": row.stamp}), OK)


@staff.post("/campaigns/<slug>/sisters/<int:sister>")
@allows(body=PICTURE_BODY)
@needs(Permission.EDIT_CAMPAIGNS)
def sister_post(slug: str, sister: int) -> AnyResponse:
    form = SisterForm(request.form)
    logo = take_picture(form, "logo")
    problem = attempt(
        form,
        lambda: sisters.change(
            actor(),
            slug,
            sister,
            form.seen.data or "",
            form.fields,
            logo=logo,
            drop_logo=form.drop_logo.data,
        ),
        check=lambda: _check(slug, form),
    )
    return (
        _page(slug, find_item(sisters.rows(campaigns.desk(slug).id), sister), form, problem)
        if problem
        else saved("campaign_sisters", slug)
    )


@staff.get("/campaigns/<slug>/sisters/<int:sister>/remove")
@needs(Permission.EDIT_CAMPAIGNS)
def sister_remove(slug: str, sister: int) -> Response:
    row = sisters.one(campaigns.desk(slug).id, sister)
    return removal_page(slug, row.fields.name, _page_of(slug, row), RemoveForm(data={"seen": row.stamp}))


@staff.post("/campaigns/<slug>/sisters/<int:sister>/remove")
@needs(Permission.EDIT_CAMPAIGNS)
@requires_recent_mfa
def sister_remove_post(slug: str, sister: int) -> AnyResponse:
    row = sisters.one(campaigns.desk(slug).id, sister)
    return remove(
        "campaign_sisters",
        slug,
        row.fields.name,
        _page_of(slug, row),
        lambda seen, reason: sisters.remove(actor(), slug, sister, seen, reason),
    )


def _page_of(slug: str, row: SisterRow) -> str:
    return url_for("staff.sister", slug=slug, sister=row.id)


def _check(slug: str, form: SisterForm) -> None:
    sisters.clean(form.fields, required=campaigns.desk(slug).state is not CampaignState.DRAFT)


def _page(slug: str, row: SisterRow | None, form: SisterForm, problem: SavingProblem) -> Response:
    return section_page("staff/campaigns/sister.html", campaigns.desk(slug), form, problem, sister=row)
