"""System pages: overview, people, switches, audit log."""

from pledge.web.staff.system import audit, dashboard, people, switches

__all__ = ["audit", "dashboard", "people", "switches"]  # each adds its views
