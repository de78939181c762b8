"""Who may do what in the staff area: every view says what it needs, and a view that says nothing is refused."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import current_app, request

from pledge.accounts.roles import Permission

View = TypeVar("View", bound=Callable[..., Any])

_MARK = "needed_permission"


class Undeclared(RuntimeError):
    """A staff view without `@needs(…)` was asked for: a fault of ours, answered with 403."""


def needs(permission: Permission) -> Callable[[View], View]:
    """Declare the permission that a view asks for. It stands right above the function, below the route."""

    def mark(view: View) -> View:
        setattr(view, _MARK, permission)
        return view

    return mark


def needed_permission(endpoint: str) -> Permission:
    """The permission of a staff endpoint. Raises Undeclared."""
    view = current_app.view_functions[endpoint]
    found: Permission | None = getattr(view, _MARK, None)
    if found is None:
        raise Undeclared(request.endpoint)
    return found
