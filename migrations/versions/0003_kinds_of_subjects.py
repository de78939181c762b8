"""organizations in ledger and outbox; what invalidation needs"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MAIL_KINDS = (
    *("confirm", "already", "manage"),
    *("endorse_confirm", "endorse_already", "endorse_manage"),
    *("endorse_published", "endorse_changes", "endorse_declined"),
    *("staff_invitation", "staff_notice"),
)


def upgrade() -> None:
    with op.batch_alter_table("ledger_entries") as batch_op:
        batch_op.drop_index("ix_ledger_entries_signature")
        batch_op.alter_column("signature_id", new_column_name="subject_id")
        batch_op.alter_column("people_after", new_column_name="count_after")
        batch_op.drop_constraint(op.f("ck_ledger_entries_kind"), type_="check")
        batch_op.drop_constraint(op.f("ck_ledger_entries_reason"), type_="check")
        batch_op.create_check_constraint(op.f("ck_ledger_entries_kind"), "kind IN ('person', 'organization')")
        batch_op.create_check_constraint(
            op.f("ck_ledger_entries_reason"),
            "reason IN ('confirmed', 'withdrawn', 'invalidated', 'reinstated')",
        )
    with op.batch_alter_table("ledger_entries") as batch_op:
        batch_op.create_index("ix_ledger_entries_subject", ["subject_id"], unique=False)
    with op.batch_alter_table("ledger_heads") as batch_op:
        batch_op.add_column(sa.Column("organizations", sa.BigInteger(), server_default="0", nullable=False))
    with op.batch_alter_table("mail_allowances") as batch_op:
        batch_op.alter_column(
            "kind", existing_type=sa.String(10), type_=sa.String(20), existing_nullable=False
        )
    with op.batch_alter_table("outbox_mails") as batch_op:
        batch_op.drop_index("ix_outbox_mails_signature")
        batch_op.alter_column("signature_id", new_column_name="subject_id")
        batch_op.alter_column(
            "kind", existing_type=sa.String(10), type_=sa.String(20), existing_nullable=False
        )
        batch_op.drop_constraint(op.f("ck_outbox_mails_kind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_outbox_mails_kind"), _among("kind", _MAIL_KINDS))
    with op.batch_alter_table("outbox_mails") as batch_op:
        batch_op.create_index("ix_outbox_mails_subject", ["subject_id"], unique=False)
    with op.batch_alter_table("signatures") as batch_op:
        batch_op.add_column(sa.Column("invalidation_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("network_hash", sa.LargeBinary(32), nullable=True))
        batch_op.add_column(sa.Column("domain_hash", sa.LargeBinary(32), nullable=True))
        batch_op.add_column(sa.Column("mail_provider", sa.String(8), server_default="other", nullable=False))
        batch_op.alter_column(
            "state", existing_type=sa.String(10), type_=sa.String(12), existing_nullable=False
        )
        batch_op.drop_constraint(op.f("ck_signatures_state"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_signatures_state"), "state IN ('pending', 'confirmed', 'withdrawn', 'invalidated')"
        )
        batch_op.create_check_constraint(
            op.f("ck_signatures_invalidated_has_cause"),
            "(state = 'invalidated') = (invalidation_id IS NOT NULL)",
        )


def downgrade() -> None:
    with op.batch_alter_table("signatures") as batch_op:
        batch_op.drop_constraint(op.f("ck_signatures_invalidated_has_cause"), type_="check")
        batch_op.drop_constraint(op.f("ck_signatures_state"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_signatures_state"), "state IN ('pending', 'confirmed', 'withdrawn')"
        )
        batch_op.alter_column(
            "state", existing_type=sa.String(12), type_=sa.String(10), existing_nullable=False
        )
        for name in ("mail_provider", "domain_hash", "network_hash", "invalidation_id"):
            batch_op.drop_column(name)
    with op.batch_alter_table("outbox_mails") as batch_op:
        batch_op.drop_index("ix_outbox_mails_subject")
        batch_op.alter_column("subject_id", new_column_name="signature_id")
        batch_op.drop_constraint(op.f("ck_outbox_mails_kind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_outbox_mails_kind"), _among("kind", _MAIL_KINDS[:3]))
        batch_op.alter_column(
            "kind", existing_type=sa.String(20), type_=sa.String(10), existing_nullable=False
        )
    with op.batch_alter_table("outbox_mails") as batch_op:
        batch_op.create_index("ix_outbox_mails_signature", ["signature_id"], unique=False)
    with op.batch_alter_table("mail_allowances") as batch_op:
        batch_op.alter_column(
            "kind", existing_type=sa.String(20), type_=sa.String(10), existing_nullable=False
        )
    with op.batch_alter_table("ledger_heads") as batch_op:
        batch_op.drop_column("organizations")
    with op.batch_alter_table("ledger_entries") as batch_op:
        batch_op.drop_index("ix_ledger_entries_subject")
        batch_op.alter_column("count_after", new_column_name="people_after")
        batch_op.alter_column("subject_id", new_column_name="signature_id")
        batch_op.drop_constraint(op.f("ck_ledger_entries_reason"), type_="check")
        batch_op.drop_constraint(op.f("ck_ledger_entries_kind"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_ledger_entries_reason"), "reason IN ('confirmed', 'withdrawn')"
        )
        batch_op.create_check_constraint(op.f("ck_ledger_entries_kind"), "kind IN ('person')")
    with op.batch_alter_table("ledger_entries") as batch_op:
        batch_op.create_index("ix_ledger_entries_signature", ["signature_id"], unique=False)


def _among(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(map(repr, values))})"
