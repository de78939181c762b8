"""Mails that are past their retention period are found by an index, however many are kept."""

from pledge.core.db.migrations import create_index, drop_index

revision = "0093"
down_revision = "0092"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index("ix_outbox_mails_finished", "outbox_mails", ["due_at"], where="state <> 'queued'")


def downgrade() -> None:
    drop_index("ix_outbox_mails_finished", "outbox_mails")
