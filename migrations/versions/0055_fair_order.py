"""First mails go out in a fair order by domain and network; the breaker slows one of them alone, and proofs that nobody confirms.

On PostgreSQL the indexes are made without a lock, after the columns; interrupted, it can be run again.
"""

import sqlalchemy as sa
from alembic import op

from pledge.core.db.migrations import waiting_for_readers

revision = "0055"
down_revision = "0053"
branch_labels = None
depends_on = None

_FIRST = "NOT known AND kind IN ('confirm', 'reminder', 'endorse_confirm', 'endorse_contact')"
_QUEUED = f"state = 'queued' AND {_FIRST}"
_OLD = {"ix_outbox_mails_proved": (["due_at"], f"{_QUEUED} AND proved")}
_NEW = {
    "ix_outbox_mails_proved": (["suspicious", "turn_at"], f"{_QUEUED} AND proved"),
    "ix_outbox_mails_unproved": (["suspicious", "turn_at"], f"{_QUEUED} AND NOT proved"),
    "ix_outbox_mails_domain": (["domain_hash"], _QUEUED),
    "ix_outbox_mails_network": (["network_hash"], _QUEUED),
}


def upgrade() -> None:
    _add("outbox_mails", sa.Column("domain_hash", sa.LargeBinary(8)))
    _add("outbox_mails", sa.Column("network_hash", sa.LargeBinary(8)))
    _add("outbox_mails", sa.Column("suspicious", sa.Boolean(), server_default=sa.false(), nullable=False))
    _add("outbox_mails", sa.Column("turn_at", sa.DateTime(timezone=True)))
    _add(
        "mail_valves", sa.Column("proved_unanswered", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    _add("mail_valves", sa.Column("slow_group", sa.LargeBinary(8)))
    _add("mail_valves", sa.Column("slow_since", sa.DateTime(timezone=True)))
    op.execute(f"UPDATE outbox_mails SET turn_at = due_at WHERE {_QUEUED}")  # noqa: S608  # our own constants
    _replace(_NEW)


def downgrade() -> None:
    for name in _NEW:
        op.drop_index(name, "outbox_mails", if_exists=True)
    for column in ("slow_since", "slow_group", "proved_unanswered"):
        op.drop_column("mail_valves", column)
    for column in ("turn_at", "suspicious", "network_hash", "domain_hash"):
        op.drop_column("outbox_mails", column)
    _replace(_OLD)


def _add(table: str, column: sa.Column) -> None:
    op.add_column(table, column, if_not_exists=op.get_bind().dialect.name == "postgresql")


def _replace(indexes: dict[str, tuple[list[str], str]]) -> None:
    if op.get_bind().dialect.name == "postgresql":
        with op.get_context().autocommit_block(), waiting_for_readers():
            _make(indexes)
    else:
        _make(indexes)


def _make(indexes: dict[str, tuple[list[str], str]]) -> None:
    for name, (columns, condition) in indexes.items():
        # One that was interrupted is there, and not valid.
        op.drop_index(name, "outbox_mails", postgresql_concurrently=True, if_exists=True)
        where = sa.text(condition)
        op.create_index(
            name,
            "outbox_mails",
            columns,
            postgresql_concurrently=True,
            postgresql_where=where,
            sqlite_where=where,
        )
