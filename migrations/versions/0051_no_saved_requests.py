"""Forms of staff that wait for the second factor are carried by the page that asks for it, and no longer saved."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("staff_saved_requests")


def downgrade() -> None:
    op.create_table(
        "staff_saved_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["staff_sessions.id"],
            name=op.f("fk_staff_saved_requests_session_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_saved_requests_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_saved_requests")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_saved_requests_token_hash")),
    )
    for column in ("expires_at", "session_id", "staff_id"):
        name = op.f(f"ix_staff_saved_requests_{column}")
        op.create_index(name, "staff_saved_requests", [column], unique=False)
