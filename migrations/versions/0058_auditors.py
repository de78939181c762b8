"""People of the staff have names, and there are auditors, who only read."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0058"
down_revision = "0052"
branch_labels = None
depends_on = None

_BEFORE = "role IN ('viewer', 'moderator', 'editor', 'exporter', 'admin')"
_NOW = "role IN ('viewer', 'moderator', 'editor', 'exporter', 'auditor', 'admin')"


def upgrade() -> None:
    migrations.add_column("staff", sa.Column("name", sa.String(60), server_default="", nullable=False))
    migrations.replace_check("staff_roles", "ck_staff_roles_role", _NOW)


def downgrade() -> None:
    op.execute("DELETE FROM staff_roles WHERE role = 'auditor'")
    migrations.replace_check("staff_roles", "ck_staff_roles_role", _BEFORE)
    op.drop_column("staff", "name")
