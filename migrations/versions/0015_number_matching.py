"""Which mail domains have a scanner for a mail server, and the number that is asked for where they do."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mail_servers",
        sa.Column("domain_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("scans", sa.Boolean(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("domain_hash", name=op.f("pk_mail_servers")),
    )
    op.add_column("signatures", sa.Column("match_tries", sa.Integer(), server_default="0", nullable=False))
    op.add_column("signatures", sa.Column("code_only_after", sa.Integer(), nullable=True))
    op.add_column(
        "endorsement_versions", sa.Column("match_tries", sa.Integer(), server_default="0", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("endorsement_versions", "match_tries")
    op.drop_column("signatures", "code_only_after")
    op.drop_column("signatures", "match_tries")
    op.drop_table("mail_servers")
