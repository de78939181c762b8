"""System pages: people, switches, audit log."""

from pledge.web.staff.system import audit, people, switches

__all__ = ["audit", "people", "switches"]  # each adds its views
