"""A campaign may have its own steps on the way to its goal."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("goal_steps", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    op.drop_column("campaigns", "goal_steps")
