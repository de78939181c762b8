"""applications of organisations reach the worker sealed, and wait beside the endorsement until they are confirmed"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0041"
branch_labels = None
depends_on = None

_PEOPLE = "kind IN ('confirm', 'link')"
_ALL = "kind IN ('confirm', 'link', 'endorse', 'endorse_resend', 'endorse_link')"


def upgrade() -> None:
    _kinds(_ALL)
    with op.batch_alter_table("mail_requests") as batch_op:
        batch_op.add_column(sa.Column("payload", sa.LargeBinary(), nullable=True))
    with op.batch_alter_table("endorsement_versions") as batch_op:
        batch_op.add_column(sa.Column("applicant", sa.LargeBinary(), nullable=True))
    with op.batch_alter_table("endorsements") as batch_op:
        batch_op.drop_column("asked_at")


def downgrade() -> None:
    with op.batch_alter_table("endorsements") as batch_op:
        batch_op.add_column(sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE endorsements SET asked_at = submitted_at")
    with op.batch_alter_table("endorsements") as batch_op:
        batch_op.alter_column("asked_at", existing_type=sa.DateTime(timezone=True), nullable=False)
    with op.batch_alter_table("endorsement_versions") as batch_op:
        batch_op.drop_column("applicant")
    op.execute("DELETE FROM mail_requests WHERE kind NOT IN ('confirm', 'link')")
    with op.batch_alter_table("mail_requests") as batch_op:
        batch_op.drop_column("payload")
    _kinds(_PEOPLE)


def _kinds(condition: str) -> None:
    with op.batch_alter_table("mail_requests") as batch_op:
        batch_op.drop_constraint(op.f("ck_mail_requests_kind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_mail_requests_kind"), condition)
