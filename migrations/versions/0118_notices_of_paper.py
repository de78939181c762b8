"""A batch on paper counts by what the worker wrote, a day after it mailed whom the batch concerns."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0118"
down_revision = "0115"
branch_labels = None
depends_on = None

_BEFORE = (
    "kind IN ('valve_closed', 'breaker_open', 'sign_ups_held', 'domain_held', 'delivery_fell', 'step_reached',"
    " 'approval_waits', 'act_proposed', 'organization_waits', 'returned', 'answer_due', 'inbox_daily', 'count_differs')"
)
_NOW = _BEFORE.replace("'act_proposed'", "'paper_agreed', 'act_proposed'")


def upgrade() -> None:
    migrations.replace_check("alerts", "ck_alerts_kind", _NOW)
    op.create_table(
        "paper_notices",
        sa.Column("batch_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("signatures", sa.Integer(), nullable=False),
        sa.Column("scan_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_paper_notices")),
    )
    # What the log has already is as if it had been announced.
    op.execute("""
        INSERT INTO paper_notices (batch_id, signatures, scan_sha256, mailed_at, entry_id)
        SELECT batch.id, batch.signatures, batch.scan_sha256, batch.decided_at, MAX(entry.id)
          FROM paper_batches AS batch
               JOIN ledger_entries AS entry ON entry.subject_id = batch.id AND entry.kind = 'paper' AND entry.delta > 0
                AND entry.set_aside IS NULL
         WHERE batch.state IN ('agreed', 'withdrawn')
         GROUP BY batch.id, batch.signatures, batch.scan_sha256, batch.decided_at""")


def downgrade() -> None:
    op.execute("DELETE FROM alerts WHERE kind = 'paper_agreed'")
    migrations.replace_check("alerts", "ck_alerts_kind", _BEFORE)
    op.drop_table("paper_notices")
