"""Staff are told when the answer to a delivery is due."""

from alembic import op

from pledge.core.db import migrations

revision = "0096"
down_revision = "0094"
branch_labels = None
depends_on = None

_BEFORE = (
    "kind IN ('valve_closed', 'breaker_open', 'sign_ups_held', 'domain_held', 'delivery_fell', 'step_reached',"
    " 'approval_waits', 'act_proposed', 'organization_waits', 'returned', 'inbox_daily', 'count_differs')"
)
_NOW = _BEFORE.replace("'inbox_daily'", "'answer_due', 'inbox_daily'")


def upgrade() -> None:
    migrations.replace_check("alerts", "ck_alerts_kind", _NOW)


def downgrade() -> None:
    op.execute("DELETE FROM alerts WHERE kind = 'answer_due'")
    migrations.replace_check("alerts", "ck_alerts_kind", _BEFORE)
