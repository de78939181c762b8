"""What a mail says about where it comes from: links that start with PLEDGE_BASE_URL, never with the host that a request
claimed, and the sender of PLEDGE_MAIL_FROM. And the paths that the hot paths answer with: `url_for` would cost them more
than reading the token; a test holds them against it.
"""

from email.utils import formataddr, parseaddr
from urllib.parse import quote

from config import current_config


def confirm_path(lang: str, token: str) -> str:
    return f"/{lang}/confirm/{quote(token, safe='')}"


def check_path(lang: str, slug: str, ticket: str) -> str:
    """The page "check your mail" of a ticket."""
    return f"/{lang}/c/{slug}/check/{ticket}"


def confirm_link(lang: str, token: str) -> str:
    return f"{current_config().base_url}{confirm_path(lang, token)}"


def not_me_link(lang: str, token: str) -> str:
    return f"{confirm_link(lang, token)}/not-me"


def manage_link(lang: str, token: str) -> str:
    return f"{current_config().base_url}/{lang}/me/{token}"


def unsubscribe_link(lang: str, token: str) -> str:
    return f"{current_config().base_url}/{lang}/unsubscribe/{token}"


def campaign_link(lang: str, slug: str) -> str:
    return f"{current_config().base_url}/{lang}/c/{slug}"


def organization_link(lang: str, slug: str, endorsement_id: int) -> str:
    return f"{campaign_link(lang, slug)}/organizations/{endorsement_id}"


def endorse_confirm_link(lang: str, token: str) -> str:
    return f"{current_config().base_url}/{lang}/endorse/confirm/{token}"


def endorse_contact_link(lang: str, token: str) -> str:
    return f"{current_config().base_url}/{lang}/endorse/contact/{token}"


def endorse_manage_link(lang: str, token: str) -> str:
    return f"{current_config().base_url}/{lang}/endorse/me/{token}"


def contact() -> str:
    """Where people write to with questions."""
    return current_config().contact


def staff_link() -> str:
    return f"{current_config().base_url}/staff/"


def staff_invitation_link(token: str) -> str:
    return f"{current_config().base_url}/staff/invitation/{token}"


def host() -> str:
    """The name under which this site is known."""
    return current_config().base_host


def site_name(lang: str) -> str:
    """What this site is called."""
    return current_config().site_name_in(lang)


def imprint(lang: str) -> str:
    """Who writes, at the foot of every mail: the site and the address to write to."""
    return f"{site_name(lang)} · {contact()}"


def sender(lang: str) -> str:
    """The From header of our mails in a language; the site's name where PLEDGE_MAIL_FROM has none."""
    name, address = parseaddr(current_config().mail_from)
    return formataddr((name or site_name(lang), address))
