"""Staff erase somebody a day after they were asked to, and the person can stop it from the mail.

That mail goes to the row that is still there, so the addresses kept for a mail afterwards go, with those mails.
"""

import sqlalchemy as sa
from alembic import op

from pledge.core.db.migrations import BATCH, add_column, create_index, drop_index, in_batches, replace_check

revision = "0064"
down_revision = "0066"
branch_labels = None
depends_on = None

_KINDS = (
    "kind IN ('confirm', 'already', 'manage', 'reminder', 'thanks', 'withdrawn_self', 'news', 'news_test', 'invalidated',"
    " 'withdrawn', '{erased}', 'unsubscribed', 'endorse_confirm', 'endorse_already', 'endorse_manage', 'endorse_published',"
    " 'endorse_changes', 'endorse_declined', 'endorse_contact', 'endorse_handover', 'staff_invitation', 'staff_notice',"
    " 'staff_alert')"
)


def _remove_mails(kind: str) -> None:
    in_batches(f"""
        DELETE FROM outbox_mails
         WHERE id IN (SELECT id FROM outbox_mails WHERE kind = '{kind}' LIMIT {BATCH})""")  # noqa: S608  # only constants are put into the text


def upgrade() -> None:
    _remove_mails("erased")
    replace_check("outbox_mails", "ck_outbox_mails_kind", _KINDS.format(erased="erasure"))
    add_column("signatures", sa.Column("erase_at", sa.DateTime(timezone=True), nullable=True))
    create_index("ix_signatures_to_erase", "signatures", ["erase_at"], where="erase_at IS NOT NULL")
    op.drop_table("erasure_notices")


def downgrade() -> None:
    op.create_table(
        "erasure_notices",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_notices")),
    )
    drop_index("ix_signatures_to_erase", "signatures")
    op.drop_column("signatures", "erase_at")
    _remove_mails("erasure")
    replace_check("outbox_mails", "ck_outbox_mails_kind", _KINDS.format(erased="erased"))
