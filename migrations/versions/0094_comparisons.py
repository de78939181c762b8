"""How far each log was compared, and an index by which the entries of organisations are found among those of people."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db.migrations import create_index, drop_index

revision = "0094"
down_revision = "0093"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index(
        "ix_ledger_entries_organization", "ledger_entries", ["campaign_id"], where="kind = 'organization'"
    )
    op.create_table(
        "ledger_comparisons",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sizes", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("in_full_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_comparisons")),
    )


def downgrade() -> None:
    op.drop_table("ledger_comparisons")
    drop_index("ix_ledger_entries_organization", "ledger_entries")
