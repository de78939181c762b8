"""What is done at a step, who may sign, the day by which an answer is due, and news of a closing date that moved."""

import sqlalchemy as sa
from alembic import op

from pledge.core.db import migrations

revision = "0070"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    sentences = sa.Column("step_sentences", sa.JSON(), server_default="{}", nullable=False)
    migrations.add_column("campaigns", sentences)
    who = sa.Column("who_may_sign", sa.String(300), server_default="", nullable=False)
    migrations.add_column("campaign_texts", who)
    migrations.add_column("deliveries", sa.Column("answer_due", sa.Date(), nullable=True))
    migrations.replace_check(
        "deliveries",
        "ck_deliveries_answer_due_when_handed_over",
        "answer_due IS NULL OR handed_over_at IS NOT NULL",
    )
    moved = sa.Column("closing_moved", sa.Boolean(), server_default=sa.false(), nullable=False)
    migrations.add_column("news", moved)


def downgrade() -> None:
    with op.batch_alter_table("news") as batch:
        batch.drop_column("closing_moved")
    with op.batch_alter_table("deliveries") as batch:
        batch.drop_constraint(op.f("ck_deliveries_answer_due_when_handed_over"), type_="check")
        batch.drop_column("answer_due")
    with op.batch_alter_table("campaign_texts") as batch:
        batch.drop_column("who_may_sign")
    with op.batch_alter_table("campaigns") as batch:
        batch.drop_column("step_sentences")
