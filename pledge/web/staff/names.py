"""Who acted, as staff read it: the names of colleagues, where they have given one, instead of their addresses."""

from flask import g
from flask_babel import gettext as _

from pledge.accounts import queries
from pledge.audit.models import COMMAND_LINE
from pledge.web.staff.blueprint import staff


@staff.app_template_global("actor_name")
def actor_name(name: str) -> str:
    """The name of the account with this address; read once for a request."""
    if name == COMMAND_LINE.name:
        return str(_("command line"))
    if "staff_names" not in g:
        g.staff_names = queries.names()
    return str(g.staff_names.get(name, name))
