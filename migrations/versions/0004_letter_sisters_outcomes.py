"""The letter as a page, sister campaigns, and what became of an event."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("letter_text", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("campaign_events", sa.Column("outcome", sa.JSON(), server_default="{}", nullable=False))
    op.create_table(
        "sister_campaigns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.JSON(), nullable=False),
        sa.Column("place", sa.JSON(), nullable=False),
        sa.Column("sentence", sa.JSON(), nullable=False),
        sa.Column("url", sa.String(length=300), nullable=False),
        sa.Column("logo", sa.String(length=40), server_default="", nullable=False),
        sa.CheckConstraint("CAST(name AS TEXT) <> '{}'", name=op.f("ck_sister_campaigns_has_name")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_sister_campaigns_campaign_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sister_campaigns")),
    )
    op.create_index(op.f("ix_sister_campaigns_campaign_id"), "sister_campaigns", ["campaign_id"])


def downgrade() -> None:
    op.drop_table("sister_campaigns")
    op.drop_column("campaign_events", "outcome")
    op.drop_column("campaigns", "letter_text")
