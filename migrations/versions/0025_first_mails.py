"""mails to new addresses, and the valve before them"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0042"
branch_labels = None
depends_on = None

_KINDS_BEFORE = (
    *("confirm", "already", "manage", "delivered", "invalidated"),
    *("endorse_confirm", "endorse_already", "endorse_manage"),
    *("endorse_published", "endorse_changes", "endorse_declined", "endorse_contact", "endorse_handover"),
    *("staff_invitation", "staff_notice"),
)
_AWAITED_BEFORE = "state = 'queued' AND kind <> 'delivered'"
_FIRST_KINDS = "('confirm', 'endorse_confirm', 'endorse_contact')"
_AWAITED = f"state = 'queued' AND kind <> 'delivered' AND (known OR kind NOT IN {_FIRST_KINDS})"
_FIRST = f"state = 'queued' AND NOT known AND kind IN {_FIRST_KINDS}"


def upgrade() -> None:
    op.create_table(
        "mail_valves",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("used_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_mail_valves_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_valves")),
    )
    op.drop_index("ix_outbox_mails_due", "outbox_mails")
    with op.batch_alter_table("outbox_mails") as batch_op:
        batch_op.add_column(sa.Column("known", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.drop_constraint(op.f("ck_outbox_mails_kind"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_outbox_mails_kind"), _among((*_KINDS_BEFORE, "staff_valve"))
        )
    _index("ix_outbox_mails_due", _AWAITED)
    _index("ix_outbox_mails_first", _FIRST)


def downgrade() -> None:
    op.execute("DELETE FROM outbox_mails WHERE kind = 'staff_valve'")
    op.drop_index("ix_outbox_mails_first", "outbox_mails")
    op.drop_index("ix_outbox_mails_due", "outbox_mails")
    with op.batch_alter_table("outbox_mails") as batch_op:
        batch_op.drop_constraint(op.f("ck_outbox_mails_kind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_outbox_mails_kind"), _among(_KINDS_BEFORE))
        batch_op.drop_column("known")
    _index("ix_outbox_mails_due", _AWAITED_BEFORE)
    op.drop_table("mail_valves")


def _index(name: str, which: str) -> None:
    op.create_index(
        name, "outbox_mails", ["due_at"], postgresql_where=sa.text(which), sqlite_where=sa.text(which)
    )


def _among(kinds: tuple[str, ...]) -> str:
    return f"kind IN ({', '.join(map(repr, kinds))})"
