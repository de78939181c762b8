"""The screens of news."""

from pledge.web.staff.news import views

__all__ = ["views"]
