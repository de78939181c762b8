"""The main menu of the staff area: a person sees the items that they may open."""

from dataclasses import dataclass
from typing import Any

from flask import current_app, url_for
from flask_babel import lazy_gettext as _l

from pledge.accounts.roles import Permission
from pledge.web.staff.auth.access import has_shown_second_factor
from pledge.web.staff.auth.cookies import current_member


@dataclass(frozen=True)
class MenuItem:
    endpoint: str
    label: Any
    permission: Permission


NAVIGATION = [
    MenuItem("staff.desk", _l("Dashboard"), Permission.SEE_DASHBOARD),
    MenuItem("staff.campaigns", _l("Campaigns"), Permission.EDIT_CAMPAIGNS),
    MenuItem("staff.organizations", _l("Organisations"), Permission.REVIEW_ORGANIZATIONS),
    MenuItem("staff.signatures", _l("Signatures"), Permission.LOOK_UP_SIGNATURES),
    MenuItem("staff.watch", _l("Watch"), Permission.INVALIDATE),
    MenuItem("staff.invalidations", _l("Invalidations"), Permission.INVALIDATE),
    MenuItem("staff.dead_letters", _l("E-mail"), Permission.RUN_MAIL),
    MenuItem("staff.deliveries", _l("Deliveries"), Permission.EXPORT),
    MenuItem("staff.exports", _l("Exports"), Permission.EXPORT),
    MenuItem("staff.switches", _l("Switches"), Permission.SWITCH),
    MenuItem("staff.audit", _l("Audit log"), Permission.READ_AUDIT),
    MenuItem("staff.people", _l("Staff members"), Permission.MANAGE_STAFF),
]


def visible() -> list[tuple[str, str, Any]]:
    """Endpoint, address and label of each item that the signed-in person may open."""
    person = current_member()
    if person is None or not has_shown_second_factor():
        return []
    return [
        (line.endpoint, url_for(line.endpoint), line.label)
        for line in NAVIGATION
        if line.endpoint in current_app.view_functions and person.can(line.permission)
    ]
