"""Sign-in of staff, enrolment of a second factor, and showing it again."""

from pledge.web.staff.auth import account, enrolment, invitation, passkeys, sign_in, verifying

__all__ = ["account", "enrolment", "invitation", "passkeys", "sign_in", "verifying"]  # each adds its views
