"""The audit log: a filterable page of it, and all entries that were found as a file."""

import json
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from flask import Response, make_response, render_template, request, stream_with_context, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField
from wtforms.fields import Field
from wtforms.validators import ValidationError

from pledge.accounts import queries as accounts
from pledge.accounts.roles import Permission
from pledge.audit import queries, services
from pledge.audit.labels import ACTIONS, AREAS
from pledge.audit.models import AuditEntry
from pledge.audit.queries import Page, Search, as_csv
from pledge.campaigns.pledges import WordingPart, wording_changes
from pledge.core import clock, i18n
from pledge.core.i18n import SEOUL
from pledge.endorsements.review import queries as review
from pledge.exports.models import file_name
from pledge.switches.registry import SWITCHES
from pledge.web.downloads import attachment
from pledge.web.forms import StaffForm
from pledge.web.request_checks import before_number
from pledge.web.routes import Ask
from pledge.web.staff.auth.access import actor, me
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaign_choice import campaign_titles
from pledge.web.staff.forms import check_reason, day_field, in_seoul
from pledge.web.staff.words import actor_name

#: Characters before and after a change, from which on it is shown line by line.
LONG = 4000


#: Columns of the file, in the language of the person who exports it.
HEADS = (
    *(_l("Number"), _l("Time (Korea, KST)"), _l("What"), _l("On what"), _l("Who"), _l("E-mail")),
    *(_l("Reason"), _l("Code of the thing"), _l("Action code"), _l("Details"), _l("Network")),
    *(_l("Account number"), _l("Time (UTC)"), _l("Hash of the previous entry"), _l("Hash")),
)


class SearchForm(StaffForm):
    """Days are whole days in Seoul. It is sent by GET, so without a token."""

    class Meta:
        csrf = False

    actor = StringField(_l("Who"))
    action = StringField(_l("What"))
    subject = StringField(_l("On what"))
    since = day_field(_l("From day"))
    until = day_field(_l("To day"))

    def validate_until(self, field: Field) -> None:
        if self.since.data is not None and field.data is not None and field.data < self.since.data:
            raise ValidationError(_l("The last day lies before the first."))

    @property
    def search(self) -> Search:
        """The search of a valid form."""
        first, last = self.since.data, self.until.data
        typed = (self.actor.data or "").strip()
        named = [address for address, name in accounts.names().items() if typed.lower() in name.lower()]
        return Search(
            actor=typed,
            addresses=tuple(named) if typed else (),
            action=(self.action.data or "").strip(),
            subject=(self.subject.data or "").strip(),
            since=None if first is None else in_seoul(first),
            until=None if last is None else in_seoul(last + timedelta(days=1)),
        )

    @property
    def filled(self) -> dict[str, str]:
        """What was typed, for the address of the next page."""
        return {name: str(value) for name, value in self.data.items() if value}


class AuditExportForm(SearchForm):
    reason = TextAreaField(_l("Reason"))

    def validate_reason(self, field: Field) -> None:
        check_reason(field)


@staff.page("/audit", needs=Permission.READ_AUDIT)
def audit() -> Response:
    return _page(SearchForm(request.args))


@staff.act("/audit/export", needs=Permission.READ_AUDIT, asks=Ask.REASON | Ask.FACTOR | Ask.FILE)
def audit_export() -> Response:
    """The entries that the filter finds, as CSV. The export is an entry itself, written before the first line is sent."""
    form = AuditExportForm(request.form)
    if not form.validate():
        return _page(form)
    filters = {name: value for name, value in form.filled.items() if name != "reason"}
    services.note(actor(), "audit.export", "audit", reason=form.reason.data or "", filter=filters)
    lines = queries.all_lines(form.search)
    names = _names()

    def in_words(line: AuditEntry) -> tuple[str, str, str]:
        return action_words(line.action, line.details), _called(names, line.subject), actor_name(line.actor)

    parts = as_csv(lines, [str(head) for head in HEADS], in_words)
    name = file_name("audit", "log", clock.now(), i18n.language(), "csv")
    return attachment(stream_with_context(parts), "text/csv", name)


def _page(form: SearchForm) -> Response:
    is_valid = not form.errors and form.validate()
    log_page = queries.page(form.search, before_number()) if is_valid else Page([], None)
    html = render_template(
        "staff/system/audit.html",
        form=form,
        reason=(form if isinstance(form, AuditExportForm) else AuditExportForm()).reason,
        log_page=log_page,
        areas={
            name: label for name, label in AREAS.items() if name != "list"
        },  # nothing is recorded there any more
        days=_days(),
        subjects=_subjects(log_page.lines),
        words_of=lambda line: action_words(line.action, line.details),
        act_words=lambda action: ACTIONS.get(action, action),
        details_of=details_of,
    )
    return make_response(html, 200 if is_valid else 422)


#: Where a thing is looked at, by the first part of its name in the log: permission, endpoint, the part of the address.
_PLACES = {
    "campaign": (Permission.EDIT_CAMPAIGNS, "staff.campaign", "slug"),
    "delivery": (Permission.EXPORT, "staff.delivery", "delivery_id"),
    "endorsement": (Permission.REVIEW_ORGANIZATIONS, "staff.organization", "endorsement_id"),
    "invalidation": (Permission.INVALIDATE, "staff.invalidation", "invalidation_id"),
    "signature": (Permission.LOOK_UP_SIGNATURES, "staff.signature", "signature_id"),
    "staff": (Permission.MANAGE_STAFF, "staff.person", "staff_id"),
}


def action_words(action: str, details: str) -> str:
    """The label of an act in the page's language; a pause and its end have the words of their buttons."""
    switch = SWITCHES.get(action.removeprefix("switch."))
    if switch and switch.resume and "after" in (states := json.loads(details)):
        return str(switch.button if states["after"] else switch.resume)
    return str(ACTIONS.get(action, action))


def _names(cases: Collection[int] | None = None) -> dict[str, dict[str, str]]:
    """What things are called now, by the parts of their names in the log; of organisations these `cases`, or all."""
    organizations = review.names(cases)
    return {
        "campaign": campaign_titles(),
        "endorsement": {
            str(number): name.in_language(i18n.language()) for number, name in organizations.items()
        },
        "staff": {str(person.id): person.shown_name for person in accounts.people()},
    }


def _called(names: dict[str, dict[str, str]], subject: str) -> str:
    kind, _colon, number = subject.partition(":")
    return names.get(kind, {}).get(number) or str(AREAS.get(kind, kind))


def _subjects(lines: Sequence[AuditEntry]) -> dict[str, tuple[str, str]]:
    """By the name in the log: what each thing is called, and its address; "" where there is none for this person."""
    subjects = {line.subject for line in lines}
    numbers = (subject.removeprefix("endorsement:") for subject in subjects)
    names = _names([int(number) for number in numbers if number.isdecimal()])
    return {subject: (_called(names, subject), _address(subject)) for subject in subjects}


def _address(subject: str) -> str:
    kind, _colon, number = subject.partition(":")
    if kind not in _PLACES:
        return ""
    permission, endpoint, part = _PLACES[kind]
    if not me().sees(permission) or (part != "slug" and not number.isdecimal()):
        return ""
    values: dict[str, Any] = {part: number}
    return url_for(endpoint, **values)


def _days() -> list[tuple[str, str, str]]:
    """Label, first and last day of the days that are asked for most."""
    today = clock.now().astimezone(SEOUL).date()
    yesterday, week = today - timedelta(days=1), today - timedelta(days=6)
    spans = (
        (_("Today"), today, today),
        (_("Yesterday"), yesterday, yesterday),
        (_("Last 7 days"), week, today),
    )
    return [(label, first.isoformat(), last.isoformat()) for label, first, last in spans]


def details_of(line: AuditEntry) -> dict[str, str]:
    """The details of an entry as names and texts, without the fields of which `changed_words` tells what they said."""
    return {
        name: _as_text(value)
        for name, value in json.loads(line.details).items()
        if not (name in ("before", "after") and isinstance(value, dict))
    }


@staff.app_template_global("changed_words")
def changed_words(line: AuditEntry) -> dict[str, list[WordingPart]]:
    """What an entry says that was changed from which words to which, by the name of the field."""
    details = json.loads(line.details)
    before, after = (_fields(details.get(name)) for name in ("before", "after"))
    texts = {name: (before.get(name, ""), after.get(name, "")) for name in {**before, **after}}
    return {name: wording_changes(*both, by_line=sum(map(len, both)) > LONG) for name, both in texts.items()}


def _fields(value: Any) -> dict[str, str]:
    fields = value if isinstance(value, dict) else {}
    return {name: "" if text is None else _as_text(text) for name, text in fields.items()}


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@staff.app_template_global("reason_of")
def reason_of(line: AuditEntry) -> str:
    """The reason of an entry, in the reader's language where the entry has it in several."""
    given = json.loads(line.details).get(i18n.language())
    return given if isinstance(given, str) else line.reason
