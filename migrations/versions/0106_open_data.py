"""A file a day of what is public of a campaign is a third kind of job."""

from alembic import op

from pledge.core.db.migrations import replace_check

revision = "0106"
down_revision = "0105"
branch_labels = None
depends_on = None


def upgrade() -> None:
    replace_check("delivery_jobs", "ck_delivery_jobs_kind", "kind IN ('pack', 'export', 'data')")


def downgrade() -> None:
    """For development: the files stay in the storage, and nothing names them."""
    op.execute("DELETE FROM delivery_jobs WHERE kind = 'data'")
    replace_check("delivery_jobs", "ck_delivery_jobs_kind", "kind IN ('pack', 'export')")
