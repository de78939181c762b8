"""Staff's work on signatures, invalidations and mails that were given up, and the watch over sign-ups."""

from pledge.web.staff.signatures import dead_letters, invalidations, views, watch

__all__ = ["dead_letters", "invalidations", "views", "watch"]  # each adds its views
