"""First mails go out in a fair order by domain and network; the breaker slows one of them alone, and proofs that nobody confirms."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db.migrations import BATCH, add_column, create_index, drop_index, in_batches

revision = "0055"
down_revision = "0053"
branch_labels = None
depends_on = None

_FIRST = "NOT known AND kind IN ('confirm', 'reminder', 'endorse_confirm', 'endorse_contact')"
_QUEUED = f"state = 'queued' AND {_FIRST}"


def upgrade() -> None:
    add_column("outbox_mails", sa.Column("domain_hash", sa.LargeBinary(8)))
    add_column("outbox_mails", sa.Column("network_hash", sa.LargeBinary(8)))
    add_column(
        "outbox_mails", sa.Column("suspicious", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    add_column("outbox_mails", sa.Column("turn_at", sa.DateTime(timezone=True)))
    unanswered = sa.Column("proved_unanswered", sa.Boolean(), server_default=sa.false(), nullable=False)
    add_column("mail_valves", unanswered)
    add_column("mail_valves", sa.Column("slow_group", sa.LargeBinary(8)))
    add_column("mail_valves", sa.Column("slow_since", sa.DateTime(timezone=True)))
    in_batches(f"""UPDATE outbox_mails SET turn_at = due_at WHERE id IN
        (SELECT id FROM outbox_mails WHERE {_QUEUED} AND turn_at IS NULL LIMIT {BATCH})""")  # noqa: S608  # our own constants
    create_index(
        "ix_outbox_mails_proved", "outbox_mails", ["suspicious", "turn_at"], where=f"{_QUEUED} AND proved"
    )
    create_index(
        "ix_outbox_mails_unproved",
        "outbox_mails",
        ["suspicious", "turn_at"],
        where=f"{_QUEUED} AND NOT proved",
    )
    create_index("ix_outbox_mails_domain", "outbox_mails", ["domain_hash"], where=_QUEUED)
    create_index("ix_outbox_mails_network", "outbox_mails", ["network_hash"], where=_QUEUED)


def downgrade() -> None:
    for name in ("unproved", "domain", "network"):
        drop_index(f"ix_outbox_mails_{name}", "outbox_mails")
    create_index("ix_outbox_mails_proved", "outbox_mails", ["due_at"], where=f"{_QUEUED} AND proved")
    for column in ("slow_since", "slow_group", "proved_unanswered"):
        op.drop_column("mail_valves", column)
    for column in ("turn_at", "suspicious", "network_hash", "domain_hash"):
        op.drop_column("outbox_mails", column)
