"""A signature is held for one of the reasons that the code gives."""

from alembic import op

from pledge.core.db import migrations

revision = "0092"
down_revision = "0091"
branch_labels = None
depends_on = None

_NAME = "ck_signatures_hold_reason"


def upgrade() -> None:
    rule = "hold_reason IN ('signals', 'blocked', 'speed', 'domains', 'size', 'staff')"
    migrations.replace_check("signatures", _NAME, rule)


def downgrade() -> None:
    with op.batch_alter_table("signatures") as batch:
        batch.drop_constraint(op.f(_NAME), type_="check")
