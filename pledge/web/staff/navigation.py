"""The seven doors of the staff area, and the pages behind each: a person sees those that they may open."""

from dataclasses import dataclass, replace
from typing import Any

from flask import g, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from pledge.inbox.queries import Inbox, has_inbox, inbox
from pledge.web.staff.auth.access import has_shown_second_factor, may_open, me
from pledge.web.staff.auth.cookies import current_member
from pledge.web.staff.blueprint import staff


@dataclass(frozen=True)
class Page:
    endpoint: str
    label: Any
    other_path: str | None = (
        None  #: the first part of the addresses of pages that lie below it, but not in its own
    )

    @property
    def paths(self) -> tuple[str | None, ...]:
        """The first parts of the addresses of this page and of those below it; "" for /staff/ alone."""
        return url_for(self.endpoint).split("/")[2], self.other_path


@dataclass(frozen=True)
class Door:
    label: Any
    pages: tuple[Page, ...]
    waiting: int = 0  #: how much waits there for this person


_NUMBERS = lazy_pgettext("staff", "Numbers")

DOORS = (
    Door(_l("Inbox"), (Page("staff.inbox", _l("Inbox")),)),
    Door(_NUMBERS, (Page("staff.numbers", _NUMBERS),)),
    Door(_l("Campaigns"), (Page("staff.campaigns", _l("Campaigns"), "demands"),)),
    Door(_l("Organisations"), (Page("staff.organizations", _l("Organisations")),)),
    Door(
        _l("Signatures"),
        (
            Page("staff.signatures", _l("Look up")),
            Page("staff.watch", lazy_pgettext("signatures", "Review"), "invalidations"),
            Page("staff.paper_of_chosen", _l("Paper signatures")),
        ),
    ),
    Door(_l("Deliveries"), (Page("staff.deliveries", _l("Deliveries")),)),
    Door(
        _l("Administration"),
        (
            Page("staff.people", _l("Staff members")),
            Page("staff.switches", _l("Switches")),
            Page("staff.dead_letters", _l("E-mail")),
            Page("staff.audit", _l("Audit log")),
        ),
    ),
)


@staff.app_template_global("staff_doors")
def doors() -> list[Door]:
    """The doors with the pages that the signed-in person may open."""
    person = current_member()
    if person is None or not has_shown_second_factor():
        return []
    mine = [
        replace(door, pages=tuple(page for page in door.pages if may_open(person, page.endpoint)))
        for door in DOORS
    ]
    mine[0] = replace(mine[0], waiting=len(my_inbox().mine)) if has_inbox(person) else Door("", ())
    return [door for door in mine if door.pages]


def my_inbox() -> Inbox:
    """What waits for the signed-in person; read once for a request."""
    if "inbox" not in g:
        g.inbox = inbox(me())
    waiting: Inbox = g.inbox
    return waiting


@staff.app_template_global("current_page")
def current_page() -> Page | None:
    """The page that the shown one is, or lies below."""
    path = [*request.path.strip("/").split("/"), ""][1]
    return next((page for door in DOORS for page in door.pages if path in page.paths), None)
