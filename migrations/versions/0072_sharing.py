"""Staff write texts to share and a sentence of thanks, and give a campaign a short address for posters."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0072"
down_revision = "0074"
branch_labels = None
depends_on = None

_TEXTS = ("thanks", "share_texts")
_INDEX = "ix_campaigns_short_name"


def upgrade() -> None:
    migrations.add_column("campaigns", sa.Column("short_name", sa.String(60), nullable=True))
    for name in _TEXTS:
        migrations.add_column("campaigns", sa.Column(name, sa.JSON(), nullable=False, server_default="{}"))
    migrations.create_index(_INDEX, "campaigns", ["short_name"], unique=True)


def downgrade() -> None:
    op.drop_index(_INDEX, table_name="campaigns")
    with op.batch_alter_table("campaigns") as batch:
        for name in ("short_name", *_TEXTS):
            batch.drop_column(name)
