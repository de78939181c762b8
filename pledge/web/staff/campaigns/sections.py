"""What the sections of a campaign share: a page with a form, the redirect after saving, and the page that asks before removing."""

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug import Response as AnyResponse

from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.staff_queries import CampaignDesk
from pledge.web.staff.campaigns.forms import RemoveForm
from pledge.web.staff.forms import SavingProblem

OK = SavingProblem(200)


def section_page(
    template: str, desk: CampaignDesk, form: object, problem: SavingProblem, **more: object
) -> Response:
    """A section of a campaign with its form."""
    page = render_template(
        template,
        desk=desk,
        form=form,
        problem=problem,
        saved=request.args.get("saved") == "1",
        **more,
    )
    return make_response(page, problem.status)


def saved(section: str, slug: str) -> AnyResponse:
    """Back to the section, which says that it is saved."""
    return redirect(url_for(f"staff.{section}", slug=slug, saved=1), 303)


def removal_page(
    slug: str, what: object, back: str, form: RemoveForm, problem: SavingProblem = OK
) -> Response:
    """The page that asks for the reason before an item is removed."""
    return section_page(
        "staff/campaigns/remove.html", campaigns.desk(slug), form, problem, what=what, back=back
    )
