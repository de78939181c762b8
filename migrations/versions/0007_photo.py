"""The photograph across a campaign's page."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("photo", sa.String(length=40), server_default="", nullable=False))
    op.add_column("campaigns", sa.Column("photo_alt", sa.JSON(), server_default="{}", nullable=False))
    op.add_column(
        "campaigns", sa.Column("photo_focus", sa.String(length=12), server_default="center", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("campaigns", "photo_focus")
    op.drop_column("campaigns", "photo_alt")
    op.drop_column("campaigns", "photo")
