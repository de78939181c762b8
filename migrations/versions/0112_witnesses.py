"""What witnesses say of the logs, and the checkpoints that enough of them have cosigned."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db.types import BigKey

revision = "0112"
down_revision = "0110"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cosignatures",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("witness", sa.String(length=400), nullable=False),
        sa.Column("checkpoint_id", BigKey, nullable=True),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=False),
        sa.Column("other_size", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_cosignatures_campaign_id_campaigns")
        ),
        sa.ForeignKeyConstraint(
            ["checkpoint_id"], ["checkpoints.id"], name=op.f("fk_cosignatures_checkpoint_id_checkpoints")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "witness", name=op.f("pk_cosignatures")),
    )
    op.create_table(
        "witnessed_checkpoints",
        sa.Column("checkpoint_id", BigKey, autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_witnessed_checkpoints_campaign_id_campaigns")
        ),
        sa.ForeignKeyConstraint(
            ["checkpoint_id"],
            ["checkpoints.id"],
            name=op.f("fk_witnessed_checkpoints_checkpoint_id_checkpoints"),
        ),
        sa.PrimaryKeyConstraint("checkpoint_id", name=op.f("pk_witnessed_checkpoints")),
    )
    op.create_index(
        "ix_witnessed_checkpoints_campaign", "witnessed_checkpoints", ["campaign_id", "checkpoint_id"]
    )


def downgrade() -> None:
    op.drop_table("witnessed_checkpoints")
    op.drop_table("cosignatures")
