"""Mail servers are known for each host of addresses; a small domain with too many confirmations is held for one reason, not two.

The version before this one reads the table of mail servers until it is restarted, so it stays, and a later migration drops it.
"""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0086"
down_revision = "0089"
branch_labels = None
depends_on = None


def upgrade() -> None:
    some = f"SELECT id FROM signatures WHERE hold_reason = 'scattered' LIMIT {migrations.BATCH}"  # noqa: S608  # our own constants
    migrations.in_batches(f"UPDATE signatures SET hold_reason = 'size' WHERE id IN ({some})")  # noqa: S608
    op.create_table(
        "mail_hosts",
        sa.Column("host_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("domain_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("scans", sa.Boolean(), nullable=False),
        sa.Column("server_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("is_institution", sa.Boolean(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("host_hash", name=op.f("pk_mail_hosts")),
    )
    # Who signed before is still asked for a number; the hosts themselves are looked up again when mail goes there.
    op.execute(
        "INSERT INTO mail_hosts (host_hash, domain_hash, scans, is_institution, checked_at)"
        " SELECT domain_hash, domain_hash, scans, false, checked_at FROM mail_servers"
    )
    op.create_index("ix_mail_hosts_domain", "mail_hosts", ["domain_hash"])
    op.create_index("ix_mail_hosts_server", "mail_hosts", ["server_hash"])


def downgrade() -> None:
    op.drop_table("mail_hosts")
