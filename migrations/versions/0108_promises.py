"""What an organisation promises says against which year, for what, and where plan and report are."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0108"
down_revision = "0107"
branch_labels = None
depends_on = None

_TABLE = "endorsement_versions"
_LINKS = ("plan_url", "report_url")
_CHECKS = {
    **{
        name: f"{name} = '' OR substr({name}, 1, 7) = 'http://' OR substr({name}, 1, 8) = 'https://'"
        for name in _LINKS
    },
    "base_year": "base_year IS NULL OR base_year < interim_year",
    "scope": "scope IN ('own', 'energy', 'chain')",
}


def upgrade() -> None:
    migrations.add_column(_TABLE, sa.Column("base_year", sa.Integer(), nullable=True))
    migrations.add_column(_TABLE, sa.Column("scope", sa.String(6), nullable=True))
    for name in _LINKS:
        migrations.add_column(_TABLE, sa.Column(name, sa.String(300), server_default="", nullable=False))
    for name, rule in _CHECKS.items():
        migrations.replace_check(_TABLE, f"ck_{_TABLE}_{name}", rule)


def downgrade() -> None:
    with op.batch_alter_table(_TABLE) as batch:
        for name in _CHECKS:
            batch.drop_constraint(op.f(f"ck_{_TABLE}_{name}"), type_="check")
            batch.drop_column(name)
