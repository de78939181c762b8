"""Links to pages of this site as mails contain them, and its name."""

from typing import Any

from flask import url_for

from config import current_config


def public_url(endpoint: str, **values: Any) -> str:
    """The address of a page as everybody reaches it: it begins with PLEDGE_BASE_URL, whatever host a request named."""
    return current_config().base_url + url_for(endpoint, _external=False, **values)


def campaign_link(lang: str, slug: str) -> str:
    return public_url("public.campaign", lang=lang, slug=slug)


def contact() -> str:
    """Where people write to with questions."""
    return current_config().contact


def site_name(lang: str) -> str:
    """What this site is called."""
    return current_config().site_name_in(lang)


def imprint(lang: str) -> str:
    """The foot of every mail: the site, and where it is reached by letter, telephone and e-mail."""
    contact = current_config().contact_in(lang)
    return " · ".join((site_name(lang), contact.email, contact.telephone, contact.postal_address))
