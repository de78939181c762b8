"""The routes by which two people decide about something: what was asked for is done, or its page says why it was not."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from flask import Response, redirect, request, session, url_for
from werkzeug import Response as AnyResponse

from pledge.accounts.roles import Permission
from pledge.accounts.two_people import InvitedLately, NeedsSecondPerson, NoSuchProposal, Proposed, WrongState
from pledge.campaigns.rules import BadFields
from pledge.web import errors
from pledge.web.forms import StaffForm
from pledge.web.staff.auth.access import actor, needs
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import OK, RemoveForm, removal_page, saved
from pledge.web.staff.forms import attempt

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


@staff.errorhandler(NoSuchProposal)
def no_such_proposal(_error: NoSuchProposal) -> Response:
    return errors.error_page(404)


def removal_route(
    name: str,
    path: str,
    page: Callable[..., Response],
    find: Callable[..., Proposed],
    remove: Callable[..., None],
    *,
    title: str,
    states: Collection[str],
) -> None:
    """Add the route that asks for a reason, then removes what is in one of the states. `title`: the attribute that names it."""

    def ask_and_remove(slug: str, **number: Any) -> AnyResponse:
        found, form, problem = find(slug, **number), RemoveForm(request.form), OK
        back = url_for(f"staff.{page.__name__}", slug=slug, **number)
        if request.method == "POST":
            try:
                refused = attempt(
                    form,
                    lambda: remove(
                        actor(), slug, *number.values(), form.seen.data or "", form.reason.data or ""
                    ),
                )
            except WrongState:
                return page(slug, **number, status=409, refused="state")
            if refused is None:
                return saved(name, slug)
            problem = refused
        elif found.state not in states:
            return redirect(back, 303)
        else:
            form.seen.data = found.stamp
        return removal_page(slug, getattr(found, title), back, form, problem)

    ask_and_remove.__name__ = f"{name}_remove"
    staff.add_url_rule(
        f"{path}/remove", view_func=needs(Permission.EDIT_CAMPAIGNS)(ask_and_remove), methods=["GET", "POST"]
    )
