"""Editing a campaign: its page, its partners and their links, its dates and events, its settings."""

from pledge.web.staff.campaigns import items, page, partner_import, views

__all__ = ["items", "page", "partner_import", "views"]  # each adds its views
