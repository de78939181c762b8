"""What the screens of a campaign share: how each of its parts is saved, and the page before something is removed."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from wtforms import TextAreaField

from config import Config
from pledge.accounts.roles import Permission
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.models import Campaign
from pledge.campaigns.rules import stamp
from pledge.core import i18n, languages
from pledge.core.languages import Texts
from pledge.web.forms import StaffForm
from pledge.web.request_checks import allows
from pledge.web.staff.auth.access import Ask, actor, done, needs
from pledge.web.staff.blueprint import staff
from pledge.web.staff.forms import SavingProblem, StampedForm, UploadField, attempt

#: Two long texts in Korean, three bytes a letter, with room for the rest of the form.
TEXT_BODY = 512 * 1024


class SectionForm(StampedForm):
    """A part of a campaign that is saved by itself."""

    max_body: int | Callable[[Config], int] = TEXT_BODY
    asks = Ask.NOTHING  #: saving shows what somebody else stored, and the next save takes it back

    @classmethod
    def content(cls, desk: Campaign) -> Mapping[str, object]:
        """What is stored, and what an edit is compared with."""
        raise NotImplementedError

    @classmethod
    def stored(cls, desk: Campaign) -> dict[str, object]:
        """What the form shows before anybody types, with the stamp of it."""
        content = cls.content(desk)
        return {**languages.as_fields(content), "seen": stamp(content)}

    def check(self, files: Mapping[str, str]) -> None:
        """What `save` would refuse. Raises BadFields."""

    def save(self, slug: str, files: Mapping[str, str]) -> None:
        """Call the use case; `files` are the stored ones by their fields."""
        raise NotImplementedError


def section_views(
    path: str, sections: Mapping[str, type[SectionForm]], page: Callable[..., Response]
) -> None:
    """Add a view that saves each section; `page` shows all of them, with the form that was sent and what was wrong with it.

    Sent by a button of the name `preview`, nothing of it is stored: the page shows what was typed.
    """
    for name, form in sections.items():
        view = allows(body=form.max_body)(
            needs(Permission.EDIT_CAMPAIGNS, form.asks)(_saving(name, form, page))
        )
        rule = f"/campaigns/<slug>/{path}/{name.replace('_', '-')}"
        staff.add_url_rule(rule, f"campaign_{name}", view, methods=["POST"])


def _saving(
    name: str, form_type: type[SectionForm], page: Callable[..., Response]
) -> Callable[..., AnyResponse]:
    def save(slug: str) -> AnyResponse:
        form = form_type(request.form)
        if "preview" in request.form:
            return page(slug, sent={name: form})
        files = {field.name: field.store() for field in form if isinstance(field, UploadField)}
        problem = attempt(form, lambda: form.save(slug, files), check=lambda: form.check(files))
        return page(slug, problem, {name: form}) if problem else saved(page.__name__, slug)

    return save


def section_forms(
    sections: Mapping[str, type[StampedForm]], desk: Campaign, sent: Mapping[str, StampedForm]
) -> dict[str, StampedForm]:
    """The forms of a page, for its template: as they are stored, except for the one that was sent."""
    return {
        f"{name}_form": sent[name] if name in sent else form(data=form.stored(desk))
        for name, form in sections.items()
    }


class RemoveForm(StampedForm):
    reason = TextAreaField(_l("Reason"))


OK = SavingProblem(200)


def section_page(
    template: str, desk: Campaign, form: object, problem: SavingProblem, **more: object
) -> Response:
    """A section of a campaign with its form."""
    page = render_template(template, desk=desk, form=form, problem=problem, **more)
    return make_response(page, problem.status)


def saved(section: str, slug: str) -> AnyResponse:
    """Back to the section, which says that it is saved."""
    return done(_("Saved."), section, slug=slug)


def confirmation_page(desk: Campaign, form: StaffForm, problem: SavingProblem, **words: object) -> Response:
    """The page before a step that is not taken back in one press: it names the thing and may ask for a reason."""
    return section_page("staff/campaigns/confirm.html", desk, form, problem, **words)


def removal_route(
    name: str,
    path: str,
    page: Callable[..., Response],
    find: Callable[..., Any],
    remove: Callable[..., None],
    *,
    then: Callable[..., AnyResponse],
    title: str,
    states: Collection[str] = (),
) -> None:
    """Add the route that asks for a reason, then removes what is at a place below a campaign, in one of the states where it has
    some. `title`: the attribute that names it.
    """

    def ask_and_remove(slug: str, **place: Any) -> AnyResponse:
        found, form, problem = find(slug, **place), RemoveForm(request.form), OK
        back = url_for(f"staff.{page.__name__}", slug=slug, **place)
        if request.method == "POST":
            given = {"seen": form.seen.data, "reason": form.reason.data or ""}
            refused = attempt(form, lambda: remove(actor(), slug, **place, **given), {"role": "reason"})
            if refused is None:
                return then(_("It was removed."), slug, **place)
            if refused.decided:
                return page(slug, **place, status=409, refused="state")
            problem = refused
        elif states and found.state not in states:
            return redirect(back, 303)
        else:
            form.seen.data = found.stamp
        called: Texts = getattr(found, title)
        first, *others = dict.fromkeys(
            text for lang in (i18n.language(), *called) if (text := called.in_language(lang))
        )
        return confirmation_page(
            campaigns.desk(slug),
            form,
            problem,
            heading=_("Remove “%(name)s”?", name=first),
            lines=others,
            verb=_("Remove"),
            is_step_back=True,
            is_reason_needed=True,
            back=back,
        )

    ask_and_remove.__name__ = f"{name}_remove"
    view = needs(Permission.EDIT_CAMPAIGNS, Ask.CONFIRMATION | Ask.REASON)(ask_and_remove)
    staff.add_url_rule(f"{path}/remove", view_func=view, methods=["GET", "POST"])
