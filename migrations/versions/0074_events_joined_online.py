"""Where people join an event online, and who speaks there."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db.migrations import add_column, replace_check

revision = "0074"
down_revision = "0070"
branch_labels = None
depends_on = None

_OTHERS = {
    "ck_campaign_events_has_title": "CAST(title AS TEXT) <> '{}'",
    "ck_campaign_events_ends_after_start": "ends_at > starts_at",
}


def upgrade() -> None:
    add_column("campaign_events", sa.Column("join_url", sa.String(300), server_default="", nullable=False))
    add_column("campaign_events", sa.Column("speakers", sa.JSON(), server_default="{}", nullable=False))
    replace_check(
        "campaign_events",
        "ck_campaign_events_join_url",
        "join_url = '' OR (is_online AND substr(join_url, 1, 8) = 'https://')",
        others=_OTHERS,
    )


def downgrade() -> None:
    kept = tuple(sa.CheckConstraint(rule, name=op.f(name)) for name, rule in _OTHERS.items())
    with op.batch_alter_table("campaign_events", table_args=kept) as table:
        table.drop_column("join_url")
        table.drop_column("speakers")
