"""The watch counts the confirmed signatures of a small domain by an index."""

from pledge.core.db.migrations import create_index, drop_index

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None

_BEFORE = "confirmed_at IS NOT NULL AND mail_provider = 'other'"
_NOW = "state = 'confirmed' AND mail_provider = 'other'"


def upgrade() -> None:
    create_index("ix_signatures_small_confirmed", "signatures", ["confirmed_at"], where=_NOW)
    create_index("ix_signatures_small_domain", "signatures", ["domain_hash", "confirmed_at"], where=_NOW)


def downgrade() -> None:
    drop_index("ix_signatures_small_domain", "signatures")
    create_index("ix_signatures_small_confirmed", "signatures", ["confirmed_at"], where=_BEFORE)
