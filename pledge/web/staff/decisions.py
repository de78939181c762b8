"""The routes by which two people decide about something: what was asked for is done, or its page says why it was not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response, redirect, request, session, url_for
from werkzeug import Response as AnyResponse

from pledge.accounts.roles import Permission
from pledge.accounts.two_people import InvitedLately, NeedsSecondPerson, WrongState
from pledge.campaigns.rules import BadFields
from pledge.web.forms import StaffForm
from pledge.web.staff.auth.access import actor, needs
from pledge.web.staff.blueprint import staff

#: Why nothing was decided: the status, and the sentence of components/forms/two_people.html.
_REFUSALS: dict[type[Exception], tuple[int, str]] = {
    NeedsSecondPerson: (403, "second"),
    InvitedLately: (403, "lately"),
    WrongState: (409, "state"),
    BadFields: (422, "incomplete"),
}


#: In the session: what was just done, and how it is taken back.
_UNDO = "undo"


@dataclass(frozen=True)
class Decision:
    """What one button does."""

    #: Called with the actor, the parts of the address, and what the form's fields hold; its name is that of the route.
    act: Callable[..., object]
    form: type[StaffForm] = StaffForm


def decision_routes(
    name: str, path: str, permission: Permission, page: Callable[..., Response], *decisions: Decision
) -> None:
    """Add a route below the path of a page for each decision.

    `page` is the view of that page; besides the parts of its address it takes `status`, `refused` and the `form` that was sent.
    """
    for decision in decisions:
        verb = decision.act.__name__
        view = _view(page, decision)
        view.__name__ = f"{name}_{verb}"
        rule = f"{path}/{verb.replace('_', '-')}"
        staff.add_url_rule(rule, view_func=needs(permission)(view), methods=["POST"])


def _view(page: Callable[..., Response], decision: Decision) -> Callable[..., AnyResponse]:
    def decide(**address: Any) -> AnyResponse:
        form = decision.form(request.form)
        if not form.validate():
            return page(**address, status=422, form=form)
        try:
            decision.act(actor(), *address.values(), *(field.data for field in form))
        except tuple(_REFUSALS) as error:
            status, refused = _REFUSALS[type(error)]
            return page(**address, status=status, refused=refused, form=form)
        return redirect(url_for(f"staff.{page.__name__}", **address), 303)

    return decide


def offer_undo(said: str, endpoint: str, fields: list[tuple[str, str]], **address: Any) -> None:
    """Say on the next page what was done, with a button that takes it back: the form of another act, filled in."""
    session[_UNDO] = {"said": said, "action": url_for(endpoint, **address), "fields": fields}


@staff.app_template_global("undo_offer")
def undo_offer() -> dict[str, Any] | None:
    """What was just done; None when there is nothing to take back. Shown once."""
    found: dict[str, Any] | None = session.pop(_UNDO, None)
    return found
