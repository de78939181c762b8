"""Entries that were signed and that a restored backup lacks."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0120"
down_revision = "0119"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "log_losses",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("signed_size", sa.BigInteger(), nullable=False),
        sa.Column("signed_root", sa.String(length=44), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.String(length=44), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_log_losses_campaign_id_campaigns")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "number", name=op.f("pk_log_losses")),
        sa.UniqueConstraint(
            "campaign_id",
            "signed_size",
            "signed_root",
            name=op.f("uq_log_losses_campaign_id_signed_size_signed_root"),
        ),
    )
    is_loss = sa.Column("is_loss", sa.Boolean(), server_default=sa.false(), nullable=False)
    migrations.add_column("ledger_differences", is_loss)


def downgrade() -> None:
    op.drop_column("ledger_differences", "is_loss")
    op.drop_table("log_losses")
