"""what the desk looks up"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("outbox_mails") as batch_op:
        batch_op.create_index(
            "ix_outbox_mails_dead",
            ["id"],
            unique=False,
            postgresql_where=sa.text("state = 'dead'"),
            sqlite_where=sa.text("state = 'dead'"),
        )

    with op.batch_alter_table("ledger_entries") as batch_op:
        batch_op.create_index(
            "ix_ledger_entries_rare",
            ["occurred_at"],
            unique=False,
            postgresql_where=sa.text("reason <> 'confirmed'"),
            sqlite_where=sa.text("reason <> 'confirmed'"),
        )


def downgrade() -> None:
    with op.batch_alter_table("ledger_entries") as batch_op:
        batch_op.drop_index("ix_ledger_entries_rare")
    with op.batch_alter_table("outbox_mails") as batch_op:
        batch_op.drop_index("ix_outbox_mails_dead")
