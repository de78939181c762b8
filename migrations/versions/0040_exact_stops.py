"""Bounces stop mails to the exact address; the block set by "this was not me" is gone."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db.migrations import BATCH, in_batches

revision = "0040"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Keys of addresses without their tags cannot be turned into keys of the addresses that bounced.
    in_batches(
        f"DELETE FROM mail_suppressions WHERE mailbox IN (SELECT mailbox FROM mail_suppressions LIMIT {BATCH})"  # noqa: S608  # only a constant is put into the text
    )
    op.drop_table("mail_blocks")
    op.execute("ALTER TABLE mail_suppressions RENAME COLUMN mailbox TO address")
    op.add_column(
        "mail_suppressions", sa.Column("known", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("mail_suppressions", "known")
    op.execute("ALTER TABLE mail_suppressions RENAME COLUMN address TO mailbox")
    op.execute("DELETE FROM mail_suppressions")
    op.create_table(
        "mail_blocks",
        sa.Column("address_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_mail_blocks")),
    )
