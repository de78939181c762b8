"""mails that say what staff have done for a person"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0030"
branch_labels = None
depends_on = None

_KINDS_BEFORE = (
    *("confirm", "already", "manage", "delivered", "invalidated"),
    *("endorse_confirm", "endorse_already", "endorse_manage"),
    *("endorse_published", "endorse_changes", "endorse_declined", "endorse_contact", "endorse_handover"),
    *("staff_invitation", "staff_notice", "staff_valve"),
)
_NEW = ("withdrawn", "erased", "unsubscribed")


def upgrade() -> None:
    op.create_table(
        "erasure_notices",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_notices")),
    )
    _allow((*_KINDS_BEFORE, *_NEW))


def downgrade() -> None:
    op.execute(f"DELETE FROM outbox_mails WHERE kind IN {_NEW!r}")  # noqa: S608  # constants of this module
    _allow(_KINDS_BEFORE)
    op.drop_table("erasure_notices")


def _allow(kinds: tuple[str, ...]) -> None:
    with op.batch_alter_table("outbox_mails") as batch_op:
        batch_op.drop_constraint(op.f("ck_outbox_mails_kind"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_outbox_mails_kind"), f"kind IN ({', '.join(map(repr, kinds))})"
        )
