"""A report of what became of all sign-ups names the checkpoint that adds up to it, and how many wait beside that."""

import sqlalchemy as sa
from alembic import op

revision = "0111"
down_revision = "0108"
branch_labels = None
depends_on = None


def upgrade() -> None:
    waiting = sa.Column("waiting", sa.BigInteger(), server_default="0", nullable=False)
    op.add_column("integrity_reports", waiting)
    op.add_column("integrity_reports", sa.Column("log_size", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("integrity_reports", "log_size")
    op.drop_column("integrity_reports", "waiting")
