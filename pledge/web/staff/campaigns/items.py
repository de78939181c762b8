"""The lists of a campaign: demands, partners, events, sister campaigns. Add, correct, put in order, remove."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from flask import Response, abort, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields import Field
from wtforms.validators import AnyOf, Optional, ValidationError

from pledge.accounts.roles import Permission
from pledge.campaigns import items
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.demands import DEMAND, DemandFields
from pledge.campaigns.events import EVENT, EventFields
from pledge.campaigns.items import Item, ItemKind
from pledge.campaigns.models import Campaign, CampaignState, PartnerRole
from pledge.campaigns.partners import PARTNER, SISTER, PartnerFields, SisterFields
from pledge.campaigns.rules import FieldFault
from pledge.core import languages
from pledge.core.i18n import SEOUL
from pledge.core.urls import campaign_link, public_url
from pledge.statistics import referrals
from pledge.statistics.referrals import Referrer
from pledge.web.forms import ByLanguage, TickField, WholeNumberField
from pledge.web.routes import Ask
from pledge.web.staff.auth.access import actor, done
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import OK, REMOVAL, ask_and_remove, section_page
from pledge.web.staff.forms import (
    PICTURE_BODY,
    SavingProblem,
    StampedForm,
    UploadField,
    as_typed,
    attempt,
    day_field,
    in_seoul,
    time_field,
)

_EDIT = Permission.EDIT_CAMPAIGNS


class ItemForm(StampedForm):
    """The form of an item, and the list that it belongs to."""

    kind: ItemKind[Any]
    page: str  #: the endpoint of the page that has the list
    heading: object
    adding: object  #: what adding an item is called

    @property
    def places(self) -> Mapping[str, str]:
        """The names of the form's fields where those of the use case differ."""
        return {}

    @property
    def fields(self) -> Any:
        """The fields for the use case; of a form that was refused, enough to check the others."""
        raise NotImplementedError

    @classmethod
    def typed(cls, fields: Any) -> dict[str, object]:
        """Stored fields, as the form shows them."""
        return languages.as_fields(vars(fields))


class LogoForm(ItemForm):
    logo = UploadField(_l("Logo"))
    drop_logo = TickField(_l("Remove the logo"))


class PartnerForm(LogoForm):
    kind, page = PARTNER, "campaign_partners"
    heading, adding = _l("Partners"), _l("Add a partner")
    role = SelectField(
        _l("Role"),
        [AnyOf(list(PartnerRole), _l("Choose a role from the list."))],
        validate_choice=False,
        default=lambda: request.args.get("role", PartnerRole.PARTNER.value),
    )
    type = SelectField(_l("Kind of organisation"), validate_choice=False)
    name = ByLanguage(StringField, _l("Name"))
    url = StringField(_l("Web address"))
    group_goal = WholeNumberField(_l("Goal of its own link"), [Optional()], FieldFault.GROUP_GOAL.value)

    @property
    def fields(self) -> PartnerFields:
        is_secretariat = self.role.data == PartnerRole.SECRETARIAT
        return self.entry(
            PartnerFields, role=PartnerRole.SECRETARIAT if is_secretariat else PartnerRole.PARTNER
        )


class EventForm(ItemForm):
    """A day without a time means a whole day."""

    kind, page = EVENT, "campaign_dates"
    heading, adding = _l("Events"), _l("Add an event")
    title = ByLanguage(StringField, _l("Title"))
    place = ByLanguage(StringField, _l("Place"))
    start_day = day_field(_l("Day"), required=_l("Enter the day."))
    start_time = time_field(_l("Time"))
    end_day = day_field(_l("Last day"))
    end_time = time_field(_l("End"))
    is_online = TickField(_l("People can take part online"))
    join_url = StringField(_l("Address to join online"))
    url = StringField(_l("Registration and details"))
    speakers = ByLanguage(StringField, _l("Speakers"))
    outcome = ByLanguage(TextAreaField, _l("Outcome"))

    def validate_end_day(self, field: Field) -> None:
        if self.start_time.data is not None and self.end_time.data is None:
            raise ValidationError(_l("Enter the end time too, or leave the last day empty."))

    def validate_end_time(self, field: Field) -> None:
        if self.start_time.data is None:
            raise ValidationError(_l("Enter the start time too."))

    @property
    def places(self) -> Mapping[str, str]:
        """An event that ends before it begins is told at the field that says when."""
        return {"ends_at": "end_day" if self.start_time.data is None else "end_time"}

    @classmethod
    def typed(cls, fields: EventFields) -> dict[str, object]:
        first, last = fields.starts_at.astimezone(SEOUL), fields.ends_at and fields.ends_at.astimezone(SEOUL)
        return {
            **super().typed(fields),
            "start_day": first.date(),
            "start_time": None if fields.all_day else first.time(),
            "end_day": last.date() if last and last.date() != first.date() else None,
            "end_time": last.time() if last and not fields.all_day else None,
        }

    @property
    def fields(self) -> EventFields:
        """Where no day was entered, the first of all, so that the other fields are checked."""
        first, last = self.start_day.data or date.min, self.end_day.data
        starts, ends = self.start_time.data, self.end_time.data
        if starts is None:
            ends_at = in_seoul(last) if last else None
        else:
            ends_at = in_seoul(last or first, ends) if ends else None
        return self.entry(
            EventFields, all_day=starts is None, starts_at=in_seoul(first, starts), ends_at=ends_at
        )


class SisterForm(LogoForm):
    kind, page = SISTER, "campaign_partners"
    heading, adding = _l("Sister campaigns"), _l("Add a sister campaign")
    name = ByLanguage(StringField, _l("Name"))
    place = ByLanguage(StringField, _l("Place"))
    sentence = ByLanguage(StringField, _l("One sentence"))
    url = StringField(_l("Web address"))

    @property
    def fields(self) -> SisterFields:
        return self.entry(SisterFields)


class DemandForm(ItemForm):
    kind, page = DEMAND, "campaign_demands"
    heading, adding = _l("Demands"), _l("Add a demand")
    words = ByLanguage(TextAreaField, _l("What is asked"))
    asked_on = day_field(_l("Asked on"), required=_l("Enter the day."))

    @property
    def places(self) -> Mapping[str, str]:
        return {"kept": f"words_{languages.default()}"}

    @property
    def fields(self) -> DemandFields:
        return self.entry(DemandFields)


#: By its name in the address.
SECTIONS: dict[str, type[ItemForm]] = {
    "demands": DemandForm,
    "partners": PartnerForm,
    "events": EventForm,
    "sisters": SisterForm,
}

#: Partners on one page of their list.
_PAGE_SIZE = 20


@staff.page("/campaigns/<slug>/partners", needs=_EDIT)
def campaign_partners(slug: str) -> Response:
    """The partners and the organisations that brought somebody with their links, and the sister campaigns."""
    desk, wanted = campaigns.desk(slug), request.args.get("q", "").strip()
    lines = {line.code: line for line in referrals.lines(desk.id)}
    partners = items.rows(PARTNER, desk.id)
    matches = [item for item in partners if wanted.casefold() in " ".join(item.title.values()).casefold()]
    pages = max(1, -(-len(matches) // _PAGE_SIZE))
    page = min(max(1, request.args.get("page", 1, type=int)), pages)
    return section_page(
        "staff/campaigns/partners.html",
        desk,
        None,
        OK,
        sections=SECTIONS,
        partners=matches[(page - 1) * _PAGE_SIZE : page * _PAGE_SIZE],
        all_partners=len(partners),
        wanted=wanted,
        page=page,
        pages=pages,
        sisters=items.rows(SISTER, desk.id),
        line_of=lambda item: lines[f"p{item.id}"],
        organizations=[line for line in lines.values() if line.endorsement_id is not None],
        link=lambda line, lang: f"{campaign_link(lang, slug)}?via={line.code}",
        page_url=lambda line, lang: _page_url(desk, line, lang),
    )


def _page_url(desk: Campaign, referrer: Referrer, lang: str) -> str:
    """The page with the number of a partner. That of an organisation is mailed to its contact, so here it has none."""
    if referrer.endorsement_id is not None:
        return public_url("public.spread", lang=lang, slug=desk.slug, via=referrer.code)
    token = referrals.partner_token(desk.id, referrer.code)
    return public_url("public.partner_page", lang=lang, slug=desk.slug, token=token)


@staff.page("/campaigns/<slug>/demands", needs=_EDIT)
def campaign_demands(slug: str) -> Response:
    desk = campaigns.desk(slug)
    demands = items.rows(DEMAND, desk.id)
    return section_page(
        "staff/campaigns/demands.html", desk, None, OK, section=SECTIONS["demands"], demands=demands
    )


@staff.page(
    "/campaigns/<slug>/<any(partners, events, sisters, demands):section>/new",
    "/campaigns/<slug>/<any(partners, events, sisters, demands):section>/<int:number>",
    needs=_EDIT,
)
def item(slug: str, section: str, number: int | None = None) -> Response:
    form = SECTIONS[section]
    if number is None:
        return _page(slug, section, None, form(), OK)
    row = _item(slug, section, number)
    return _page(slug, section, row, form(data={**form.typed(row.fields), "seen": row.stamp}), OK)


@staff.act(
    "/campaigns/<slug>/<any(partners, events, sisters, demands):section>/new",
    "/campaigns/<slug>/<any(partners, events, sisters, demands):section>/<int:number>",
    needs=_EDIT,
    asks=Ask.NOTHING,
    body=PICTURE_BODY,
)
def item_post(slug: str, section: str, number: int | None = None) -> AnyResponse:
    """Add an item, or change it."""
    kind, form = SECTIONS[section].kind, SECTIONS[section](request.form)
    logo = form["logo"].store() if kind.has_logo else ""

    def save() -> None:
        if number is None:
            items.add(kind, actor(), slug, form.fields, logo)
            return
        items.change(
            kind,
            actor(),
            slug,
            number,
            form.fields,
            seen=form.seen.data,
            logo=logo,
            drop_logo=kind.has_logo and form["drop_logo"].data,
        )

    problem = attempt(
        form,
        save,
        form.places,
        check=lambda: items.check(kind, form.fields, CampaignState(campaigns.desk(slug).state)),
    )
    if problem is None:
        return done(_("Saved."), SECTIONS[section].page, slug=slug, _anchor=f"{section}-title")
    # None when somebody has removed it: then the form adds it again.
    row = next((row for row in items.rows(kind, campaigns.desk(slug).id) if row.id == number), None)
    if problem.stored and row is not None:
        problem = replace(problem, stored=as_typed(form, form.typed(row.fields)))
    return _page(slug, section, row, form, problem)


@staff.act(
    "/campaigns/<slug>/<any(partners, events, sisters, demands):section>/<int:number>/move/<any(up, down):direction>",
    needs=_EDIT,
    asks=Ask.NOTHING,
)
def item_move(slug: str, section: str, number: int, direction: str) -> AnyResponse:
    kind = SECTIONS[section].kind
    if not kind.has_position:
        abort(404)
    items.move(kind, actor(), slug, number, up=direction == "up")
    return redirect(url_for(f"staff.{SECTIONS[section].page}", slug=slug, _anchor=f"{section}-{number}"), 303)


@staff.page(
    "/campaigns/<slug>/<any(partners, events, sisters, demands):section>/<int:number>/remove",
    needs=_EDIT,
    asks=REMOVAL,
)
def item_remove(slug: str, section: str, number: int) -> AnyResponse:
    row, kind = _item(slug, section, number), SECTIONS[section].kind
    return ask_and_remove(
        row.title,
        row.stamp,
        item,
        lambda seen, reason: items.remove(kind, actor(), slug, number, seen=seen, reason=reason),
        then=url_for(f"staff.{SECTIONS[section].page}", slug=slug, _anchor=f"{section}-title"),
    )


def _item(slug: str, section: str, number: int) -> Item[Any]:
    return items.get(SECTIONS[section].kind, campaigns.desk(slug).id, number)


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
