"""Reviewing endorsements."""

from pledge.web.staff.organizations import acts, reasons, views

__all__ = ["acts", "reasons", "views"]  # each adds its views
