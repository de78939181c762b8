"""Sign-ups that were to be held and that staff have cleared."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_ACT = "act IN ('invalidate', 'hold', {more}'release', 'refuse')"


def upgrade() -> None:
    cleared = sa.Column("cleared", sa.Boolean(), server_default=sa.false(), nullable=False)
    migrations.add_column("signatures", cleared)
    _allow(_ACT.format(more="'clear', "))


def downgrade() -> None:
    # The earlier version knows no such act; what was cleared stays without a reason to be held.
    op.execute(
        "UPDATE invalidations SET state = 'discarded' WHERE act = 'clear' AND state IN ('proposed', 'applying')"
    )
    op.execute("UPDATE invalidations SET act = 'release' WHERE act = 'clear'")
    _allow(_ACT.format(more=""))
    op.drop_column("signatures", "cleared")


def _allow(acts: str) -> None:
    migrations.replace_check("invalidations", "ck_invalidations_act", acts)
