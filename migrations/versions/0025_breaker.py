"""The breaker of mails to new addresses: since when it is open, and which mails were asked for with proof of work.

On PostgreSQL the indexes are made without a lock, after the columns; interrupted, it can be run again.
"""

import sqlalchemy as sa
from alembic import op

from pledge.core.db.migrations import waiting_for_readers

revision = "0025"
down_revision = "0015"
branch_labels = None
depends_on = None

_FIRST = "NOT known AND kind IN ('confirm', 'reminder', 'endorse_confirm', 'endorse_contact')"
_INDEXES = {
    "ix_outbox_mails_proved": ("due_at", f"state = 'queued' AND {_FIRST} AND proved"),
    "ix_outbox_mails_asked": ("sent_at", f"state = 'sent' AND {_FIRST}"),
}


def upgrade() -> None:
    _add("outbox_mails", sa.Column("proved", sa.Boolean(), server_default=sa.false(), nullable=False))
    _add("mail_valves", sa.Column("breaker_opened_at", sa.DateTime(timezone=True), nullable=True))
    _add("mail_valves", sa.Column("floor_used_until", sa.DateTime(timezone=True), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        with op.get_context().autocommit_block(), waiting_for_readers():
            _make_indexes()
    else:
        _make_indexes()


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(name, "outbox_mails", if_exists=True)
    op.drop_column("mail_valves", "floor_used_until")
    op.drop_column("mail_valves", "breaker_opened_at")
    op.drop_column("outbox_mails", "proved")


def _add(table: str, column: sa.Column) -> None:
    op.add_column(table, column, if_not_exists=op.get_bind().dialect.name == "postgresql")


def _make_indexes() -> None:
    for name, (column, condition) in _INDEXES.items():
        # One that was interrupted is there, and not valid.
        op.drop_index(name, "outbox_mails", postgresql_concurrently=True, if_exists=True)
        where = sa.text(condition)
        op.create_index(
            name,
            "outbox_mails",
            [column],
            postgresql_concurrently=True,
            postgresql_where=where,
            sqlite_where=where,
        )
