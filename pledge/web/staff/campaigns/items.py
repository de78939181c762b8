"""The lists of a campaign: partners, events, sister campaigns. Add, correct, put in order, remove."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Response, abort, redirect, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse

from pledge.accounts.roles import Permission
from pledge.campaigns import items
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.events import EVENT
from pledge.campaigns.items import Item, ItemKind
from pledge.campaigns.models import PartnerRole
from pledge.campaigns.partners import PARTNER, SISTER
from pledge.campaigns.staff_queries import CampaignAdmin
from pledge.core.urls import campaign_link, public_url
from pledge.statistics import referrals
from pledge.statistics.referrals import Referrer
from pledge.web.request_checks import allows
from pledge.web.staff.auth.access import actor, needs
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import (
    OK,
    EventForm,
    ItemForm,
    PartnerForm,
    RemoveForm,
    SisterForm,
    removal_page,
    section_page,
)
from pledge.web.staff.forms import PICTURE_BODY, SavingProblem, as_typed, attempt, take_picture

ROLES = {PartnerRole.SECRETARIAT: _l("Secretariat"), PartnerRole.PARTNER: _l("Partner")}


@dataclass(frozen=True)
class ItemSection:
    """One list, as its screens show it."""

    kind: ItemKind[Any]
    form: type[ItemForm]
    page: str  #: the endpoint of the page that has the list
    heading: object
    adding: object  #: what adding an item is called
    blank: Mapping[str, object] = field(default_factory=dict)  #: the form of a new item
    labels: Mapping[Any, object] = field(default_factory=dict)  #: the choices of its form, in words


#: By its name in the address.
SECTIONS = {
    "partners": ItemSection(
        kind=PARTNER,
        form=PartnerForm,
        page="staff.campaign_partners",
        heading=_l("Partners"),
        adding=_l("Add a partner"),
        blank={"role": PartnerRole.PARTNER},
        labels=ROLES,
    ),
    "events": ItemSection(
        kind=EVENT,
        form=EventForm,
        page="staff.campaign_dates",
        heading=_l("Events"),
        adding=_l("Add an event"),
    ),
    "sisters": ItemSection(
        kind=SISTER,
        form=SisterForm,
        page="staff.campaign_partners",
        heading=_l("Sister campaigns"),
        adding=_l("Add a sister campaign"),
    ),
}

_LIST = f"/campaigns/<slug>/<any({', '.join(SECTIONS)}):section>"


#: Partners on one page of their list.
_PAGE_SIZE = 20


@staff.get("/campaigns/<slug>/partners")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_partners(slug: str) -> Response:
    """The partners and the organisations that brought somebody with their links, and the sister campaigns."""
    desk, wanted = campaigns.desk(slug), request.args.get("q", "").strip()
    lines = {line.referrer.code: line for line in referrals.lines(desk.id)}
    partners = items.rows(PARTNER, desk.id)
    found = [item for item in partners if wanted.casefold() in " ".join(item.title.values()).casefold()]
    pages = max(1, -(-len(found) // _PAGE_SIZE))
    page = min(max(1, request.args.get("page", 1, type=int)), pages)
    return section_page(
        "staff/campaigns/partners.html",
        desk,
        None,
        OK,
        sections=SECTIONS,
        partners=found[(page - 1) * _PAGE_SIZE : page * _PAGE_SIZE],
        all_partners=len(partners),
        wanted=wanted,
        page=page,
        pages=pages,
        sisters=items.rows(SISTER, desk.id),
        line_of=lambda item: lines[f"p{item.id}"],
        organizations=[line for line in lines.values() if line.referrer.endorsement_id is not None],
        link=lambda line, lang: f"{campaign_link(lang, slug)}?via={line.referrer.code}",
        page_url=lambda line, lang: _page_url(desk, line.referrer, lang),
    )


def _page_url(desk: CampaignAdmin, referrer: Referrer, lang: str) -> str:
    """The page with the number of a partner. That of an organisation is mailed to its contact, so here it has none."""
    if referrer.endorsement_id is not None:
        return public_url("public.spread", lang=lang, slug=desk.slug, via=referrer.code)
    token = referrals.partner_token(desk.id, referrer.code)
    return public_url("public.partner_page", lang=lang, slug=desk.slug, token=token)


@staff.get(f"{_LIST}/new", defaults={"number": None})
@staff.get(f"{_LIST}/<int:number>")
@needs(Permission.EDIT_CAMPAIGNS)
def item(slug: str, section: str, number: int | None) -> Response:
    form = SECTIONS[section].form
    if number is None:
        return _page(slug, section, None, form(data=SECTIONS[section].blank), OK)
    row = _one(slug, section, number)
    return _page(slug, section, row, form(data={**form.typed(row.fields), "seen": row.stamp}), OK)


@staff.post(f"{_LIST}/new", defaults={"number": None})
@staff.post(f"{_LIST}/<int:number>")
@allows(body=PICTURE_BODY)
@needs(Permission.EDIT_CAMPAIGNS)
def item_post(slug: str, section: str, number: int | None) -> AnyResponse:
    """Add an item, or change it."""
    kind, form = SECTIONS[section].kind, SECTIONS[section].form(request.form)
    logo = take_picture(form, "logo") if kind.has_logo else ""

    def save() -> None:
        if number is None:
            items.add(kind, actor(), slug, form.fields, logo)
            return
        items.change(
            *(kind, actor(), slug, number, form.fields),
            seen=form.seen.data or "",
            logo=logo,
            drop_logo=kind.has_logo and form["drop_logo"].data,
        )

    problem = attempt(
        form,
        save,
        form.places,
        check=lambda: items.check(kind, form.fields, campaigns.desk(slug).state),
    )
    if problem is None:
        return _saved(slug, section)
    # None when somebody has removed it: then the form adds it again.
    row = next((row for row in items.rows(kind, campaigns.desk(slug).id) if row.id == number), None)
    if problem.stored and row is not None:
        problem = replace(problem, stored=as_typed(form, form.typed(row.fields)))
    return _page(slug, section, row, form, problem)


@staff.post(f"{_LIST}/<int:number>/move/<any(up, down):direction>")
@needs(Permission.EDIT_CAMPAIGNS)
def item_move(slug: str, section: str, number: int, direction: str) -> AnyResponse:
    kind = SECTIONS[section].kind
    if not kind.has_position:
        abort(404)
    items.move(kind, actor(), slug, number, up=direction == "up")
    return redirect(url_for(SECTIONS[section].page, slug=slug, _anchor=f"{section}-{number}"), 303)


@staff.get(f"{_LIST}/<int:number>/remove")
@needs(Permission.EDIT_CAMPAIGNS)
def item_remove(slug: str, section: str, number: int) -> Response:
    row = _one(slug, section, number)
    return removal_page(
        slug, row.title, _address(slug, section, number), RemoveForm(data={"seen": row.stamp})
    )


@staff.post(f"{_LIST}/<int:number>/remove")
@needs(Permission.EDIT_CAMPAIGNS)
def item_remove_post(slug: str, section: str, number: int) -> AnyResponse:
    kind, row, form = SECTIONS[section].kind, _one(slug, section, number), RemoveForm(request.form)
    problem = attempt(
        form,
        lambda: items.remove(
            kind, actor(), slug, number, seen=form.seen.data or "", reason=form.reason.data or ""
        ),
    )
    if problem is None:
        return _saved(slug, section)
    return removal_page(slug, row.title, _address(slug, section, number), form, problem)


def _address(slug: str, section: str, number: int) -> str:
    return url_for("staff.item", slug=slug, section=section, number=number)


def _one(slug: str, section: str, number: int) -> Item[Any]:
    return items.get(SECTIONS[section].kind, campaigns.desk(slug).id, number)


def _saved(slug: str, section: str) -> AnyResponse:
    """Back to the list, which says that it is saved."""
    return redirect(url_for(SECTIONS[section].page, slug=slug, saved=1, _anchor=f"{section}-title"), 303)


def _page(slug: str, section: str, row: Item[Any] | None, form: ItemForm, problem: SavingProblem) -> Response:
    return section_page(
        "staff/campaigns/item.html",
        campaigns.desk(slug),
        form,
        problem,
        name=section,
        section=SECTIONS[section],
        item=row,
    )
