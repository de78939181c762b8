"""Through whose link a signature came."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("signatures", sa.Column("via", sa.String(length=20), nullable=True))
    counted = sa.text("via IS NOT NULL AND state = 'confirmed'")
    op.create_index(
        "ix_signatures_via",
        "signatures",
        ["campaign_id", "via"],
        postgresql_where=counted,
        sqlite_where=counted,
    )


def downgrade() -> None:
    op.drop_index("ix_signatures_via", table_name="signatures")
    op.drop_column("signatures", "via")
