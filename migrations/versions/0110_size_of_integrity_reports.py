"""A report of what became of all sign-ups names the checkpoint that adds up to it, and how many wait beside that."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0110"
down_revision = "0109"
branch_labels = None
depends_on = None


def upgrade() -> None:
    waiting = sa.Column("waiting", sa.BigInteger(), server_default="0", nullable=False)
    migrations.add_column("integrity_reports", waiting)
    migrations.add_column("integrity_reports", sa.Column("log_size", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("integrity_reports", "log_size")
    op.drop_column("integrity_reports", "waiting")
