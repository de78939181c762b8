"""Editing a campaign: texts, pledge, partners, events, sister campaigns, media."""

from pledge.web.staff.campaigns import items, list_terms, media, pledge, texts, views

__all__ = [
    "items",
    "list_terms",
    "media",
    "pledge",
    "texts",
    "views",
]  # each adds its views
