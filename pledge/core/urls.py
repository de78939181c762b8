"""Absolute URLs of pages, the name of the site and its contact."""

from typing import Any

from flask import url_for

from config import current_config


def public_url(endpoint: str, **values: Any) -> str:
    """The absolute URL of a page. It begins with PLEDGE_BASE_URL, whatever host a request named."""
    return current_config().base_url + url_for(endpoint, _external=False, **values)


def campaign_link(lang: str, slug: str) -> str:
    return public_url("public.campaign", lang=lang, slug=slug)


def contact() -> str:
    """The address for questions."""
    return current_config().contact


def site_name(lang: str) -> str:
    """The name of this site."""
    return current_config().site_name_in(lang)


def imprint(lang: str) -> str:
    """The footer of every mail: the site with its postal address, telephone and e-mail."""
    contact = current_config().contact_in(lang)
    return " · ".join((site_name(lang), contact.email, contact.telephone, contact.postal_address))
