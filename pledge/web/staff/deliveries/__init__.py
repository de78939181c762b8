"""Freezing, handing over and exporting totals."""

from pledge.web.staff.deliveries import exports, name_lists, new, views

__all__ = ["exports", "name_lists", "new", "views"]  # each adds its views
