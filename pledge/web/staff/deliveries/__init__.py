"""Freezing, handing over and exporting totals."""

from pledge.web.staff.deliveries import exports, new, views

__all__ = ["exports", "new", "views"]  # each adds its views
