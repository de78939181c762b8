"""Words of several screens: who acted, and since when something waits."""

from datetime import datetime, timedelta

from flask import g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from pledge.accounts import queries
from pledge.audit.models import COMMAND_LINE, ORGANIZATION, SIGNER, WORKER
from pledge.core import clock
from pledge.core.i18n import format_duration
from pledge.web.staff.blueprint import staff

#: Those who act without an account.
_PROGRAMS = {
    COMMAND_LINE.name: _l("command line"),
    WORKER.name: _l("system"),
    SIGNER.name: _l("signer"),
    ORGANIZATION.name: _l("organisation"),
}


@staff.app_template_global("actor_name")
def actor_name(name: str) -> str:
    """The name of the account with this address; read once for a request."""
    if name in _PROGRAMS:
        return str(_PROGRAMS[name])
    if "staff_names" not in g:
        g.staff_names = queries.names()
    return str(g.staff_names.get(name, name))


@staff.app_template_global("waits_long")
def waits_long(since: datetime) -> str:
    """The kind of mark for what has waited for a day, or for three; "" before."""
    waited = clock.now() - since
    if waited >= timedelta(days=3):
        return "danger"
    return "warning" if waited >= timedelta(days=1) else ""


@staff.app_template_global("age")
def age(since: datetime) -> str:
    """Since when something has waited, in the largest unit."""
    waited = clock.now() - since
    if waited < timedelta(minutes=1):
        return str(_("just now"))
    return str(_("for %(time)s", time=format_duration(waited, units=1)))
