"""Batches of signatures on paper, their signed record, and their scans among the files."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "paper_batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("place", sa.JSON(), nullable=False),
        sa.Column("collected_on", sa.Date(), nullable=False),
        sa.Column("sheets", sa.Integer(), nullable=False),
        sa.Column("signatures", sa.Integer(), nullable=False),
        sa.Column("scan", sa.String(length=40), nullable=False),
        sa.Column("scan_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("counted_by", sa.Integer(), nullable=False),
        sa.Column("counted_name", sa.String(length=254), nullable=False),
        sa.Column("counted_at", _MOMENT, nullable=False),
        sa.Column("checked_by", sa.Integer(), nullable=True),
        sa.Column("checked_name", sa.String(length=254), server_default="", nullable=False),
        sa.Column("checked_at", _MOMENT, nullable=True),
        sa.Column("checked_signatures", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('counted', 'disputed', 'agreed', 'withdrawn')", name=op.f("ck_paper_batches_state")
        ),
        sa.CheckConstraint("CAST(place AS TEXT) <> '{}'", name=op.f("ck_paper_batches_has_place")),
        sa.CheckConstraint("sheets BETWEEN 1 AND 100000", name=op.f("ck_paper_batches_sheets")),
        sa.CheckConstraint("signatures BETWEEN 1 AND 1000000", name=op.f("ck_paper_batches_signatures")),
        sa.CheckConstraint(
            "checked_by IS NULL OR checked_by <> counted_by", name=op.f("ck_paper_batches_two_people")
        ),
        sa.CheckConstraint(
            "state NOT IN ('agreed', 'withdrawn') OR (checked_by IS NOT NULL AND checked_signatures = signatures)",
            name=op.f("ck_paper_batches_agreed_by_two"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_paper_batches_campaign_id_campaigns")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_batches")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_paper_batches_campaign", "paper_batches", ["campaign_id", "id"], unique=False)
    op.create_table(
        "paper_entries",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.CheckConstraint("change <> 0", name=op.f("ck_paper_entries_change")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["paper_batches.id"], name=op.f("fk_paper_entries_batch_id_paper_batches")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_paper_entries_campaign_id_campaigns")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "number", name=op.f("pk_paper_entries")),
        sa.UniqueConstraint("batch_id", "change", name=op.f("uq_paper_entries_batch_id_change")),
    )
    op.create_table(
        "paper_notes",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_paper_notes_campaign_id_campaigns")
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_paper_notes")),
    )
    _kinds("'picture', 'document', 'video', 'scan'")


def downgrade() -> None:
    op.execute("DELETE FROM stored_files WHERE kind = 'scan'")
    _kinds("'picture', 'document', 'video'")
    op.drop_table("paper_notes")
    op.drop_table("paper_entries")
    op.drop_index("ix_paper_batches_campaign", table_name="paper_batches")
    op.drop_table("paper_batches")


def _kinds(kinds: str) -> None:
    with op.batch_alter_table("stored_files") as table:
        table.drop_constraint(op.f("ck_stored_files_kind"), type_="check")
        table.create_check_constraint(op.f("ck_stored_files_kind"), f"kind IN ({kinds})")
