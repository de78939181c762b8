"""The organisations behind a campaign: add, correct, put in order, remove."""

from flask import Response, abort, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse

from pledge.accounts.roles import Permission
from pledge.campaigns import partners
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.models import PartnerRole
from pledge.campaigns.partners import PartnerRow
from pledge.core import languages
from pledge.web.request_checks import allows
from pledge.web.staff.auth.access import actor, needs, requires_recent_mfa
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import PartnerForm, RemoveForm
from pledge.web.staff.campaigns.saving import SavingProblem, attempt, take_picture
from pledge.web.staff.campaigns.sections import OK, find_item, removal_page, remove, saved, section_page

ROLES = {PartnerRole.SECRETARIAT: _l("Secretariat"), PartnerRole.PARTNER: _l("Partner")}

#: A logo of 1 MB and the fields beside it.
PICTURE_BODY = 8_000_000


@staff.get("/campaigns/<slug>/partners")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_partners(slug: str) -> str:
    desk = campaigns.desk(slug)
    return render_template(
        "staff/campaigns/partners.html",
        desk=desk,
        partners=partners.rows(desk.id),
        roles=ROLES,
        saved=request.args.get("saved") == "1",
    )


@staff.get("/campaigns/<slug>/partners/new")
@needs(Permission.EDIT_CAMPAIGNS)
def partner_new(slug: str) -> Response:
    return _page(slug, None, PartnerForm(data={"role": PartnerRole.PARTNER}), OK)


@staff.post("/campaigns/<slug>/partners/new")
@allows(body=PICTURE_BODY)
@needs(Permission.EDIT_CAMPAIGNS)
def partner_new_post(slug: str) -> AnyResponse:
    form = PartnerForm(request.form)
    logo = take_picture(form, "logo")
    problem = attempt(
        form, lambda: partners.add(actor(), slug, form.fields, logo), check=lambda: _check(slug, form)
    )
    return _page(slug, None, form, problem) if problem else saved("campaign_partners", slug)


@staff.get("/campaigns/<slug>/partners/<int:partner>")
@needs(Permission.EDIT_CAMPAIGNS)
def partner(slug: str, partner: int) -> Response:
    row = partners.one(campaigns.desk(slug).id, partner)
    return _page(
        slug, row, PartnerForm(data={**languages.as_fields(vars(row.fields)), "seen": row.stamp}), OK
    )


@staff.post("/campaigns/<slug>/partners/<int:partner>")
@allows(body=PICTURE_BODY)
@needs(Permission.EDIT_CAMPAIGNS)
def partner_post(slug: str, partner: int) -> AnyResponse:
    form = PartnerForm(request.form)
    logo = take_picture(form, "logo")
    problem = attempt(
        form,
        lambda: partners.change(
            actor(),
            slug,
            partner,
            form.seen.data or "",
            form.fields,
            logo=logo,
            drop_logo=form.drop_logo.data,
        ),
        check=lambda: _check(slug, form),
    )
    return (
        _page(slug, find_item(partners.rows(campaigns.desk(slug).id), partner), form, problem)
        if problem
        else saved("campaign_partners", slug)
    )


@staff.post("/campaigns/<slug>/partners/<int:partner>/move/<direction>")
@needs(Permission.EDIT_CAMPAIGNS)
def partner_move(slug: str, partner: int, direction: str) -> AnyResponse:
    if direction not in ("up", "down"):
        abort(404)
    partners.move(actor(), slug, partner, up=direction == "up")
    return redirect(url_for("staff.campaign_partners", slug=slug, _anchor=f"partner-{partner}"), 303)


@staff.get("/campaigns/<slug>/partners/<int:partner>/remove")
@needs(Permission.EDIT_CAMPAIGNS)
def partner_remove(slug: str, partner: int) -> Response:
    row = partners.one(campaigns.desk(slug).id, partner)
    return removal_page(slug, row.fields.name, _page_of(slug, row), RemoveForm(data={"seen": row.stamp}))


@staff.post("/campaigns/<slug>/partners/<int:partner>/remove")
@needs(Permission.EDIT_CAMPAIGNS)
@requires_recent_mfa
def partner_remove_post(slug: str, partner: int) -> AnyResponse:
    row = partners.one(campaigns.desk(slug).id, partner)
    return remove(
        "campaign_partners",
        slug,
        row.fields.name,
        _page_of(slug, row),
        lambda seen, reason: partners.remove(actor(), slug, partner, seen, reason),
    )


def _page_of(slug: str, row: PartnerRow) -> str:
    return url_for("staff.partner", slug=slug, partner=row.id)


def _check(slug: str, form: PartnerForm) -> None:
    partners.check(form.fields, campaigns.desk(slug).state)


def _page(slug: str, row: PartnerRow | None, form: PartnerForm, problem: SavingProblem) -> Response:
    roles = [(role.value, words) for role, words in ROLES.items()]
    return section_page(
        "staff/campaigns/partner.html", campaigns.desk(slug), form, problem, partner=row, roles=roles
    )
