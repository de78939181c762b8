"""What became of the sign-ups of a campaign, as the worker read it last."""

import sqlalchemy as sa
from alembic import op

revision = "0068"
down_revision = "0065"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "integrity_reports",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("took", sa.Interval(), nullable=False),
        sa.Column("confirmed", sa.BigInteger(), nullable=False),
        sa.Column("submitted", sa.BigInteger(), nullable=True),
        sa.Column("uncounted", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_integrity_reports_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_integrity_reports")),
    )


def downgrade() -> None:
    op.drop_table("integrity_reports")
