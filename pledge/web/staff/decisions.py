"""The acts of a page by which something is decided: what was asked for is done, or the page says why it was not."""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

from flask import Response, redirect, request, session, url_for
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse

from pledge.accounts.moderation import LastAdmin
from pledge.accounts.two_people import InvitedLately, NeedsSecondPerson, WrongState
from pledge.audit import queries as audit
from pledge.audit.queries import Search
from pledge.audit.services import NoReason
from pledge.campaigns.rules import BadFields
from pledge.core import clock
from pledge.deliveries.services import PackNotMade
from pledge.signatures.moderation import NoMailAllowed
from pledge.web.forms import StaffForm
from pledge.web.staff.auth.access import actor, done
from pledge.web.staff.blueprint import staff
from pledge.web.staff.forms import show_faults

#: Why nothing was done: the status, and by which word the page knows what to say.
_REFUSALS: dict[type[Exception], tuple[int, str]] = {
    NeedsSecondPerson: (403, "second"),
    InvitedLately: (403, "lately"),
    WrongState: (409, "state"),
    LastAdmin: (422, "last_admin"),
    PackNotMade: (409, "pack"),
    NoReason: (422, "reason"),
    NoMailAllowed: (409, ""),  # the page says from when on it is
}


DONE_ALREADY = _l("You have already done this.")
#: Who presses a button twice does so within this time.
_TWICE = timedelta(minutes=1)

#: In the session: what was just done, and how it is taken back.
_UNDO = "undo"


def decide(
    page: Callable[..., Response],
    form: StaffForm,
    act: Callable[[], object],
    message: str = "",
    *,
    recorded: Collection[str] = (),
) -> AnyResponse:
    """Do what one button of a page asks for and go back to the page, which says what was `said`; or show it with what was wrong.

    `page` is its view: besides the parts of this address it takes `status`, `refused` and the `form` that was sent. `recorded`: what
    the audit log calls the act, where that is not in the name of its view, as in `news_send_back`.
    """
    address = request.view_args or {}
    if not form.validate():
        return page(**address, status=422, form=form)
    try:
        act()
    except BadFields as wrong:
        has_fields = all(name in form for name in wrong.faults)
        if has_fields:
            show_faults(form, wrong)
        return page(**address, status=422, refused="" if has_fields else "incomplete", form=form)
    except tuple(_REFUSALS) as error:
        kind, _dash, verb = (request.endpoint or "").removeprefix("staff.").partition("_")
        subject = f"{kind}:{[*address.values()][-1]}"
        if isinstance(error, WrongState) and pressed_twice(subject, *(recorded or (verb,))):
            return done(str(DONE_ALREADY), page.__name__, **address)
        status, refused = _REFUSALS[type(error)]
        return page(**address, status=status, refused=refused, form=form)
    if message:
        return done(message, page.__name__, **address)
    return redirect(url_for(f"staff.{page.__name__}", **address), 303)


def pressed_twice(subject: str, *verbs: str) -> bool:
    """Whether the newest act of staff on it is one of these, by oneself, just now: then nobody else was first."""
    lines = audit.page(Search(subject=subject), size=5).lines  # the worker may have gone on with it
    last = next((line for line in lines if line.staff_id is not None), None)
    return (
        last is not None
        and last.staff_id == actor().staff_id
        and last.at > clock.now() - _TWICE
        and last.action.rpartition(".")[2] in verbs
    )


def offer_undo(message: str, endpoint: str, fields: list[tuple[str, str]], **address: Any) -> None:
    """Say on the next page what was done, with a button that takes it back: the form of another act, filled in."""
    session[_UNDO] = {"said": message, "action": url_for(endpoint, **address), "fields": fields}


@staff.app_template_global("undo_offer")
def undo_offer() -> dict[str, Any] | None:
    """What was just done; None when there is nothing to take back. Shown once."""
    offer: dict[str, Any] | None = session.pop(_UNDO, None)
    return offer
