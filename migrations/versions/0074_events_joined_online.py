"""Where people join an event online, and who speaks there."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db.migrations import add_column, replace_check

revision = "0074"
down_revision = "0076"
branch_labels = None
depends_on = None

_CHECK = "ck_campaign_events_join_url"


def upgrade() -> None:
    add_column("campaign_events", sa.Column("join_url", sa.String(300), server_default="", nullable=False))
    add_column("campaign_events", sa.Column("speakers", sa.JSON(), server_default="{}", nullable=False))
    replace_check(
        "campaign_events", _CHECK, "join_url = '' OR (is_online AND substr(join_url, 1, 8) = 'https://')"
    )


def downgrade() -> None:
    with op.batch_alter_table("campaign_events") as table:
        table.drop_constraint(op.f(_CHECK), type_="check")
        table.drop_column("join_url")
        table.drop_column("speakers")
