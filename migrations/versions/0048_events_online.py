"""Whether people can take part in an event online."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("is_online", sa.Boolean(), server_default=sa.false(), nullable=False)
    op.add_column("campaign_events", column)


def downgrade() -> None:
    op.drop_column("campaign_events", "is_online")
