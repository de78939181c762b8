"""A release may also allow what comes from its network or domain, which takes effect when the release is approved."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0089"
down_revision = "0085"
branch_labels = None
depends_on = None

_RULE = (
    "NOT allows OR (act = 'release' AND campaign_id IS NOT NULL AND"
    " (network_hash IS NOT NULL OR wide_network_hash IS NOT NULL OR domain_hash IS NOT NULL))"
)


def upgrade() -> None:
    column = sa.Column("allows", sa.Boolean(), nullable=False, server_default=sa.false())
    migrations.add_column("invalidations", column)
    migrations.replace_check("invalidations", "ck_invalidations_allows_an_origin", _RULE)


def downgrade() -> None:
    with op.batch_alter_table("invalidations") as batch:
        batch.drop_constraint(op.f("ck_invalidations_allows_an_origin"), type_="check")
        batch.drop_column("allows")
