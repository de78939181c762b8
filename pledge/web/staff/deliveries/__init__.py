"""Freezing totals and handing them over."""

from pledge.web.staff.deliveries import new, views

__all__ = ["new", "views"]  # each adds its views
