"""Run-time switches: their state, changing one with a reason, and who changed what when."""

import json
from datetime import timedelta
from typing import Any

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from wtforms import StringField, TextAreaField
from wtforms.fields import Field

from pledge.accounts.roles import Permission
from pledge.audit.models import AuditEntry
from pledge.audit.queries import Search, page
from pledge.core import languages
from pledge.core.i18n import format_duration
from pledge.switches import queries, services
from pledge.switches.registry import (
    MAX_BANNER,
    SWITCHES,
    BadTurn,
    CannotTurn,
    Factor,
    Notice,
    Pause,
    SwitchKind,
)
from pledge.web.forms import ByLanguage, StaffForm, TickField, whole_number
from pledge.web.routes import Ask
from pledge.web.staff.auth.access import actor
from pledge.web.staff.blueprint import staff
from pledge.web.staff.system.audit import details_of

#: Changes of the history that the page shows; the rest is in the audit log.
HISTORY = 20


class TurnForm(StaffForm):
    """The fields of every kind of switch; a page shows those of its kind."""

    paused = TickField()
    text = ByLanguage(TextAreaField, _l("Text"))
    factor = StringField(_l("Factor"))
    hours = StringField(_l("For how long"))
    reason = StringField(_l("Reason"))

    def value(self, kind: SwitchKind) -> Any:
        """What a switch of this kind is turned to."""
        if isinstance(kind, Notice):
            return self.by_language("text")
        return whole_number(self.factor.data or "") if isinstance(kind, Factor) else self.paused.data

    @property
    def chosen_hours(self) -> int | None:
        """None where nothing was said; 0, which no switch offers, for what is no number."""
        return whole_number(self.hours.data) or 0 if self.hours.data else None

    def wrong_fields(self, fault: BadTurn) -> list[Field]:
        """The fields that are to be corrected."""
        texts = [self[f"text_{lang}"] for lang in languages.codes()]
        wrong = {
            BadTurn.HOURS: [self.hours],
            BadTurn.FACTOR: [self.factor],
            BadTurn.HALF_BANNER: [field for field in texts if not (field.data or "").strip()],
            BadTurn.LONG_BANNER: [field for field in texts if len((field.data or "").strip()) > MAX_BANNER],
        }
        return wrong.get(fault, [self.reason])


@staff.page("/switches", needs=Permission.SWITCH)
def switches() -> Response:
    return _page({}, 200)


@staff.act("/switches/<name>", needs=Permission.SWITCH, asks=Ask.REASON | Ask.FACTOR)
def switch(name: str) -> AnyResponse:
    """Do it and come back, or show what is wrong beside the field it is about."""
    if name not in SWITCHES:
        abort(404)
    form = TurnForm(request.form, prefix=f"{name}-")
    try:
        value = form.value(SWITCHES[name])
        services.turn(actor(), name, value, form.reason.data or "", form.chosen_hours)
    except CannotTurn as refusal:
        for field in form.wrong_fields(refusal.fault):
            field.errors = [refusal.fault.value]
        return _page({name: form}, 422)
    return redirect(url_for("staff.switches"), 303)


def turned(line: AuditEntry) -> str:
    """In words, to what a switch was turned."""
    name = line.action.removeprefix("switch.")
    after = json.loads(line.details)["after"]
    notice = " / ".join(languages.texts(after).values()) if isinstance(after, dict) else ""
    return f"{SWITCHES[name].title}: {notice or state_of(SWITCHES[name], after)}"


def state_of(kind: SwitchKind, value: Any) -> str:
    """The state of a switch in a word or two."""
    if isinstance(kind, Pause):
        words = _("Paused") if value else _("Running")
    elif isinstance(kind, Notice):
        words = _("Shown") if value else _("None")
    else:
        words = _("Usual setting") if value == 1 else _("Times %(factor)s", factor=value)
    return str(words)


def _empty_form(name: str, value: Any) -> TurnForm:
    return TurnForm(prefix=f"{name}-", **languages.as_fields({"text": value, "factor": value}))


def _offered(kind: SwitchKind) -> dict[str, list[tuple[int, str]]]:
    """The choices of the fields that have some."""
    fields = {"hours": [(hours, format_duration(timedelta(hours=hours))) for hours in sorted(kind.hours)]}
    if isinstance(kind, Factor):
        fields["factor"] = [(factor, state_of(kind, factor)) for factor in kind.factors]
    return fields


def _page(given: dict[str, TurnForm], status: int) -> Response:
    now = queries.stored()
    html = render_template(
        "staff/system/switches.html",
        now=now,
        switches=SWITCHES,
        state_of=state_of,
        forms={name: given.get(name) or _empty_form(name, now.value(name)) for name in SWITCHES},
        offered=_offered,
        form=next(iter(given.values()), None) or TurnForm(),
        history=page(Search(subject="switch"), size=HISTORY).lines,
        turned=turned,
        details_of=details_of,
    )
    return make_response(html, status)
