"""Who holds a case is told by the visits to it, and by nothing else."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0081"
down_revision = "0071"
branch_labels = None
depends_on = None


def upgrade() -> None:
    holds = sa.Column("holds", sa.Boolean(), server_default=sa.false(), nullable=False)
    migrations.add_column("review_visits", holds)
    op.drop_column("endorsements", "opened_by")
    op.drop_column("endorsements", "opened_at")


def downgrade() -> None:
    migrations.add_column("endorsements", sa.Column("opened_by", sa.Integer(), nullable=True))
    migrations.add_column("endorsements", sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_column("review_visits", "holds")
