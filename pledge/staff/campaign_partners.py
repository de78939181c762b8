"""The organisations behind a campaign: add, correct, put in order, remove."""

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse

from pledge import languages
from pledge.accounts.roles import Permission
from pledge.campaigns import desk as campaigns
from pledge.campaigns import partners
from pledge.campaigns.models import PartnerRole
from pledge.campaigns.partners import PartnerRow
from pledge.guards import allows
from pledge.staff.access import actor, needs, requires_recent_mfa
from pledge.staff.blueprint import staff
from pledge.staff.campaign_forms import PartnerForm, RemoveForm
from pledge.staff.saving import Problem, attempt, take_picture

ROLES = {PartnerRole.SECRETARIAT: _l("Secretariat"), PartnerRole.PARTNER: _l("Partner")}

#: A logo of 1 MB and the fields beside it.
PICTURE_BODY = 8_000_000


@staff.get("/campaigns/<slug>/partners", endpoint="campaign_partners")
@needs(Permission.EDIT_CAMPAIGNS)
def partner_list(slug: str) -> str:
    desk = campaigns.desk(slug)
    return render_template(
        "staff/campaign_partners.html",
        desk=desk,
        partners=partners.rows(desk.id),
        roles=ROLES,
        saved=request.args.get("saved") == "1",
    )


@staff.get("/campaigns/<slug>/partners/new")
@needs(Permission.EDIT_CAMPAIGNS)
def partner_new(slug: str) -> Response:
    return _page(slug, None, PartnerForm(data={"role": PartnerRole.PARTNER}), Problem(200))


@staff.post("/campaigns/<slug>/partners/new", endpoint="partner_new_post")
@allows(body=PICTURE_BODY)
@needs(Permission.EDIT_CAMPAIGNS)
def partner_new_post(slug: str) -> AnyResponse:
    form = PartnerForm(request.form)
    logo = take_picture(form, "logo")
    problem = attempt(
        form, lambda: partners.add(actor(), slug, form.fields, logo), check=lambda: _check(slug, form)
    )
    return _page(slug, None, form, problem) if problem else _done(slug)


@staff.get("/campaigns/<slug>/partners/<int:partner>")
@needs(Permission.EDIT_CAMPAIGNS)
def partner(slug: str, partner: int) -> Response:
    row = partners.one(campaigns.desk(slug).id, partner)
    return _page(
        slug, row, PartnerForm(data={**languages.flat(vars(row.fields)), "seen": row.stamp}), Problem(200)
    )


@staff.post("/campaigns/<slug>/partners/<int:partner>", endpoint="partner_post")
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
    return _page(slug, _still_there(slug, partner), form, problem) if problem else _done(slug)


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
    return _remove_page(slug, row, RemoveForm(data={"seen": row.stamp}), Problem(200))


@staff.post("/campaigns/<slug>/partners/<int:partner>/remove", endpoint="partner_remove_post")
@needs(Permission.EDIT_CAMPAIGNS)
@requires_recent_mfa
def partner_remove_post(slug: str, partner: int) -> AnyResponse:
    row, form = partners.one(campaigns.desk(slug).id, partner), RemoveForm(request.form)
    problem = attempt(
        form,
        lambda: partners.remove(actor(), slug, partner, form.seen.data or "", form.reason.data or ""),
    )
    return _remove_page(slug, row, form, problem) if problem else _done(slug)


def _check(slug: str, form: PartnerForm) -> None:
    partners.check(form.fields, campaigns.desk(slug).state)


def _still_there(slug: str, partner: int) -> PartnerRow | None:
    """None when somebody has removed it: then the form adds it anew."""
    return next((row for row in partners.rows(campaigns.desk(slug).id) if row.id == partner), None)


def _done(slug: str) -> AnyResponse:
    return redirect(url_for("staff.campaign_partners", slug=slug, saved=1), 303)


def _remove_page(slug: str, row: PartnerRow, form: RemoveForm, problem: Problem) -> Response:
    page = render_template(
        "staff/campaign_remove.html",
        desk=campaigns.desk(slug),
        form=form,
        problem=problem,
        what=row.fields.name,
        back=url_for("staff.partner", slug=slug, partner=row.id),
    )
    return make_response(page, problem.status)


def _page(slug: str, row: PartnerRow | None, form: PartnerForm, problem: Problem) -> Response:
    return make_response(
        render_template(
            "staff/campaign_partner.html",
            desk=campaigns.desk(slug),
            partner=row,
            form=form,
            problem=problem,
            roles=[(role.value, words) for role, words in ROLES.items()],
        ),
        problem.status,
    )
