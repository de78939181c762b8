"""The pages of a mailed link, the same for signatures and endorsements: opening it shows, pressing its button acts.

GET and HEAD never change anything. To confirm where a machine may have pressed, the two digits of the page where the form was
sent are asked for; to disown, always the address that the mail came to (docs/adr/0122). What differs between the two is in
signing/journey.py and endorsing/journey.py.
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
from pledge.web.limits import count_unknown_link, limited, link_limit
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import PAGE_CACHE, campaign_or_404
from pledge.web.public.form_pages import see_other
from pledge.web.public.forms import ConfirmCodeForm, LinkForm, MailboxForm, NumberForm
from pledge.web.public.mailed_links.journey import Journey, Record
from pledge.web.templating import render_page

#: Of the page where one waits for the mail, whose ticket is not read.
CHECK_CACHE = replace(PAGE_CACHE, reads=("by",), variant=lambda: by_code() or "", ignores="ticket")

#: By their names, with which the names of the views of their pages begin.
JOURNEYS: dict[str, Journey] = {}


@public.errorhandler(BadToken)
def invalid_link(_error: BadToken) -> Response:
    """The common page for an invalid link, which counts against the visitor's limit."""
    journey = JOURNEYS[(request.endpoint or "").removeprefix("public.").partition("_")[0]]
    try:
        return problem(journey, Link(LinkState.UNKNOWN), (request.view_args or {})["token"], 410)
    except TooManyRequests as refused:
        return on_too_many_requests(refused)


def show(template: str, journey: Journey, record: Record | None, status: int = 200, **more: Any) -> Response:
    """A page about a signature or endorsement, for the holder of a link to it; None: about none in particular."""
    named = {"page": None} if record is None else {"page": record.campaign, journey.name: record.row}
    return render_page(template, status, journey=journey, record=record, **named, **more)


def ask(
    journey: Journey,
    kind: str,
    back: str = "",
    *,
    record: Record | None = None,
    form: MailboxForm | None = None,
    status: int = 200,
) -> Response:
    """A page with one button that sends a POST to its own address; with the field of a form, where the button alone is not
    enough. `kind`: which question of the journey (questions.html).
    """
    return show("public/mailed_links/question.html", journey, record, status, kind=kind, back=back, form=form)


def ask_mailbox(
    journey: Journey, kind: str, back: str, mailed_to: str, forget: Callable[[], bool]
) -> Response:
    """The same, to `forget` what was mailed to this address; False when nothing waits any more.

    The address has to be typed, as no page shows it here: a machine that presses deletes nothing.
    """
    form, is_pressed = MailboxForm(request.form or None), request.method == "POST"
    if is_pressed and form.names(mailed_to):
        if not forget():
            raise BadToken
        return done(journey, "not_mine_done")
    return ask(journey, kind, back, form=form, status=422 if is_pressed else 200)


def done(journey: Journey, kind: str, record: Record | None = None) -> Response:
    """A page that says what was done, when nothing is left to do. `record`: as it was."""
    return show("public/mailed_links/done.html", journey, record, kind=kind)


def problem(journey: Journey, link: Link[Record], token: str, status: int) -> Response:
    """The page of a link that does not confirm, with a way on. Unknown and erased look exactly the same."""
    known = link.state is not LinkState.UNKNOWN
    if not known:
        count_unknown_link()
    return show(
        "public/mailed_links/link_problem.html",
        journey,
        link.record,
        status,
        problem=link.state.value,
        token=token if known else None,
        form=LinkForm(),
        campaigns=campaigns.public_campaigns(i18n.language()),
    )


def to_check(journey: Journey, slug: str, ticket: str, by: str | None = None) -> Response:
    """Redirect from the form to "Check your mail". The two digits stand behind `#`, where no server and no log sees them;
    check.js takes them out of the address.
    """
    digits = tickets.match_number(journey.ticket, slug, ticket) if by is None else None
    return see_other(journey.url("check", slug=slug, ticket=ticket, by=by, _anchor=digits))


def check(
    journey: Journey, slug: str, form: ConfirmCodeForm | None = None, match_number: str = ""
) -> Response:
    """ "Check your mail", where the six digits of the mail may be typed if it has any. The ticket is not read: its forms post to
    their own address, and what the browser that signed may know it asks for (`mine`).
    """
    form = form or ConfirmCodeForm()
    return render_page(
        "public/mailed_links/check.html",
        422 if form.errors else 200,
        journey=journey,
        page=campaign_or_404(slug),
        form=form,
        match_number=match_number,
        mailboxes=MAILBOXES,
        by=by_code(),
    )


def check_post(journey: Journey, slug: str, ticket: str = "") -> Response:
    """The six digits that were typed; or the mail once more; or, without JavaScript, the two digits."""
    if "resend" in request.form:
        return _resend(journey, slug, ticket)
    form = ConfirmCodeForm(request.form)
    if "digits" in request.form:
        match_number = ""
        with suppress(BadToken):
            match_number = tickets.match_number(journey.ticket, slug, ticket)
        return check(journey, slug, match_number=match_number)
    if journey.confirm_by_code is not None and form.validate():
        outcome, token = journey.confirm_by_code(slug, ticket, form.digits)
        if outcome is Confirmation.DONE:
            metrics.confirmations.labels(journey.name, "code").inc()
            return see_other(journey.url("thanks", slug=slug))
        if outcome is Confirmation.UNMOVED:
            return see_other(journey.url("confirm", token=token))
        # One wording for wrong, spent and unknown: another one would tell a stranger that this address has signed.
        form.code.errors = [_("This code is not right. Please check that it is in the newest e-mail.")]
    return check(journey, slug, form)


def thanks(journey: Journey, slug: str) -> Response:
    """Thanks, and what comes next, with nothing of the person: the browser that pressed asks for that (`mine`)."""
    page = campaign_or_404(slug)
    context = journey.thanks_context(page)
    return render_page(journey.thanks_template, journey=journey, page=page, **context)


def renew(journey: Journey, token: str) -> Response:
    return _back_to_check(journey, *journey.use_cases.renew(token, i18n.language()))


def mail_own_link(journey: Journey, token: str) -> Response:
    journey.use_cases.mail_own_link(token, i18n.language())
    return see_other(journey.url("confirm", token=token, mailed=1, _anchor="done"))


def my_link(journey: Journey) -> Response:
    """The way to the own page for people without the mail. It never reveals whether an address is known."""
    form = LinkForm(request.form or None)
    shown = campaigns.public_campaigns(i18n.language())
    if request.method == "POST" and form.validate():
        slug = form.campaign.data or (shown[0].slug if shown else "")
        tickets.send_link(journey.link_request, slug, form.address, i18n.language())
        return see_other(journey.url("my_link_sent"))
    return render_page(
        "public/mailed_links/my_link.html",
        422 if request.method == "POST" else 200,
        journey=journey,
        form=form,
        campaigns=shown,
    )


def my_link_sent(journey: Journey) -> Response:
    return render_page("public/mailed_links/my_link_sent.html", journey=journey)


def by_code() -> str | None:
    """`code` on the pages of a form that went on without proof of work, whose mail has no link; None on others."""
    return "code" if request.args.get("by") == "code" else None


@limited(link_limit, scope="resend")
def _resend(journey: Journey, slug: str, ticket: str) -> Response:
    with suppress(BadToken):
        journey.use_cases.resend(slug, ticket, i18n.language())
    return _back_to_check(journey, slug, ticket)


def _back_to_check(journey: Journey, slug: str, ticket: str) -> Response:
    return see_other(journey.url("check", slug=slug, ticket=ticket or None, by=by_code(), _anchor="resent"))


#: Whoever presses once more is led where the first press led.
_CONFIRMED = (LinkState.CONFIRMED, LinkState.HELD)
#: The link is valid; its signature or endorsement has ended, and the page says how.
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


def confirm(journey: Journey, token: str) -> Response:
    is_pressed = request.method == "POST"
    if is_pressed and (slug := journey.use_cases.confirm_by_link(token, _signals(journey, token))):
        metrics.confirmations.labels(journey.name, "link").inc()
        return see_other(journey.url("thanks", slug=slug))
    link = journey.open_link(token, i18n.language())
    if link.record is not None and link.state in _CONFIRMED:
        if is_pressed:
            return see_other(journey.url("thanks", slug=link.record.campaign.slug))
        # The same for whoever opens it, also where a person looks at the signature first.
        return show("public/mailed_links/used.html", journey, link.record, token=token)
    if link.record is not None and link.state is LinkState.PENDING:
        if is_pressed:  # it waits all the same: a machine may have been the one
            return see_other(journey.url("confirm", token=token, asked=1))
        return _confirm_page(journey, link.record, token)
    ended_status = 409 if is_pressed else 200
    return problem(journey, link, token, ended_status if link.state in _ENDED else 410)


def answer(journey: Journey, token: str) -> Response:
    """The number that the page to confirm asked for."""
    form = NumberForm(request.form)
    outcome = (
        journey.use_cases.confirm_by_number(token, form.digits, _signals(journey, token))
        if form.digits
        else None
    )
    if outcome is Confirmation.DONE:
        metrics.confirmations.labels(journey.name, "number").inc()
    link = journey.open_link(token, i18n.language())
    if link.record is not None and link.state in _CONFIRMED:
        return see_other(journey.url("thanks", slug=link.record.campaign.slug))
    if outcome is Confirmation.DONE or link.record is None or link.state is not LinkState.PENDING:
        return see_other(journey.url("confirm", token=token))
    form.number.errors = [_error(journey, outcome, form.digits, has_code_only=link.record.has_code_only)]
    return _confirm_page(journey, link.record, token, form)


def not_mine(journey: Journey, token: str) -> Response:
    """Delete what waits for this address."""
    link = journey.open_link(token, i18n.language())
    if link.record is None or link.state not in _WAITING:
        raise BadToken
    back, forget = journey.url("confirm", token=token), partial(journey.use_cases.disown, token)
    return ask_mailbox(journey, "not_mine", back, link.record.mailed_to, forget)


def _signals(journey: Journey, token: str) -> frozenset[ClickSignal]:
    """Signals that a machine, not a person, pressed the button. Raises BadToken."""
    return signals.click_signals(request.headers.get, tokens.read(journey.link, token).age)


def _error(journey: Journey, outcome: Confirmation | None, digits: str, *, has_code_only: bool) -> Any:
    """What is wrong with the digits that were typed; `outcome` is None for what is neither a number nor a code."""
    if outcome is Confirmation.SPENT:
        return _SPENT
    if outcome is None and has_code_only:
        return _NO_CODE
    if outcome is None or (len(digits) == 6 and not journey.has_code):
        return _NO_NUMBER
    if len(digits) == 2:
        return _WRONG_NUMBER
    return _WRONG_NEW_CODE if has_code_only else _WRONG_CODE


def _confirm_page(journey: Journey, record: Record, token: str, wrong: NumberForm | None = None) -> Response:
    """What will be recorded, with one button; with a field for a number where a machine may have pressed it.

    `wrong` is the form with a number that did not confirm.
    """
    is_asked = bool(wrong) or record.is_scanned or request.args.get("asked") == "1"
    is_over = record.match_tries >= MAX_MATCH_TRIES and not record.has_code_only
    return show(
        journey.confirm_template,
        journey,
        record,
        422 if wrong else 200,
        token=token,
        form=wrong or (NumberForm() if is_asked else None),
        is_over=is_asked and is_over,
        has_code_only=is_asked and record.has_code_only,
    )


def download(journey: Journey, record: Record, stored: dict[str, Any]) -> Response:
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
    response.headers["Content-Disposition"] = f'attachment; filename="my-{journey.name}.json"'
    return response


def withdraw(journey: Journey, token: str) -> Response:
    back = journey.url("me", token=token)
    if request.method == "POST":
        if journey.use_cases.withdraw(token):
            metrics.withdrawals.labels(journey.name).inc()
        return back_to_own_page(journey, token, "withdrawn")
    record = journey.find_own(token, i18n.language())
    return ask(journey, "withdraw", back, record=record)


def erase(journey: Journey, token: str) -> Response:
    record = journey.find_own(token, i18n.language())
    if request.method == "POST":
        journey.use_cases.erase(token)
        metrics.withdrawals.labels(journey.name).inc()
        return done(journey, "erased", record)
    back = journey.url("me", token=token)
    return ask(journey, "erase", back, record=record)


def back_to_own_page(journey: Journey, token: str, done: str) -> Response:
    """Redirect to the own page after an act, at the notice that says what was done."""
    return see_other(journey.url("me", token=token, done=done, _anchor="done"))
