"""Staff's work on signatures, invalidations and mails that were given up."""

from pledge.web.staff.signatures import dead_letters, invalidations, views

__all__ = ["dead_letters", "invalidations", "views"]  # each adds its views
