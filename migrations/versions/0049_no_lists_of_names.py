"""Names never leave: lists of names go, with the terms that asked for them and the consents to those."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db.migrations import BATCH, add_column, create_index, drop_index, in_batches, replace_check

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

_AGREED = "list_terms_id IS NOT NULL"
#: As in 0001.
_TEXTS = sa.JSON()


def upgrade() -> None:
    # The row of a file stays until the worker has deleted the file; no export has the number 0.
    in_batches(f"""
        UPDATE delivery_jobs SET kind = 'export', subject_id = 0, state = 'gone'
         WHERE id IN (SELECT id FROM delivery_jobs WHERE kind = 'list' LIMIT {BATCH})""")  # noqa: S608  # only a constant is put into the text
    replace_check("delivery_jobs", "ck_delivery_jobs_kind", "kind IN ('pack', 'export')")
    drop_index("ix_signatures_listed", "signatures")
    op.drop_column("signatures", "list_terms_id")
    op.drop_table("named_lists")
    op.drop_table("list_terms")


def downgrade() -> None:
    op.create_table(
        "list_terms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("law", _TEXTS, nullable=False),
        sa.Column("recipient", _TEXTS, nullable=False),
        sa.Column("purpose", _TEXTS, nullable=False),
        sa.Column("keeping", _TEXTS, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "CAST(law AS TEXT) <> '{}' AND CAST(recipient AS TEXT) <> '{}' AND CAST(purpose AS TEXT) <> '{}' AND CAST(keeping AS TEXT) <> '{}'",
            name=op.f("ck_list_terms_has_texts"),
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_list_terms_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_terms")),
        sa.UniqueConstraint("campaign_id", "version", name=op.f("uq_list_terms_campaign_id_version")),
    )
    create_index("ix_list_terms_asked", "list_terms", ["campaign_id"], where="ended_at IS NULL", unique=True)
    op.create_table(
        "named_lists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("list_terms_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recipient_key", sa.String(length=120), nullable=False),
        sa.Column("watermark", sa.String(length=16), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("asked_name", sa.String(length=254), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_name", sa.String(length=254), server_default="", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_why", sa.Text(), server_default="", nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=True),
        sa.Column("unreadable", sa.BigInteger(), nullable=True),
        sa.Column("expired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('requested', 'approved', 'refused', 'retracted')", name=op.f("ck_named_lists_state")
        ),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'refused') OR (asked_by IS NOT NULL AND decided_by IS NOT NULL)",
            name=op.f("ck_named_lists_decided_by_somebody"),
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> asked_by", name=op.f("ck_named_lists_two_people")
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_named_lists_campaign_id")),
        sa.ForeignKeyConstraint(
            ["list_terms_id"], ["list_terms.id"], name=op.f("fk_named_lists_list_terms_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_named_lists")),
        sa.UniqueConstraint("watermark", name=op.f("uq_named_lists_watermark")),
    )
    add_column("signatures", sa.Column("list_terms_id", sa.Integer(), nullable=True))
    create_index("ix_signatures_listed", "signatures", ["campaign_id", "id"], where=_AGREED)
    replace_check("delivery_jobs", "ck_delivery_jobs_kind", "kind IN ('pack', 'export', 'list')")
