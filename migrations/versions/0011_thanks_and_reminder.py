"""Thanks, one reminder and a mail after withdrawing; where answers to a campaign's mails go."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_NEW_KINDS = "'reminder', 'thanks', 'withdrawn_self'"
_KINDS = "'confirm', 'already', 'manage', {new}'news', 'news_test', 'invalidated', 'withdrawn', 'erased', 'unsubscribed', 'endorse_confirm', 'endorse_already', 'endorse_manage', 'endorse_published', 'endorse_changes', 'endorse_declined', 'endorse_contact', 'endorse_handover', 'staff_invitation', 'staff_notice', 'staff_valve'"
_QUEUED = "state = 'queued' AND "


def upgrade() -> None:
    op.add_column(
        "campaigns", sa.Column("reply_to", sa.String(length=254), server_default="", nullable=False)
    )
    op.add_column(
        "signatures", sa.Column("reminded", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    _index("ix_signatures_to_remind", "signatures", "submitted_at", "state = 'pending' AND NOT reminded")
    for name in ("ix_outbox_mails_due", "ix_outbox_mails_first", "ix_outbox_mails_news"):
        op.drop_index(name, table_name="outbox_mails")
    _allow_kinds(f"{_NEW_KINDS}, ")
    to_confirm = "('confirm', 'reminder', 'endorse_confirm', 'endorse_contact')"
    awaited = f"kind NOT IN ('news', 'thanks') AND (known OR kind NOT IN {to_confirm})"
    _index("ix_outbox_mails_due", "outbox_mails", "due_at", _QUEUED + awaited)
    _index("ix_outbox_mails_first", "outbox_mails", "due_at", f"{_QUEUED}NOT known AND kind IN {to_confirm}")
    _index("ix_outbox_mails_last", "outbox_mails", "due_at", f"{_QUEUED}kind IN ('news', 'thanks')")


def downgrade() -> None:
    for name in ("ix_outbox_mails_due", "ix_outbox_mails_first", "ix_outbox_mails_last"):
        op.drop_index(name, table_name="outbox_mails")
    op.execute(f"DELETE FROM outbox_mails WHERE kind IN ({_NEW_KINDS})")  # noqa: S608  # only constants of this file are put into the text
    _allow_kinds("")
    to_confirm = "('confirm', 'endorse_confirm', 'endorse_contact')"
    awaited = f"kind <> 'news' AND (known OR kind NOT IN {to_confirm})"
    _index("ix_outbox_mails_due", "outbox_mails", "due_at", _QUEUED + awaited)
    _index("ix_outbox_mails_first", "outbox_mails", "due_at", f"{_QUEUED}NOT known AND kind IN {to_confirm}")
    _index("ix_outbox_mails_news", "outbox_mails", "due_at", f"{_QUEUED}kind = 'news'")
    op.drop_index("ix_signatures_to_remind", table_name="signatures")
    op.drop_column("signatures", "reminded")
    op.drop_column("campaigns", "reply_to")


def _allow_kinds(new: str) -> None:
    # SQLite makes the table anew, and knows its constraints only when they are named.
    state = sa.CheckConstraint(
        "state IN ('queued', 'sent', 'dropped', 'dead')", name=op.f("ck_outbox_mails_state")
    )
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_outbox_mails_kind"), "outbox_mails", type_="check")
    with op.batch_alter_table("outbox_mails", table_args=[state]) as table:
        table.create_check_constraint(op.f("ck_outbox_mails_kind"), f"kind IN ({_KINDS.format(new=new)})")


def _index(name: str, table: str, column: str, where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, [column], postgresql_where=condition, sqlite_where=condition)
