"""Staff look after signatures and invalidations."""

from pledge.web.staff.signatures import dead_letters, invalidations, views

__all__ = ["dead_letters", "invalidations", "views"]  # each adds its views
