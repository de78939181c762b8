"""A campaign's sentence about the picture at the top of its page."""

import sqlalchemy as sa
from alembic import op

revision = "0102"
down_revision = "0099"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("picture_sentence", sa.JSON(), server_default="{}", nullable=False))


def downgrade() -> None:
    op.drop_column("campaigns", "picture_sentence")
