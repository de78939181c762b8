"""A place that fits no signature is set aside; what the worker's hourly comparison finds is kept, and staff are told of it."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0043"
down_revision = "0040"
branch_labels = None
depends_on = None

_BEFORE = "kind IN ('valve_closed', 'breaker_open', 'sign_ups_held', 'delivery_fell', 'step_reached')"
_NOW = _BEFORE.replace(")", ", 'count_differs')")
_ASIDE = "set_aside IS NULL OR (set_aside IN ('no_cause', 'dismissed') AND size IS NULL)"


def upgrade() -> None:
    migrations.replace_check("alerts", "ck_alerts_kind", _NOW)
    op.create_table(
        "ledger_differences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_differences")),
        if_not_exists=True,
    )
    if op.get_bind().dialect.name == "sqlite":
        # Not by a copy of the table, which would lose its triggers.
        constraint = f"CONSTRAINT ck_ledger_places_set_aside CHECK ({_ASIDE})"
        op.execute(f"ALTER TABLE ledger_places ADD COLUMN set_aside VARCHAR(10) {constraint}")
    else:
        migrations.add_column("ledger_places", sa.Column("set_aside", sa.String(length=10), nullable=True))
        migrations.replace_check("ledger_places", "ck_ledger_places_set_aside", _ASIDE)
    migrations.create_index(
        "ix_ledger_places_waiting", "ledger_places", ["id"], where="size IS NULL AND set_aside IS NULL"
    )
    migrations.create_index("ix_ledger_places_subject", "ledger_places", ["subject_id"])
    migrations.create_index(
        "ix_ledger_places_set_aside", "ledger_places", ["campaign_id"], where="set_aside IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("DELETE FROM alerts WHERE kind = 'count_differs'")
    migrations.replace_check("alerts", "ck_alerts_kind", _BEFORE)
    op.drop_table("ledger_differences")
    for index in ("ix_ledger_places_set_aside", "ix_ledger_places_subject", "ix_ledger_places_waiting"):
        migrations.drop_index(index, "ledger_places")
    op.drop_column("ledger_places", "set_aside")
    migrations.create_index("ix_ledger_places_waiting", "ledger_places", ["id"], where="size IS NULL")
