"""Staff are told of approvals and organisations that wait, and once a day of all that does."""

from alembic import op

from pledge.core.db import migrations

revision = "0059"
down_revision = "0054"
branch_labels = None
depends_on = None

_BEFORE = (
    "kind IN ('valve_closed', 'breaker_open', 'sign_ups_held', 'domain_held', 'delivery_fell', 'step_reached',"
    " 'count_differs')"
)
_NEW = "'approval_waits', 'act_proposed', 'organization_waits', 'inbox_daily'"
_NOW = _BEFORE.replace("'count_differs'", f"{_NEW}, 'count_differs'")


def upgrade() -> None:
    migrations.replace_check("alerts", "ck_alerts_kind", _NOW)


def downgrade() -> None:
    op.execute(f"DELETE FROM alerts WHERE kind IN ({_NEW})")  # noqa: S608  # a constant
    migrations.replace_check("alerts", "ck_alerts_kind", _BEFORE)
