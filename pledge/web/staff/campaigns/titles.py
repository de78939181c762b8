"""Titles of campaigns on the screens of the staff, in the reader's language."""

from flask import g

from pledge.campaigns import staff_queries
from pledge.core import i18n
from pledge.web.staff.blueprint import staff


@staff.app_template_global("campaign_titles")
def campaign_titles() -> dict[str, str]:
    """The title of every campaign by its slug, the newest first; read once for a request."""
    found: dict[str, str] | None = g.get("campaign_titles")
    if found is None:
        found = g.campaign_titles = staff_queries.titles(i18n.language())
    return found


@staff.app_template_global("campaign_title")
def campaign_title(slug: str) -> str:
    return campaign_titles().get(slug, slug)
