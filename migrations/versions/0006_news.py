"""News is written by staff, of whatever it is; that of a delivery was a kind of its own.

Let the news of a delivery that is being sent finish first: what still waits of it is deleted.
"""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TEXTS = sa.JSON()
_KINDS = "'confirm', 'already', 'manage', {news}, 'invalidated', 'withdrawn', 'erased', 'unsubscribed', 'endorse_confirm', 'endorse_already', 'endorse_manage', 'endorse_published', 'endorse_changes', 'endorse_declined', 'endorse_contact', 'endorse_handover', 'staff_invitation', 'staff_notice', 'staff_valve'"


def upgrade() -> None:
    _rename_kind("delivered", "news", "'news', 'news_test'")
    op.create_table(
        "news",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("title", _TEXTS, nullable=False),
        sa.Column("body", _TEXTS, nullable=False),
        sa.Column("milestone", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=True),
        sa.Column("proposed_name", sa.String(length=254), server_default="", nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Integer(), nullable=True),
        sa.Column("approved_name", sa.String(length=254), server_default="", nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("upto", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("mails", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> proposed_by", name=op.f("ck_news_two_people")
        ),
        sa.CheckConstraint("milestone > 0", name=op.f("ck_news_milestone")),
        sa.CheckConstraint(
            "state IN ('draft', 'proposed') OR (proposed_by IS NOT NULL AND approved_by IS NOT NULL)",
            name=op.f("ck_news_approved_by_somebody"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'proposed', 'approved', 'sending', 'sent', 'stopped')",
            name=op.f("ck_news_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('sending', 'sent', 'stopped') OR begun_at IS NOT NULL",
            name=op.f("ck_news_begun_has_time"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('sent', 'stopped') OR ended_at IS NOT NULL", name=op.f("ck_news_ended_has_time")
        ),
        sa.CheckConstraint(
            "CAST(title AS TEXT) <> '{}' AND CAST(body AS TEXT) <> '{}'", name=op.f("ck_news_has_texts")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_news_campaign_id_campaigns")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_news")),
    )
    op.create_index("ix_news_campaign", "news", ["campaign_id", "id"], unique=False)
    for column in ("announced_at", "announced_upto", "announced", "announcing_ended_at"):
        op.drop_column("deliveries", column)


def downgrade() -> None:
    _rename_kind("news", "delivered", "'delivered'")
    for column in (
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("announced_upto", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("announced", sa.Integer(), server_default="0", nullable=False),
        sa.Column("announcing_ended_at", sa.DateTime(timezone=True), nullable=True),
    ):
        op.add_column("deliveries", column)
    op.drop_index("ix_news_campaign", table_name="news")
    op.drop_table("news")


def _rename_kind(before: str, after: str, kinds: str) -> None:
    """The indexes name the kind in their conditions, so they are made anew; the constraint lists all kinds."""
    migrations.drop_index(f"uq_outbox_mails_{before}", "outbox_mails")
    old = f"SELECT id FROM outbox_mails WHERE kind IN ('{before}', 'news_test') LIMIT {migrations.BATCH}"  # noqa: S608  # only constants of this file are put into the text
    migrations.in_batches(f"DELETE FROM outbox_mails WHERE id IN ({old})")  # noqa: S608  # only constants of this file are put into the text
    migrations.replace_check(
        "outbox_mails",
        "ck_outbox_mails_kind",
        f"kind IN ({_KINDS.format(news=kinds)})",
    )
    first = "known OR kind NOT IN ('confirm', 'endorse_confirm', 'endorse_contact')"
    _index("ix_outbox_mails_due", ["due_at"], f"state = 'queued' AND kind <> '{after}' AND ({first})")
    _index("ix_outbox_mails_news", ["due_at"], f"state = 'queued' AND kind = '{after}'")
    _index(f"uq_outbox_mails_{after}", ["seq", "subject_id"], f"kind = '{after}'", unique=True)


def _index(name: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    migrations.create_index(name, "outbox_mails", columns, where=where, unique=unique)
