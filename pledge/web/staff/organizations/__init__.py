"""Reviewing endorsements."""

from pledge.web.staff.organizations import views

__all__ = ["views"]  # each adds its views
