"""The pages of a mailed link, the same for signatures and endorsements: opening it shows, pressing its button acts.

GET and HEAD never change anything. To confirm where a machine may have pressed, the two digits of the page where the form was
sent are asked for; to disown, always the address that the mail came to (docs/adr/0122). What differs between the two is in
signing/subject.py and endorsing/subject.py.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from flask import Response, jsonify, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import TooManyRequests

from pledge.abuse import signals
from pledge.abuse.signals import MAX_MATCH_TRIES, ClickSignal
from pledge.campaigns import queries as campaigns
from pledge.core import i18n, metrics, tokens
from pledge.core.tokens import BadToken
from pledge.mail.providers import MAILBOXES
from pledge.mailed_links import tickets
from pledge.mailed_links.links import Confirmation, Link, LinkState
from pledge.web.errors import on_too_many_requests
from pledge.web.forms import see_other
from pledge.web.limits import count_unknown_link, limited, link_limit
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import PAGE_CACHE, campaign_or_404
from pledge.web.public.forms import ConfirmCodeForm, LinkForm, MailboxForm, NumberForm
from pledge.web.public.mailed_links.subject import Record, Subject
from pledge.web.templating import render_page

#: Of the page where one waits for the mail, whose ticket is not read.
CHECK_CACHE = replace(PAGE_CACHE, reads=("by",), variant=lambda: by_code() or "", ignores="ticket")

#: By their names, with which the names of the views of their pages begin.
SUBJECTS: dict[str, Subject] = {}


@public.errorhandler(BadToken)
def invalid_link(_error: BadToken) -> Response:
    """The common page for an invalid link, which counts against the visitor's limit."""
    subject = SUBJECTS[(request.endpoint or "").removeprefix("public.").partition("_")[0]]
    try:
        return problem(subject, Link(LinkState.UNKNOWN), (request.view_args or {})["token"], 410)
    except TooManyRequests as refused:
        return on_too_many_requests(refused)


def show(template: str, subject: Subject, record: Record | None, status: int = 200, **more: Any) -> Response:
    """A page about a signature or endorsement, for the holder of a link to it; None: about none in particular."""
    named = {"page": None} if record is None else {"page": record.campaign, subject.name: record.row}
    return render_page(template, status, subject=subject, record=record, **named, **more)


def ask(
    subject: Subject,
    kind: str,
    back: str = "",
    *,
    record: Record | None = None,
    form: MailboxForm | None = None,
    status: int = 200,
) -> Response:
    """A page with one button that sends a POST to its own address; with the field of a form, where the button alone is not
    enough. `kind`: which question of the subject (questions.html).
    """
    return show("public/mailed_links/question.html", subject, record, status, kind=kind, back=back, form=form)


def ask_mailbox(
    subject: Subject, kind: str, back: str, mailed_to: str, forget: Callable[[], bool]
) -> Response:
    """The same, to `forget` what was mailed to this address; False when nothing waits any more.

    The address has to be typed, as no page shows it here: a machine that presses deletes nothing.
    """
    form, is_pressed = MailboxForm(request.form or None), request.method == "POST"
    if is_pressed and form.names(mailed_to):
        if not forget():
            raise BadToken
        return done(subject, "not_mine_done")
    return ask(subject, kind, back, form=form, status=422 if is_pressed else 200)


def done(subject: Subject, kind: str, record: Record | None = None) -> Response:
    """A page that says what was done, when nothing is left to do. `record`: as it was."""
    return show("public/mailed_links/done.html", subject, record, kind=kind)


def problem(subject: Subject, link: Link[Record], token: str, status: int) -> Response:
    """The page of a link that does not confirm, with a way on. Unknown and erased look exactly the same."""
    known = link.state is not LinkState.UNKNOWN
    if not known:
        count_unknown_link()
    return show(
        "public/mailed_links/link_problem.html",
        subject,
        link.record,
        status,
        problem=link.state.value,
        token=token if known else None,
        form=LinkForm(),
        campaigns=campaigns.public_campaigns(i18n.language()),
    )


def check(subject: Subject, slug: str) -> Response:
    """ "Check your mail", where the six digits of the mail may be typed if it has any. The ticket is not read: its forms post to
    their own address, and what the browser that signed may know it asks for (`mine`).
    """
    return check_page(subject, slug, ConfirmCodeForm())


def check_post(subject: Subject, slug: str, ticket: str = "") -> Response:
    """The six digits that were typed; or the mail once more; or, without JavaScript, the two digits."""
    if "resend" in request.form:
        return _resend(subject, slug, ticket)
    form = ConfirmCodeForm(request.form)
    if "digits" in request.form:
        match_number = ""
        with suppress(BadToken):
            match_number = tickets.match_number(subject.ticket, slug, ticket)
        return check_page(subject, slug, ConfirmCodeForm(), match_number)
    if subject.confirm_by_code is not None and form.validate():
        outcome, token = subject.confirm_by_code(slug, ticket, form.digits)
        if outcome is Confirmation.DONE:
            metrics.confirmations.labels(subject.name, "code").inc()
            return see_other(subject.url("thanks", slug=slug))
        if outcome is Confirmation.UNMOVED:
            return see_other(subject.url("confirm", token=token))
        # One wording for wrong, spent and unknown: another one would tell a stranger that this address has signed.
        form.code.errors = [_("This code is not right. Please check that it is in the newest e-mail.")]
    return check_page(subject, slug, form)


def thanks(subject: Subject, slug: str) -> Response:
    """Thanks, and what comes next, with nothing of the person: the browser that pressed asks for that (`mine`)."""
    page = campaign_or_404(slug)
    context = subject.thanks_context(page)
    return render_page(subject.thanks_template, subject=subject, page=page, **context)


def renew(subject: Subject, token: str) -> Response:
    return _back_to_check(subject, *subject.use_cases.renew(token, i18n.language()))


def mail_own_link(subject: Subject, token: str) -> Response:
    subject.use_cases.mail_own_link(token, i18n.language())
    return see_other(subject.url("confirm", token=token, mailed=1, _anchor="done"))


def my_link(subject: Subject) -> Response:
    """The way to the own page for people without the mail. It never reveals whether an address is known."""
    form = LinkForm(request.form or None)
    shown = campaigns.public_campaigns(i18n.language())
    if request.method == "POST" and form.validate():
        slug = form.campaign.data or (shown[0].slug if shown else "")
        tickets.send_link(subject.link_request, slug, form.address, i18n.language())
        return see_other(subject.url("my_link_sent"))
    return render_page(
        "public/mailed_links/my_link.html",
        422 if request.method == "POST" else 200,
        subject=subject,
        form=form,
        campaigns=shown,
    )


def my_link_sent(subject: Subject) -> Response:
    return render_page("public/mailed_links/my_link_sent.html", subject=subject)


def by_code() -> str | None:
    """`code` on the pages of a form that went on without proof of work, whose mail has no link; None on others."""
    return "code" if request.args.get("by") == "code" else None


@limited(link_limit, scope="resend")
def _resend(subject: Subject, slug: str, ticket: str) -> Response:
    with suppress(BadToken):
        subject.use_cases.resend(slug, ticket, i18n.language())
    return _back_to_check(subject, slug, ticket)


def check_page(subject: Subject, slug: str, form: ConfirmCodeForm, match_number: str = "") -> Response:
    return render_page(
        "public/mailed_links/check.html",
        422 if form.errors else 200,
        subject=subject,
        page=campaign_or_404(slug),
        form=form,
        match_number=match_number,
        mailboxes=MAILBOXES,
        by=by_code(),
    )


def _back_to_check(subject: Subject, slug: str, ticket: str) -> Response:
    return see_other(subject.url("check", slug=slug, ticket=ticket or None, by=by_code(), _anchor="resent"))


#: Whoever presses once more is led where the first press led.
_CONFIRMED = (LinkState.CONFIRMED, LinkState.HELD)
#: The link is valid; its subject has ended, and the page says how.
_ENDED = (LinkState.CLOSED, LinkState.INVALIDATED)
#: States in which "this was not me" still has something to delete.
_WAITING = (LinkState.PENDING, LinkState.EXPIRED, LinkState.CLOSED)

_NO_NUMBER = _l("Enter the two digits from the page where you sent the form.")
_NO_CODE = _l("Type the six digits of the newest e-mail, the one without a link.")
_WRONG_NUMBER = _l("This number is not right. Please look at the page where you sent the form.")
_WRONG_CODE = _l(
    "This code does not work here. Please type the two digits of the page where you signed, or have a code sent to you below."
)
_WRONG_NEW_CODE = _l(
    "This code is not right, or no longer valid. Please look at the newest e-mail, the one without a link, or have another one sent to you below."
)
_SPENT = _l("A wrong number was typed too often, so it is no longer taken.")


def confirm(subject: Subject, token: str) -> Response:
    is_pressed = request.method == "POST"
    if is_pressed and (slug := subject.use_cases.confirm_by_link(token, _signals(subject, token))):
        metrics.confirmations.labels(subject.name, "link").inc()
        return see_other(subject.url("thanks", slug=slug))
    link = subject.open_link(token, i18n.language())
    if link.record is not None and link.state in _CONFIRMED:
        if is_pressed:
            return see_other(subject.url("thanks", slug=link.record.campaign.slug))
        # The same for whoever opens it, also where a person looks at the signature first.
        return show("public/mailed_links/used.html", subject, link.record, token=token)
    if link.record is not None and link.state is LinkState.PENDING:
        if is_pressed:  # it waits all the same: a machine may have been the one
            return see_other(subject.url("confirm", token=token, asked=1))
        return _confirm_page(subject, link.record, token)
    ended_status = 409 if is_pressed else 200
    return problem(subject, link, token, ended_status if link.state in _ENDED else 410)


def answer(subject: Subject, token: str) -> Response:
    """The number that the page to confirm asked for."""
    form = NumberForm(request.form)
    outcome = (
        subject.use_cases.confirm_by_number(token, form.digits, _signals(subject, token))
        if form.digits
        else None
    )
    if outcome is Confirmation.DONE:
        metrics.confirmations.labels(subject.name, "number").inc()
    link = subject.open_link(token, i18n.language())
    if link.record is not None and link.state in _CONFIRMED:
        return see_other(subject.url("thanks", slug=link.record.campaign.slug))
    if outcome is Confirmation.DONE or link.record is None or link.state is not LinkState.PENDING:
        return see_other(subject.url("confirm", token=token))
    form.number.errors = [_error(subject, outcome, form.digits, has_code_only=link.record.has_code_only)]
    return _confirm_page(subject, link.record, token, form)


def not_mine(subject: Subject, token: str) -> Response:
    """Delete what waits for this address."""
    link = subject.open_link(token, i18n.language())
    if link.record is None or link.state not in _WAITING:
        raise BadToken
    back, forget = subject.url("confirm", token=token), partial(subject.use_cases.disown, token)
    return ask_mailbox(subject, "not_mine", back, link.record.mailed_to, forget)


def _signals(subject: Subject, token: str) -> frozenset[ClickSignal]:
    """What this request tells about whoever pressed. Raises BadToken."""
    return signals.click_signals(request.headers.get, tokens.read(subject.link, token).age)


def _error(subject: Subject, outcome: Confirmation | None, digits: str, *, has_code_only: bool) -> Any:
    """What is wrong with the digits that were typed; `outcome` is None for what is neither a number nor a code."""
    if outcome is Confirmation.SPENT:
        return _SPENT
    if outcome is None and has_code_only:
        return _NO_CODE
    if outcome is None or (len(digits) == 6 and not subject.has_code):
        return _NO_NUMBER
    if len(digits) == 2:
        return _WRONG_NUMBER
    return _WRONG_NEW_CODE if has_code_only else _WRONG_CODE


def _confirm_page(subject: Subject, record: Record, token: str, wrong: NumberForm | None = None) -> Response:
    """What will be recorded, with one button; with a field for a number where a machine may have pressed it.

    `wrong` is the form with a number that did not confirm.
    """
    is_asked = bool(wrong) or record.is_scanned or request.args.get("asked") == "1"
    is_over = record.match_tries >= MAX_MATCH_TRIES and not record.has_code_only
    return show(
        subject.confirm_template,
        subject,
        record,
        422 if wrong else 200,
        token=token,
        form=wrong or (NumberForm() if is_asked else None),
        is_over=is_asked and is_over,
        has_code_only=is_asked and record.has_code_only,
    )


def download(subject: Subject, record: Record, stored: dict[str, Any]) -> Response:
    """A file of what is stored, with the campaign and the pledge that it was stored for."""
    response = jsonify(
        **stored,
        campaign={"slug": record.campaign.slug, "title": record.campaign.title},
        pledge={
            "version": record.pledge.version,
            "sha256": record.pledge.sha256,
            "text": record.pledge.html.striptags(),
        },
    )
    response.headers["Content-Disposition"] = f'attachment; filename="my-{subject.name}.json"'
    return response


def withdraw(subject: Subject, token: str) -> Response:
    back = subject.url("me", token=token)
    if request.method == "POST":
        if subject.use_cases.withdraw(token):
            metrics.withdrawals.labels(subject.name).inc()
        return back_to_own_page(subject, token, "withdrawn")
    record = subject.find_own(token, i18n.language())
    return ask(subject, "withdraw", back, record=record)


def erase(subject: Subject, token: str) -> Response:
    record = subject.find_own(token, i18n.language())
    if request.method == "POST":
        subject.use_cases.erase(token)
        metrics.withdrawals.labels(subject.name).inc()
        return done(subject, "erased", record)
    back = subject.url("me", token=token)
    return ask(subject, "erase", back, record=record)


def back_to_own_page(subject: Subject, token: str, done: str) -> Response:
    """After an act: the own page says what was done, and reading begins there."""
    return see_other(subject.url("me", token=token, done=done, _anchor="done"))
