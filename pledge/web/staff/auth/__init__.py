"""Sign-in of staff, enrolment of a second factor, and showing it again."""

from pledge.web.staff.auth import account, factors, sign_in, step_up

__all__ = ["account", "factors", "sign_in", "step_up"]  # each adds its views
