"""The table of a campaign's texts goes, which migration 0085 left to the version before."""

import sqlalchemy as sa
from alembic import op

revision = "0091"
down_revision = "0090"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("campaign_texts")


def downgrade() -> None:
    # Nobody reads it; going down to before 0085 drops it and writes it anew from the campaigns.
    op.create_table("campaign_texts", sa.Column("campaign_id", sa.Integer(), primary_key=True))
