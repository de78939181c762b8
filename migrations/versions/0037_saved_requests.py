"""requests of staff that wait for their second factor or their sign-in, sealed (docs/adr/0083)"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staff_saved_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_saved_requests_staff_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["staff_sessions.id"],
            name=op.f("fk_staff_saved_requests_session_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_saved_requests")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_saved_requests_token_hash")),
    )
    with op.batch_alter_table("staff_saved_requests", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_saved_requests_staff_id"), ["staff_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_staff_saved_requests_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_staff_saved_requests_expires_at"), ["expires_at"], unique=False)


def downgrade() -> None:
    op.drop_table("staff_saved_requests")
