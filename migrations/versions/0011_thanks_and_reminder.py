"""Thanks, one reminder and a mail after withdrawing; where answers to a campaign's mails go."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_NEW_KINDS = "'reminder', 'thanks', 'withdrawn_self'"
_KINDS = "'confirm', 'already', 'manage', {new}'news', 'news_test', 'invalidated', 'withdrawn', 'erased', 'unsubscribed', 'endorse_confirm', 'endorse_already', 'endorse_manage', 'endorse_published', 'endorse_changes', 'endorse_declined', 'endorse_contact', 'endorse_handover', 'staff_invitation', 'staff_notice', 'staff_valve'"
_QUEUED = "state = 'queued' AND "


def upgrade() -> None:
    to_confirm = "('confirm', 'reminder', 'endorse_confirm', 'endorse_contact')"
    awaited = f"kind NOT IN ('news', 'thanks') AND (known OR kind NOT IN {to_confirm})"
    migrations.drop_index("ix_outbox_mails_news", "outbox_mails")
    _allow_kinds(f"{_NEW_KINDS}, ")
    _index("ix_outbox_mails_due", "outbox_mails", "due_at", _QUEUED + awaited)
    _index("ix_outbox_mails_first", "outbox_mails", "due_at", f"{_QUEUED}NOT known AND kind IN {to_confirm}")
    _index("ix_outbox_mails_last", "outbox_mails", "due_at", f"{_QUEUED}kind IN ('news', 'thanks')")
    reminded = sa.Column("reminded", sa.Boolean(), server_default=sa.false(), nullable=False)
    migrations.add_column("signatures", reminded)
    _index("ix_signatures_to_remind", "signatures", "submitted_at", "state = 'pending' AND NOT reminded")
    op.add_column(
        "campaigns", sa.Column("reply_to", sa.String(length=254), server_default="", nullable=False)
    )


def downgrade() -> None:
    migrations.drop_index("ix_outbox_mails_last", "outbox_mails")
    new = f"SELECT id FROM outbox_mails WHERE kind IN ({_NEW_KINDS}) LIMIT {migrations.BATCH}"  # noqa: S608  # only constants of this file are put into the text
    migrations.in_batches(f"DELETE FROM outbox_mails WHERE id IN ({new})")  # noqa: S608  # only constants of this file are put into the text
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
    migrations.replace_check(
        "outbox_mails",
        "ck_outbox_mails_kind",
        f"kind IN ({_KINDS.format(new=new)})",
    )


def _index(name: str, table: str, column: str, where: str) -> None:
    migrations.create_index(name, table, [column], where=where)
