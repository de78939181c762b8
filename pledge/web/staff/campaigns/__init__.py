"""Editing a campaign: texts, pledge, partners, events, sister campaigns, media."""

from pledge.web.staff.campaigns import events, list_terms, media, partners, pledge, sisters, texts, views

__all__ = [
    "events",
    "list_terms",
    "media",
    "partners",
    "pledge",
    "sisters",
    "texts",
    "views",
]  # each adds its views
