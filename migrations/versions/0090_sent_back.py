"""What somebody else sends back to its author says why, and the author is told."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0090"
down_revision = "0088"
branch_labels = None
depends_on = None

#: The state of what is sent back. Of paper it is the state alone: on SQLite a new check would make the table anew, and its
#: numbers could be given again.
_TABLES = {"news": "draft", "invalidations": "discarded"}
_COLUMN = "returned_why"
_BEFORE = (
    "kind IN ('valve_closed', 'breaker_open', 'sign_ups_held', 'domain_held', 'delivery_fell', 'step_reached',"
    " 'approval_waits', 'act_proposed', 'organization_waits', 'inbox_daily', 'count_differs')"
)
_NOW = _BEFORE.replace("'inbox_daily'", "'returned', 'inbox_daily'")


def upgrade() -> None:
    migrations.replace_check("alerts", "ck_alerts_kind", _NOW)
    for table, state in _TABLES.items():
        migrations.add_column(table, sa.Column(_COLUMN, sa.Text(), nullable=True))
        rule = f"{_COLUMN} IS NULL OR state = '{state}'"
        migrations.replace_check(table, f"ck_{table}_returned", rule)
    migrations.add_column("paper_batches", sa.Column(_COLUMN, sa.Text(), nullable=True))
    migrations.in_batches(
        "UPDATE paper_batches SET returned_why = signatures || ' ≠ ' || checked_signatures WHERE id IN"  # noqa: S608  # a constant
        f" (SELECT id FROM paper_batches WHERE state = 'disputed' AND returned_why IS NULL LIMIT {migrations.BATCH})"
    )


def downgrade() -> None:
    op.execute("DELETE FROM alerts WHERE kind = 'returned'")
    migrations.replace_check("alerts", "ck_alerts_kind", _BEFORE)
    for table in _TABLES:
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"ck_{table}_returned"), type_="check")
            batch.drop_column(_COLUMN)
    op.drop_column("paper_batches", _COLUMN)
