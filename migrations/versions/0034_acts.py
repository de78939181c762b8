"""Bulk acts besides invalidating: holding sign-ups, releasing and refusing held signatures."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_NEW = {
    "act": "act IN ('invalidate', 'hold', 'release', 'refuse')",
    "reason_to_take_out": "(act IN ('invalidate', 'refuse')) = (reason IS NOT NULL)",
}


def upgrade() -> None:
    with op.batch_alter_table("invalidations") as table:
        table.add_column(sa.Column("act", sa.String(length=10), server_default="invalidate", nullable=False))
        table.add_column(sa.Column("wide_network_hash", sa.LargeBinary(length=32), nullable=True))
        table.alter_column("reason", existing_type=sa.String(length=16), nullable=True)
        for name, condition in _NEW.items():
            table.create_check_constraint(op.f(f"ck_invalidations_{name}"), condition)


def downgrade() -> None:
    # The earlier version would take out of the count what these hold or release.
    op.execute(
        "UPDATE invalidations SET state = 'discarded' WHERE act <> 'invalidate' AND state IN ('proposed', 'applying', 'undoing')"
    )
    op.execute("UPDATE invalidations SET reason = 'other' WHERE reason IS NULL")
    with op.batch_alter_table("invalidations") as table:
        for name in _NEW:
            table.drop_constraint(op.f(f"ck_invalidations_{name}"), type_="check")
        table.alter_column("reason", existing_type=sa.String(length=16), nullable=False)
        table.drop_column("wide_network_hash")
        table.drop_column("act")
