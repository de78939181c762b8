"""The screens of paper signatures."""

from pledge.web.staff.paper import views

__all__ = ["views"]
