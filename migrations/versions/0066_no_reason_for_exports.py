"""Lists that are public are taken out without a reason."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0066"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("exports", "reason")


def downgrade() -> None:
    migrations.add_column("exports", sa.Column("reason", sa.Text, server_default="", nullable=False))
