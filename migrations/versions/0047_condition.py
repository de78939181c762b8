"""A bulk act is proposed by a condition, and the name of a mail domain is kept nowhere: its hash is enough."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

_CONDITION = (
    "network_hash IS NOT NULL OR wide_network_hash IS NOT NULL OR domain_hash IS NOT NULL"
    " OR signed_from IS NOT NULL OR signed_until IS NOT NULL OR faster_than IS NOT NULL"
)


def upgrade() -> None:
    invalidations = sa.table("invalidations", sa.column("state"))
    unconditional = sa.text(f"state = 'proposed' AND NOT ({_CONDITION})")
    op.execute(sa.update(invalidations).where(unconditional).values(state="discarded"))
    with op.batch_alter_table("invalidations") as table:
        table.drop_column("domain")
        table.create_check_constraint(
            op.f("ck_invalidations_has_condition"), f"state <> 'proposed' OR {_CONDITION}"
        )


def downgrade() -> None:
    with op.batch_alter_table("invalidations") as table:
        table.drop_constraint(op.f("ck_invalidations_has_condition"), type_="check")
        table.add_column(sa.Column("domain", sa.LargeBinary(), nullable=True))
