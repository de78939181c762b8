"""Editing a campaign: texts, pledge, partners, events, sister campaigns, media; and what the links of partners brought."""

from pledge.web.staff.campaigns import (
    items,
    media,
    partner_import,
    texts,
    views,
)

__all__ = [
    "items",
    "media",
    "partner_import",
    "texts",
    "views",
]  # each adds its views
