"""A block of mails is lifted by a link of the mail in which it was asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mail_blocks", sa.Column("subject_id", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("mail_blocks", "subject_id")
