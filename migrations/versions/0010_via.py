"""Through whose link a signature came."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    migrations.add_column("signatures", sa.Column("via", sa.String(length=20), nullable=True))
    counted = "via IS NOT NULL AND state = 'confirmed'"
    migrations.create_index("ix_signatures_via", "signatures", ["campaign_id", "via"], where=counted)


def downgrade() -> None:
    op.drop_index("ix_signatures_via", table_name="signatures")
    op.drop_column("signatures", "via")
