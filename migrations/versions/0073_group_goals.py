"""Partners and organisations may set a goal for the link of their own."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0073"
down_revision = "0070"
branch_labels = None
depends_on = None

_TABLES = ("endorsements", "partners")
_RULE = "group_goal BETWEEN 10 AND 1000000"


def upgrade() -> None:
    for table in _TABLES:
        name = f"ck_{table}_group_goal"
        if op.get_bind().dialect.name == "postgresql":
            migrations.add_column(table, sa.Column("group_goal", sa.Integer(), nullable=True))
            migrations.replace_check(table, name, _RULE)
        else:  # with its rule, so that SQLite need not make the table anew
            op.execute(f"ALTER TABLE {table} ADD COLUMN group_goal INTEGER CONSTRAINT {name} CHECK ({_RULE})")


def downgrade() -> None:
    for table in _TABLES:
        op.drop_column(table, "group_goal")
