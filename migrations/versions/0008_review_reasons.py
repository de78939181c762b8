"""review reasons"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "review_reasons",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("ko", sa.Text(), nullable=False),
        sa.Column("en", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('decline', 'changes', 'remove')", name=op.f("ck_review_reasons_kind")),
        sa.CheckConstraint("ko <> '' AND en <> ''", name=op.f("ck_review_reasons_both_languages")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_review_reasons")),
    )
    op.create_table(
        "review_visits",
        sa.Column("endorsement_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("staff_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=254), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["endorsement_id"],
            ["endorsements.id"],
            name=op.f("fk_review_visits_endorsement_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("endorsement_id", "staff_id", name=op.f("pk_review_visits")),
    )


def downgrade() -> None:
    op.drop_table("review_visits")
    op.drop_table("review_reasons")
