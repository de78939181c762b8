"""The seven doors of the staff area, and the pages behind each: a person sees those that they may open."""

from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from pledge.accounts.models import StaffMember
from pledge.accounts.roles import Permission
from pledge.web.staff.auth.access import has_shown_second_factor
from pledge.web.staff.auth.cookies import current_member
from pledge.web.staff.blueprint import staff


@dataclass(frozen=True)
class Page:
    endpoint: str
    label: Any
    permission: Permission
    path: str  #: the first part of the addresses of this page and of those below it; "" for /staff/ alone
    other_path: str | None = None  #: and of other pages below it


@dataclass(frozen=True)
class Door:
    label: Any
    pages: tuple[Page, ...]


_NUMBERS = lazy_pgettext("staff", "Numbers")

DOORS = (
    Door(_l("Inbox"), (Page("staff.inbox", _l("Inbox"), Permission.SEE_DASHBOARD, ""),)),
    Door(_NUMBERS, (Page("staff.numbers", _NUMBERS, Permission.SEE_DASHBOARD, "numbers"),)),
    Door(
        _l("Campaigns"), (Page("staff.campaigns", _l("Campaigns"), Permission.EDIT_CAMPAIGNS, "campaigns"),)
    ),
    Door(
        _l("Organisations"),
        (Page("staff.organizations", _l("Organisations"), Permission.REVIEW_ORGANIZATIONS, "organizations"),),
    ),
    Door(
        _l("Signatures"),
        (
            Page("staff.signatures", _l("Look up"), Permission.LOOK_UP_SIGNATURES, "signatures"),
            Page(
                "staff.watch",
                lazy_pgettext("signatures", "Review"),
                Permission.INVALIDATE,
                "watch",
                "invalidations",
            ),
            Page("staff.paper_of_chosen", _l("Paper signatures"), Permission.EDIT_CAMPAIGNS, "paper"),
        ),
    ),
    Door(_l("Deliveries"), (Page("staff.deliveries", _l("Deliveries"), Permission.EXPORT, "deliveries"),)),
    Door(
        _l("Administration"),
        (
            Page("staff.people", _l("Staff members"), Permission.MANAGE_STAFF, "people"),
            Page("staff.switches", _l("Switches"), Permission.SWITCH, "switches"),
            Page("staff.dead_letters", _l("E-mail"), Permission.RUN_MAIL, "mail"),
            Page("staff.audit", _l("Audit log"), Permission.READ_AUDIT, "audit"),
        ),
    ),
)


@staff.app_template_global("staff_doors")
def doors() -> list[Door]:
    """The doors with the pages that the signed-in person may open."""
    person = current_member()
    if person is None or not has_shown_second_factor():
        return []
    mine = (Door(door.label, _open_to(door, person)) for door in DOORS)
    return [door for door in mine if door.pages]


def _open_to(door: Door, person: StaffMember) -> tuple[Page, ...]:
    return tuple(page for page in door.pages if person.can(page.permission))


@staff.app_template_global("current_page")
def current_page() -> Page | None:
    """The page that the shown one is, or lies below."""
    path = [*request.path.strip("/").split("/"), ""][1]
    return next((page for door in DOORS for page in door.pages if path in (page.path, page.other_path)), None)
