"""Run-time switches: how each stands, turning one with a reason, and who turned what when."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from wtforms import StringField, TextAreaField

from pledge.accounts.roles import Permission
from pledge.audit.queries import AuditEntryView, Search, page
from pledge.core import languages
from pledge.switches import moderation, queries
from pledge.switches.models import BANNER, HOURS, LIMITS
from pledge.switches.moderation import FACTORS, BadTurn, CannotTurn
from pledge.web.forms import ByLanguage, StaffForm
from pledge.web.staff.auth.access import actor, needs
from pledge.web.staff.blueprint import staff
from pledge.web.staff.system.audit import details_of
from pledge.web.staff.system.durations import duration

#: Turns of the history that the page shows; the rest is in the audit log.
HISTORY = 20

WORDS: dict[BadTurn, Any] = {
    BadTurn.NO_REASON: _l("Give a reason; it is kept in the audit log."),
    BadTurn.LONG_REASON: _l("This is too long."),
    BadTurn.HALF_BANNER: _l("Write the banner in every language, or in none."),
    BadTurn.LONG_BANNER: _l("A banner can have up to 300 characters."),
    BadTurn.FACTOR: _l("Choose a factor from the list."),
    BadTurn.HOURS: _l("Choose a time from the list."),
}


class TurnForm(StaffForm):
    reason = StringField(_l("Why"))
    #: "y" to pause, anything else to let go.
    paused = StringField()


class BannerForm(TurnForm):
    text = ByLanguage(TextAreaField, _l("Text"))
    hours = StringField(_l("For how long"))


class LimitsForm(TurnForm):
    factor = StringField(_l("Factor"))
    hours = StringField(_l("For how long"))


FORMS: dict[str, type[TurnForm]] = {
    "signing": TurnForm,
    "mail": TurnForm,
    "banner": BannerForm,
    "limits": LimitsForm,
}


@staff.get("/switches", endpoint="switches")
@needs(Permission.SWITCH)
def show() -> Response:
    return _page({}, 200)


@staff.post("/switches/signing", endpoint="switch_signing")
@needs(Permission.SWITCH)
def turn_signing() -> AnyResponse:
    return _turn("signing", lambda form, why: moderation.pause_signing(actor(), form.paused.data == "y", why))


@staff.post("/switches/mail", endpoint="switch_mail")
@needs(Permission.SWITCH)
def turn_mail() -> AnyResponse:
    return _turn("mail", lambda form, why: moderation.pause_mail(actor(), form.paused.data == "y", why))


@staff.post("/switches/banner", endpoint="switch_banner")
@needs(Permission.SWITCH)
def turn_banner() -> AnyResponse:
    return _turn(
        "banner",
        lambda form, why: moderation.set_banner(actor(), form.by_language("text"), why, _hours(BANNER, form)),
    )


@staff.post("/switches/limits", endpoint="switch_limits")
@needs(Permission.SWITCH)
def turn_limits() -> AnyResponse:
    known = {str(factor): factor for factor in FACTORS}
    return _turn(
        "limits",
        lambda form, why: moderation.raise_limits(
            actor(), known.get(form.factor.data or "", 0), why, _hours(LIMITS, form)
        ),
    )


def _hours(name: str, form: Any) -> int:
    """The hours that were chosen, or the usual ones where nothing was said; 0 for what is not offered."""
    chosen = {str(hours): hours for hours in HOURS[name]}
    return chosen.get(form.hours.data, 0) if form.hours.data else HOURS[name][0]


def turned(line: AuditEntryView) -> str:
    """In words, to what a switch was turned."""
    after = json.loads(line.details)["after"]
    words = {
        "switch.signing": lambda: _("Signing: %(state)s", state=_("Paused") if after else _("Running")),
        "switch.mail": lambda: _("Mail: %(state)s", state=_("Paused") if after else _("Running")),
        "switch.banner": lambda: (
            _("Banner: %(text)s", text=" / ".join(after.values()))
            if any(after.values())
            else _("Banner: none")
        ),
        "switch.limits": lambda: (
            _("Limit: as set up") if after == 1 else _("Limit: times %(factor)s", factor=after)
        ),
    }
    return str(words[line.action]())


def _turn(name: str, act: Callable[[Any, str], None]) -> AnyResponse:
    """Do it and come back, or show what is wrong beside the field it is about."""
    form = FORMS[name](request.form, prefix=f"{name}-")
    try:
        act(form, form.reason.data or "")
    except CannotTurn as refusal:
        for field in _about(form, refusal.fault):
            field.errors = [WORDS[refusal.fault]]
        return _page({name: form}, 422)
    return redirect(url_for("staff.switches"), 303)


def _about(form: Any, fault: BadTurn) -> list[Any]:
    if fault is BadTurn.HALF_BANNER:
        return [field for field in _banner_fields(form) if not (field.data or "").strip()]
    if fault is BadTurn.LONG_BANNER:
        return [f for f in _banner_fields(form) if len(f.data or "") > moderation.MAX_BANNER]
    if fault is BadTurn.HOURS:
        return [form.hours]
    return [form.factor if fault is BadTurn.FACTOR else form.reason]


def _banner_fields(form: Any) -> list[Any]:
    return [form[f"text_{lang}"] for lang in languages.codes()]


def _page(given: dict[str, TurnForm], status: int) -> Response:
    now = queries.stored()
    forms = {
        "signing": TurnForm(prefix="signing-"),
        "mail": TurnForm(prefix="mail-"),
        "banner": BannerForm(prefix="banner-", **languages.by_field("text", now.banner)),
        "limits": LimitsForm(prefix="limits-", factor=str(now.limit_factor)),
        **given,
    }
    html = render_template(
        "staff/system/switches.html",
        now=now,
        forms=forms,
        form=next(iter(given.values()), None) or TurnForm(),
        factors=FACTORS,
        lasting={
            name: [(str(hours), duration(timedelta(hours=hours))) for hours in sorted(offered)]
            for name, offered in HOURS.items()
        },
        usual={name: str(offered[0]) for name, offered in HOURS.items()},
        history=page(Search(subject="switch"), size=HISTORY).lines,
        turned=turned,
        details_of=details_of,
    )
    return make_response(html, status)
