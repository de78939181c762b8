"""What a mailed link opens: the page to confirm, and "this was not me".

To confirm where a machine may have pressed, the two digits of the page where the form was sent are asked for; to disown, always
the address that the mail came to (docs/adr/0122).
"""

from typing import Any

from flask import Response, request
from flask_babel import lazy_gettext as _l

from pledge.abuse import pressing
from pledge.abuse.pressing import MAX_MATCH_TRIES, Press
from pledge.campaigns.mailed_links import Confirmation, LinkState
from pledge.core import i18n, metrics, tokens
from pledge.core.tokens import BadToken
from pledge.signatures import number_matching
from pledge.web.forms import see_other
from pledge.web.limits import limited, link_limit, token_limit
from pledge.web.public.mailed_links.journey import (
    FORM,
    ask,
    done,
    is_wrong,
    mailed_link,
    problem,
    route,
    show,
    used,
)
from pledge.web.public.mailed_links.subject import Subject
from pledge.web.public.signing.forms import MailboxForm, NumberForm
from pledge.web.public.signing.subject import SIGNATURE

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


@route("{of.prefix}/confirm/<token>", methods=FORM)
@mailed_link
def confirm(subject: Subject, token: str) -> Response:
    is_pressed = request.method == "POST"
    if is_pressed and (slug := subject.confirm(token, _signals(subject, token))):
        metrics.confirmations.labels(subject.name, "link").inc()
        return see_other(subject.url("thanks", slug=slug))
    link = subject.open_link(token, i18n.language())
    if link.record is not None and link.state in _CONFIRMED:
        return _to_thanks(subject, link.record) if is_pressed else used(subject, link.record, token)
    if is_pressed and link.state is LinkState.PENDING:
        # It waits although the button was pressed: a machine may have been the one.
        return see_other(subject.url("confirm", token=token, asked=1))
    if link.state is LinkState.PENDING:
        return _confirm_page(subject, link.record, token)
    if link.state in _ENDED:
        return problem(subject, link, token, 409 if is_pressed else 200)
    return problem(subject, link, token, 410)


@route("{of.prefix}/confirm/<token>/number", methods=["POST"])
@limited(token_limit, deduct_when=is_wrong)
@mailed_link
def answer(subject: Subject, token: str) -> Response:
    """The number that the page to confirm asked for."""
    form = NumberForm(request.form)
    outcome = subject.answer(token, form.digits, _signals(subject, token)) if form.digits else None
    if outcome is Confirmation.DONE:
        metrics.confirmations.labels(subject.name, "number").inc()
    link = subject.open_link(token, i18n.language())
    if link.record is not None and link.state in _CONFIRMED:
        return _to_thanks(subject, link.record)
    if outcome is Confirmation.DONE or link.record is None or link.state is not LinkState.PENDING:
        return see_other(subject.url("confirm", token=token))
    form.number.errors = [_error(subject, outcome, form.digits, has_code_only=link.record.has_code_only)]
    return _confirm_page(subject, link.record, token, form)


@route("/confirm/<token>/code", of=[SIGNATURE], methods=["POST"])
@limited(link_limit)
@mailed_link
def mail_code(subject: Subject, token: str) -> Response:
    """Send a code to whoever has closed the page where they signed."""
    number_matching.mail_code(token, i18n.language())
    return see_other(subject.url("confirm", token=token, asked=1, mailed=1, _anchor="done"))


@route("{of.prefix}/confirm/<token>/{of.not_mine_path}", methods=FORM)
@limited(token_limit, methods=["POST"], deduct_when=is_wrong)
@mailed_link
def not_mine(subject: Subject, token: str) -> Response:
    """Delete what waits for this address. It has to be typed, as no page shows it here: a machine that presses deletes nothing."""
    link = subject.open_link(token, i18n.language())
    if link.record is None or link.state not in _WAITING:
        raise BadToken
    form, is_pressed = MailboxForm(request.form or None), request.method == "POST"
    if is_pressed and form.names(subject.mailed_to(link.record)):
        if not subject.disown(token):
            raise BadToken
        return done(subject.not_mine_done)
    back = subject.url("confirm", token=token)
    return ask(subject.not_mine, back, form=form, status=422 if is_pressed else 200)


def _to_thanks(subject: Subject, record: Any) -> Response:
    return see_other(subject.url("thanks", slug=record.campaign.slug))


def _signals(subject: Subject, token: str) -> frozenset[Press]:
    """What this request tells about whoever pressed. Raises BadToken."""
    return pressing.seen(request.headers.get, tokens.age(subject.purpose, token))


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


def _confirm_page(subject: Subject, record: Any, token: str, wrong: NumberForm | None = None) -> Response:
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
        mailed=request.args.get("mailed") == "1" and not wrong,
    )
