"""What the run-time switches change on the public pages (pledge/switches)."""

from pledge.core import i18n
from pledge.switches import queries as switches

#: Seconds after which a paused form may be tried again; nobody knows how long a pause lasts.
RETRY_AFTER_PAUSE = 120


def signing_paused() -> bool:
    return switches.current().signing_paused


def banner() -> str:
    """The staff's announcement on every page, in the page's language; "" when there is none."""
    return switches.current().banner.of(i18n.language())
