"""Roles of staff and what each may do. The staff area asks for permissions, never for roles."""

from enum import StrEnum

from pledge.core.i18n import Phrase


class Role(StrEnum):
    VIEWER = "viewer"
    MODERATOR = "moderator"
    EDITOR = "editor"
    EXPORTER = "exporter"
    AUDITOR = "auditor"
    ADMIN = "admin"


LABELS = {
    Role.VIEWER: Phrase("role", "Viewer"),
    Role.MODERATOR: Phrase("role", "Moderator"),
    Role.EDITOR: Phrase("role", "Editor"),
    Role.EXPORTER: Phrase("role", "Exporter"),
    Role.AUDITOR: Phrase("role", "Auditor"),
    Role.ADMIN: Phrase("role", "Administrator"),
}
#: What each may do, in a few words.
DUTIES = {
    Role.VIEWER: Phrase("role", "sees the numbers"),
    Role.MODERATOR: Phrase("role", "reviews organisations, looks up and invalidates signatures"),
    Role.EDITOR: Phrase("role", "edits campaigns and their texts"),
    Role.EXPORTER: Phrase("role", "prepares deliveries and exports totals"),
    Role.AUDITOR: Phrase("role", "reads everything, changes nothing"),
    Role.ADMIN: Phrase("role", "may do all of this, and manages staff, settings and the audit log"),
}


class Permission(StrEnum):
    SEE_DASHBOARD = "see_dashboard"  #: the numbers and the charts
    REVIEW_ORGANIZATIONS = "review_organizations"
    LOOK_UP_SIGNATURES = "look_up_signatures"
    INVALIDATE = "invalidate"
    EDIT_CAMPAIGNS = "edit_campaigns"
    EXPORT = "export"
    RUN_MAIL = "run_mail"  #: dead letters and their retry
    SWITCH = "switch"  #: run-time switches
    MANAGE_STAFF = "manage_staff"
    READ_AUDIT = "read_audit"
    READ_ALL = "read_all"  #: every page without its buttons


GRANTS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.SEE_DASHBOARD}),
    Role.MODERATOR: frozenset(
        {
            Permission.SEE_DASHBOARD,
            Permission.REVIEW_ORGANIZATIONS,
            Permission.LOOK_UP_SIGNATURES,
            Permission.INVALIDATE,
        }
    ),
    Role.EDITOR: frozenset({Permission.SEE_DASHBOARD, Permission.EDIT_CAMPAIGNS}),
    Role.EXPORTER: frozenset({Permission.SEE_DASHBOARD, Permission.EXPORT}),
    Role.AUDITOR: frozenset({Permission.READ_ALL, Permission.READ_AUDIT}),
    Role.ADMIN: frozenset(Permission),
}
