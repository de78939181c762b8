"""What is declared of each address, in one record: access, step-up, request checks, copies, OpenAPI, docs/routes.md and the tests
read nothing else. Pages and acts are declared by the blueprints of pledge/web/address_book.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag, StrEnum, auto
from typing import Any

from flask import Flask, current_app
from werkzeug.routing import IntegerConverter, Map

from config import Config
from pledge.accounts.roles import Permission
from pledge.web.limits import Limit

MAX_BODY = 64 * 1024
MAX_PARTS = 40
_ROUTES = "pledge.routes"


class AccessLevel(StrEnum):
    """Access levels of staff views that are not permissions of a role."""

    PUBLIC = "public"  #: nothing: the pages of the sign-in
    SIGNED_IN = "signed_in"  #: an account: one's own, its language
    ENROLLING = "enrolling"  #: also before there is a second factor: to set one up
    BEFORE_MFA = "before_mfa"  #: also before the second factor was shown in this session


Need = Permission | AccessLevel


class Ask(Flag):
    """What an act of staff asks before it is done.

    A second factor is for what is public at once or cannot be taken back; a reason is for what the audit log must explain; a page of
    its own for what is removed. What one press takes back again, or what changes nothing for others, asks for nothing.
    """

    NOTHING = 0
    CONFIRMATION = auto()  #: a page of its own, which names the thing
    REASON = auto()
    FACTOR = auto()  #: the second factor, shown within five minutes
    SIGN_IN = auto()  #: the password with it, unless a passkey is shown (ASVS 5.0, 7.5.1)
    FILE = auto()  #: and is answered with a file: as no page comes with that, a button of its own fetches it


@dataclass(frozen=True)
class Body:
    """What a POST may contain beyond a small form from one of our own pages."""

    size: int | Callable[[Config], int] = MAX_BODY  #: bytes; a function where a setting decides
    parts: int = MAX_PARTS  #: fields of the form
    mimetype: str | None = None  #: of a body that is no form, which the view checks itself
    #: The one POST that mail providers send from their own pages (RFC 8058 section 3.2).
    one_click: bool = False

    def max_bytes(self, config: Config) -> int:
        return self.size(config) if callable(self.size) else self.size


@dataclass(frozen=True)
class Cached:
    """How 200 answers that are the same for every visitor are cached (caching.py). The view reads no cookie or header."""

    control: str  #: the Cache-Control header, for caches along the way
    #: The query parameters that the view reads; a request with one of them is answered by the view itself, unless `variant` names
    #: the few answers that there can be. Every other parameter is ignored, as social networks append some to links.
    reads: tuple[str, ...] = ()
    variant: Callable[[], str] | None = None
    #: The last part of the address where the view does not read it, by its name in the rule.
    ignores: str = ""
    seconds: int = 1


@dataclass(frozen=True, kw_only=True)
class Route:
    """A page or an act, by the name of its function, which is that of its endpoint."""

    view: Callable[..., Any]
    rules: tuple[str, ...]  #: without the prefix of the blueprint
    methods: tuple[str, ...]
    needs: Need | None = None  #: of staff; a staff view without it is refused
    asks: Ask | None = None  #: of staff, for a form that is sent to it
    body: Body | None = None
    limit: Limit | None = None
    cache: Cached | None = None


class _Int32(IntegerConverter):
    """`<int32:…>`: a number that a column of 32 bits can hold, from 1 on. PostgreSQL refuses a larger one."""

    def __init__(self, map: Map) -> None:  # noqa: A002  # Werkzeug's name
        super().__init__(map, min=1, max=2**31 - 1)


class _Int64(IntegerConverter):
    """`<int64:…>`: the same for 64 bits."""

    def __init__(self, map: Map) -> None:  # noqa: A002  # Werkzeug's name
        super().__init__(map, min=1, max=2**63 - 1)


def init_app(app: Flask) -> None:
    app.url_map.converters.update(int32=_Int32, int64=_Int64)


def add(app: Flask, endpoint: str, route: Route) -> None:
    routes_of(app)[endpoint] = route


def routes_of(app: Flask) -> dict[str, Route]:
    """Every page and act by its endpoint: `staff.news_item`."""
    routes: dict[str, Route] = app.extensions.setdefault(_ROUTES, {})
    return routes


def route_of(endpoint: str | None) -> Route | None:
    """What is declared of an endpoint; None where no address matched, and for what is Flask's own."""
    return routes_of(current_app).get(endpoint or "")
