"""Words of several screens: who acted, and since when something waits."""

import re
from datetime import datetime, timedelta

from flask import g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from pledge.accounts import queries
from pledge.audit.models import COMMAND_LINE, ORGANIZATION, SIGNER, WORKER
from pledge.core import clock
from pledge.core.i18n import format_duration
from pledge.web.staff.auth.access import only_reads
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


_FORM = re.compile(r'<form\b[^>]*method="post".*?</form>', re.DOTALL)
_BUTTON = re.compile(r'<button\b.*?</button>|<input type="hidden"[^>]*>', re.DOTALL)


@staff.app_template_filter("as_permitted")
def as_permitted(page: Markup) -> Markup:
    """The content of a page; for who may only read it, what its forms hold, without their buttons."""
    return Markup(_FORM.sub(_as_read, page)) if only_reads() else page  # noqa: S704  # it was rendered by a template


def _as_read(form: re.Match[str]) -> str:
    inner = _BUTTON.sub("", form[0].partition(">")[2].removesuffix("</form>"))
    return f'<fieldset class="stack" disabled>{inner}</fieldset>'


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
