"""Mails that come back: what came back, which mailboxes get no mail any more, and which calls of the webhook were read.

On PostgreSQL the index is made without a lock, after the columns; interrupted, it can be run again.
"""

import sqlalchemy as sa
from alembic import op

from pledge.core.db.migrations import waiting_for_readers

revision = "0031"
down_revision = "0026"
branch_labels = None
depends_on = None

_INDEX = "ix_outbox_mails_returned"


def upgrade() -> None:
    _add(sa.Column("returned", sa.String(length=10), nullable=True))
    _add(sa.Column("returned_status", sa.String(length=9), nullable=True))
    op.create_table(
        "mail_suppressions",
        sa.Column("mailbox", sa.LargeBinary(length=10), nullable=False),
        sa.Column("reason", sa.String(length=10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason IN ('no_mailbox', 'complaint')", name=op.f("ck_mail_suppressions_reason")),
        sa.PrimaryKeyConstraint("mailbox", name=op.f("pk_mail_suppressions")),
        if_not_exists=True,
    )
    op.create_table(
        "mail_events",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_mail_events")),
        if_not_exists=True,
    )
    if op.get_bind().dialect.name == "postgresql":
        with op.get_context().autocommit_block(), waiting_for_readers():
            _make_index()
    else:
        _make_index()


def downgrade() -> None:
    op.drop_index(_INDEX, "outbox_mails", if_exists=True)
    op.drop_table("mail_events")
    op.drop_table("mail_suppressions")
    op.drop_column("outbox_mails", "returned_status")
    op.drop_column("outbox_mails", "returned")


def _add(column: sa.Column) -> None:
    op.add_column("outbox_mails", column, if_not_exists=op.get_bind().dialect.name == "postgresql")


def _make_index() -> None:
    # One that was interrupted is there, and not valid.
    op.drop_index(_INDEX, "outbox_mails", postgresql_concurrently=True, if_exists=True)
    where = sa.text("returned IS NOT NULL")
    op.create_index(
        _INDEX,
        "outbox_mails",
        ["created_at"],
        postgresql_concurrently=True,
        postgresql_where=where,
        sqlite_where=where,
    )
