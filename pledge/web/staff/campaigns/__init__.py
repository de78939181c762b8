"""Editing a campaign: texts, pledge, partners, events, sister campaigns, media; and what the links of partners brought."""

from pledge.web.staff.campaigns import (
    items,
    list_terms,
    media,
    partner_import,
    pledge,
    referrals,
    texts,
    views,
)

__all__ = [
    "items",
    "list_terms",
    "media",
    "partner_import",
    "pledge",
    "referrals",
    "texts",
    "views",
]  # each adds its views
