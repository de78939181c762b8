"""Alerts to staff, by mail and webhook; what each member of staff wants to hear of; blocks of networks and domains.

On PostgreSQL the kinds of mails are checked without a lock on the outbox. Interrupted, it can be run again.
"""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_KINDS = "'confirm', 'already', 'manage', 'reminder', 'thanks', 'withdrawn_self', 'news', 'news_test', 'invalidated', 'withdrawn', 'erased', 'unsubscribed', 'endorse_confirm', 'endorse_already', 'endorse_manage', 'endorse_published', 'endorse_changes', 'endorse_declined', 'endorse_contact', 'endorse_handover', 'staff_invitation', 'staff_notice', '{last}'"


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("about", sa.String(length=80), server_default="", nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("call_state", sa.String(length=8), server_default="none", nullable=False),
        sa.Column("call_attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("call_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("call_error", sa.String(length=60), nullable=True),
        sa.CheckConstraint(
            "kind IN ('valve_closed', 'breaker_open', 'sign_ups_held', 'delivery_fell', 'step_reached')",
            name=op.f("ck_alerts_kind"),
        ),
        sa.CheckConstraint(
            "call_state IN ('none', 'queued', 'sent', 'dead')", name=op.f("ck_alerts_call_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        if_not_exists=True,
    )
    op.create_index("ix_alerts_kind", "alerts", ["kind", "about", "at"], if_not_exists=True)
    queued = sa.text("call_state = 'queued'")
    op.create_index(
        "ix_alerts_call",
        "alerts",
        ["call_due_at"],
        if_not_exists=True,
        postgresql_where=queued,
        sqlite_where=queued,
    )
    op.create_table(
        "blocks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("placed_name", sa.String(length=254), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_name", sa.String(length=254), nullable=True),
        sa.CheckConstraint("kind IN ('network', 'wide_network', 'domain')", name=op.f("ck_blocks_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blocks")),
        if_not_exists=True,
    )
    op.create_index("ix_blocks_until", "blocks", ["until"], if_not_exists=True)
    if _is_postgresql():
        op.add_column("staff", sa.Column("alerts", sa.JSON(), nullable=True), if_not_exists=True)
    else:
        op.add_column("staff", sa.Column("alerts", sa.JSON(), nullable=True))
    # What was about the valve alone is about an alert; of these there is none, so one that waits is dropped.
    _replace("staff_valve", "staff_alert")


def downgrade() -> None:
    op.execute("DELETE FROM outbox_mails WHERE kind = 'staff_alert'")
    _replace("staff_alert", "staff_valve")
    op.drop_column("staff", "alerts")
    op.drop_table("blocks")
    op.drop_table("alerts")


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _replace(gone: str, new: str) -> None:
    """Let outbox mails be of one kind instead of another, and those that are of it."""
    allowed = f"kind IN ({_KINDS.format(last=new)})"
    if _is_postgresql():
        with op.get_context().autocommit_block():
            op.drop_constraint(op.f("ck_outbox_mails_kind"), "outbox_mails", type_="check", if_exists=True)
        some = f"SELECT id FROM outbox_mails WHERE kind = '{gone}' LIMIT {migrations.BATCH}"  # noqa: S608  # only constants of this file are put into the text
        migrations.in_batches(f"UPDATE outbox_mails SET kind = '{new}', seq = 0 WHERE id IN ({some})")  # noqa: S608  # only constants of this file are put into the text
        migrations.replace_check("outbox_mails", "ck_outbox_mails_kind", allowed)
        return
    # SQLite makes the table anew, and knows its constraints only when they are named.
    state = sa.CheckConstraint(
        "state IN ('queued', 'sent', 'dropped', 'dead')", name=op.f("ck_outbox_mails_state")
    )
    with op.batch_alter_table("outbox_mails", table_args=[state], recreate="always"):
        pass
    op.execute(f"UPDATE outbox_mails SET kind = '{new}', seq = 0 WHERE kind = '{gone}'")  # noqa: S608  # constants of this file
    with op.batch_alter_table("outbox_mails", table_args=[state]) as table:
        table.create_check_constraint(op.f("ck_outbox_mails_kind"), allowed)
