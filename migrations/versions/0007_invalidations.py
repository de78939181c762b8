"""invalidations; names hidden by staff; the mail that tells of an invalidation"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_MAIL_KINDS = (
    *("confirm", "already", "manage"),
    *("endorse_confirm", "endorse_already", "endorse_manage"),
    *("endorse_published", "endorse_changes", "endorse_declined", "endorse_contact", "endorse_handover"),
    *("staff_invitation", "staff_notice"),
)


def upgrade() -> None:
    op.create_table(
        "invalidations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("notify", sa.Boolean(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("network_hash", sa.LargeBinary(32), nullable=True),
        sa.Column("domain_hash", sa.LargeBinary(32), nullable=True),
        sa.Column("domain", sa.LargeBinary(), nullable=True),
        sa.Column("signed_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("faster_than", sa.Integer(), nullable=True),
        sa.Column("matched", sa.Integer(), nullable=False),
        sa.Column("applied", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reinstated", sa.Integer(), server_default="0", nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=True),
        sa.Column("proposed_name", sa.String(254), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Integer(), nullable=True),
        sa.Column("approved_name", sa.String(254), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_name", sa.String(254), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('proposed', 'applying', 'applied', 'discarded', 'undoing', 'undone')",
            name=op.f("ck_invalidations_state"),
        ),
        sa.CheckConstraint(
            "reason IN ('automated', 'disposable', 'duplicate', 'false_identity', 'other')",
            name=op.f("ck_invalidations_reason"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invalidations")),
    )
    op.create_table(
        "invalidation_targets",
        sa.Column("invalidation_id", sa.Integer(), nullable=False),
        sa.Column("signature_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invalidation_id"],
            ["invalidations.id"],
            name=op.f("fk_invalidation_targets_invalidation_id_invalidations"),
        ),
        sa.PrimaryKeyConstraint("invalidation_id", "signature_id", name=op.f("pk_invalidation_targets")),
    )
    with op.batch_alter_table("signatures") as batch_op:
        batch_op.add_column(sa.Column("name_hidden", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.create_index(
            "ix_signatures_invalidation",
            ["invalidation_id"],
            unique=False,
            postgresql_where=sa.text("invalidation_id IS NOT NULL"),
            sqlite_where=sa.text("invalidation_id IS NOT NULL"),
        )
    with op.batch_alter_table("outbox_mails") as batch_op:
        batch_op.drop_constraint(op.f("ck_outbox_mails_kind"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_outbox_mails_kind"), _among("kind", (*_MAIL_KINDS, "invalidated"))
        )


def downgrade() -> None:
    op.execute("DELETE FROM outbox_mails WHERE kind = 'invalidated'")
    with op.batch_alter_table("outbox_mails") as batch_op:
        batch_op.drop_constraint(op.f("ck_outbox_mails_kind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_outbox_mails_kind"), _among("kind", _MAIL_KINDS))
    with op.batch_alter_table("signatures") as batch_op:
        batch_op.drop_index("ix_signatures_invalidation")
        batch_op.drop_column("name_hidden")
    op.drop_table("invalidation_targets")
    op.drop_table("invalidations")


def _among(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(map(repr, values))})"
