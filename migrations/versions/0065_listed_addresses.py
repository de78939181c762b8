"""One address can be held or allowed too, by its keyed hash."""

from alembic import op

from pledge.core.db.migrations import replace_check

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None

_BEFORE = "kind IN ('network', 'wide_network', 'domain')"
_NOW = "kind IN ('network', 'wide_network', 'domain', 'address')"


def upgrade() -> None:
    replace_check("listed_origins", "ck_listed_origins_kind", _NOW)


def downgrade() -> None:
    op.execute("DELETE FROM listed_origins WHERE kind = 'address'")
    replace_check("listed_origins", "ck_listed_origins_kind", _BEFORE)
