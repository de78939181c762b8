"""Who proposed and who decided has one name for news, batches on paper and invalidations."""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

_RENAMED = {
    "news": {f"approved_{fact}": f"decided_{fact}" for fact in ("by", "name", "at")},
    "paper_batches": {
        **{f"counted_{fact}": f"proposed_{fact}" for fact in ("by", "name", "at")},
        **{f"checked_{fact}": f"decided_{fact}" for fact in ("by", "name", "at")},
    },
    "invalidations": {f"approved_{fact}": f"decided_{fact}" for fact in ("by", "at")},
}


def upgrade() -> None:
    for table, names in _RENAMED.items():
        for old, new in names.items():
            op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    name = sa.Column("decided_name", sa.String(254), server_default="", nullable=False)
    op.add_column("invalidations", name)
    op.execute("UPDATE invalidations SET decided_name = approved_name WHERE approved_name IS NOT NULL")
    op.drop_column("invalidations", "approved_name")


def downgrade() -> None:
    op.add_column("invalidations", sa.Column("approved_name", sa.String(254), nullable=True))
    op.execute("UPDATE invalidations SET approved_name = decided_name WHERE decided_at IS NOT NULL")
    op.drop_column("invalidations", "decided_name")
    for table, names in _RENAMED.items():
        for old, new in names.items():
            op.execute(f"ALTER TABLE {table} RENAME COLUMN {new} TO {old}")
