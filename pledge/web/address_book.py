"""Blueprints: each page and act is declared once, with its whole address, above the function of that name."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypedDict, TypeVar, Unpack, cast

from flask import Blueprint, Flask

from pledge.web import routes
from pledge.web.caching import cached
from pledge.web.limits import Limit
from pledge.web.routes import Ask, Body, Cached, Need, Route

View = TypeVar("View", bound=Callable[..., Any])


class Declared(TypedDict, total=False):
    """What a page or an act declares besides its address; Route says what each means."""

    needs: Need
    asks: Ask
    body: Body
    limit: Limit
    cache: Cached


class AddressBook(Blueprint):
    """`answer` makes a response of what its views return, where that is something else."""

    def __init__(
        self,
        name: str,
        import_name: str,
        url_prefix: str | None = None,
        answer: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__(name, import_name, url_prefix=url_prefix)
        self._answer = answer

    def page(
        self, *rules: str, takes_form: bool = False, merge_slashes: bool = True, **declared: Unpack[Declared]
    ) -> Callable[[View], View]:
        """Declare a page, opened with GET. With `takes_form` or `asks` it takes POST too, and `limit` counts only that."""
        methods = ("GET", "POST") if takes_form or "asks" in declared else ("GET",)

        def declare(view: View) -> View:
            route = Route(view=view, rules=rules, methods=methods, **declared)
            return self._add(view, route, merge_slashes=merge_slashes)

        return declare

    def act(self, *rules: str, **declared: Unpack[Declared]) -> Callable[[View], View]:
        """Declare an act, done with POST."""

        def declare(view: View) -> View:
            return self._add(view, Route(view=view, rules=rules, methods=("POST",), **declared))

        return declare

    def _add(self, view: View, route: Route, **options: Any) -> View:
        handler: Callable[..., Any] = view if self._answer is None else _answered(view, self._answer)
        if route.limit is not None:
            handler = route.limit.around(handler, methods=["POST"] if "POST" in route.methods else None)
        if route.cache is not None:
            handler = cached(route.cache)(handler)
        for rule in route.rules:
            self.add_url_rule(rule, view.__name__, handler, methods=route.methods, **options)
        self.record(lambda state: routes.add(cast("Flask", state.app), f"{self.name}.{view.__name__}", route))
        return view


def _answered(view: Callable[..., Any], answer: Callable[[Any], Any]) -> Callable[..., Any]:
    @wraps(view)
    def answered(**parts: Any) -> Any:
        return answer(view(**parts))

    return answered
