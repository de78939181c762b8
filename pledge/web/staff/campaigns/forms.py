"""What the screens of a campaign share: how each of its parts is saved, and the page before something is removed."""

from collections.abc import Callable, Mapping

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from wtforms import TextAreaField

from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.models import Campaign
from pledge.campaigns.rules import stamp
from pledge.core import i18n, languages
from pledge.core.languages import Texts
from pledge.web.forms import StaffForm
from pledge.web.routes import Ask, Body
from pledge.web.staff.auth.access import done
from pledge.web.staff.forms import SavingProblem, StampedForm, UploadField, attempt

#: Two long texts in Korean, three bytes a letter, with room for the rest of the form.
TEXT_BODY = Body(512 * 1024)
#: What removing something asks.
REMOVAL = Ask.CONFIRMATION | Ask.REASON


class SectionForm(StampedForm):
    """A part of a campaign that is saved by itself."""

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


def save_section(slug: str, name: str, form: SectionForm, page: Callable[..., Response]) -> AnyResponse:
    """Save a section; `page` shows all of them, with the form that was sent and what was wrong with it.

    Sent by a button of the name `preview`, nothing is stored: the page shows what was typed.
    """
    if "preview" in request.form:
        return page(slug, sent={name: form})
    files = {field.name: field.store() for field in form if isinstance(field, UploadField)}
    problem = attempt(form, lambda: form.save(slug, files), check=lambda: form.check(files))
    return page(slug, problem, {name: form}) if problem else saved(page.__name__, slug)


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


def ask_and_remove(
    title: Texts,
    stamp: str,
    page: Callable[..., Response],
    remove: Callable[[str, str], object],
    *,
    then: str,
) -> AnyResponse:
    """Ask for a reason, then remove something and go on to `then`.

    `title` names it and `page` is its view, which shows it once somebody else has decided about it. `remove` gets the stamp of what
    was seen, and the reason.
    """
    form, problem, place = RemoveForm(request.form), OK, request.view_args or {}
    if request.method == "POST":
        refused = attempt(
            form, lambda: remove(form.seen.data, form.reason.data or ""), {"role": "reason", "kept": "reason"}
        )
        if refused is None:
            flash(_("It was removed."), "done")
            return redirect(then, 303)
        if refused.decided:
            return page(**place, status=409, refused="state")
        problem = refused
    else:
        form.seen.data = stamp
    first, *others = dict.fromkeys(
        text for lang in (i18n.language(), *title) if (text := title.in_language(lang))
    )
    return confirmation_page(
        campaigns.desk(place["slug"]),
        form,
        problem,
        heading=_("Remove “%(name)s”?", name=first),
        lines=others,
        verb=_("Remove"),
        is_step_back=True,
        is_reason_needed=True,
        back=url_for(f"staff.{page.__name__}", **place),
    )
