"""Editing a campaign: texts, pledge, partners, events, media."""

from pledge.web.staff.campaigns import events, list_terms, media, partners, pledge, texts, views

__all__ = ["events", "list_terms", "media", "partners", "pledge", "texts", "views"]  # each adds its views
